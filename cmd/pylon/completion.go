package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints what a shell has to read. The words themselves come from the
// program: see [completeCmd].
func (c *completionCmd) Run(to terminal) error {
	script := map[string]string{
		"bash": `_pylon() {
  local IFS=$'\n'
  COMPREPLY=($(compgen -W "$(pylon complete -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _pylon pylon
`,
		"zsh": `#compdef pylon
_pylon() {
  local -a candidates
  candidates=(${(f)"$(pylon complete -- ${words[2,CURRENT-1]} 2>/dev/null)"})
  compadd -a candidates || _files
}
compdef _pylon pylon
`,
		"fish": `complete -c pylon -a '(pylon complete -- (commandline -opc)[2..] 2>/dev/null)'
`,
	}[c.Shell]
	_, err := io.WriteString(to.out, script)
	return err
}

// completeCmd is what shells ask.
type completeCmd struct {
	Words []string `arg:"" optional:"" passthrough:""`
}

// Run prints the words that can follow those given, one a line.
func (c *completeCmd) Run(_ context.Context, k *kong.Kong, to terminal) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	for _, word := range following(k.Model.Node, words) {
		if _, err := fmt.Fprintln(to.out, word); err != nil {
			return err
		}
	}
	return nil
}

// following returns the words that can follow others on the command line: the
// values of a flag, or the commands and flags of the command that they name.
func following(node *kong.Node, words []string) []string {
	for _, word := range words {
		for _, child := range node.Children {
			if child.Name == word {
				node = child
			}
		}
	}
	var out []string
	for _, child := range node.Children {
		if !child.Hidden {
			out = append(out, child.Name)
		}
	}
	for at := node; at != nil; at = at.Parent {
		for _, f := range at.Flags {
			if len(words) > 0 && !f.IsBool() && named(f, words[len(words)-1]) {
				return values(f)
			}
			if shown(f, node) {
				out = append(out, "--"+f.Name)
			}
		}
	}
	return out
}

func named(f *kong.Flag, word string) bool {
	return word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short)
}

// values are the words that a flag takes; nil when they are anybody's.
func values(f *kong.Flag) []string {
	var words []string
	for word := range strings.SplitSeq(f.Enum, ",") {
		if word != "" {
			words = append(words, word)
		}
	}
	return words
}
