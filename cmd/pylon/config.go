package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

const envPrefix = "PYLON_"

// notSettings are PYLON_ variables that are no setting of the server: the
// command line's own, and where our tests find their material.
var notSettings = []string{"PYLON_CONFIG", "PYLON_SHARED", "PYLON_SERVER", "PYLON_API_KEY", "PYLON_API_KEY_FILE", "PYLON_CONTEXT"}

// settings are what environment and file say, for flags that the command line
// does not give. What is wrong with them is said to the commands that have
// settings: help and version work all the same.
type settings struct {
	values *koanf.Koanf
	flags  map[*kong.Flag]bool // those that are settings
	err    error
}

// loadSettings reads pylon.toml (path, or the first that is found in the usual
// places) and the environment over it; an empty variable says nothing. A key
// that is no setting is an error that names the nearest one.
func loadSettings(path string, environ []string, flags map[*kong.Flag]bool) settings {
	var known []string
	for f := range flags {
		known = append(known, f.Name)
	}
	values, err := readSettings(path, environ, known)
	return settings{values, flags, err}
}

func readSettings(path string, environ []string, known []string) (*koanf.Koanf, error) {
	k := koanf.New(".")
	if path == "" {
		path = findConfig()
	}
	if path != "" {
		if err := k.Load(file.Provider(path), toml.Parser()); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err := refuseUnknown(k.Keys(), known, path); err != nil {
			return nil, err
		}
	}
	fromEnv := koanf.New(".")
	err := fromEnv.Load(env.Provider(".", env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			if value == "" || slices.Contains(notSettings, name) {
				return "", nil
			}
			return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, envPrefix)), "_", "-"), value
		},
	}), nil)
	if err != nil {
		return nil, fmt.Errorf("environment: %w", err)
	}
	if err := refuseUnknown(fromEnv.Keys(), known, "environment"); err != nil {
		return nil, err
	}
	return k, k.Merge(fromEnv)
}

func findConfig() string {
	places := []string{"pylon.toml"}
	if dir, err := os.UserConfigDir(); err == nil {
		places = append(places, filepath.Join(dir, "pylon", "pylon.toml"))
	}
	places = append(places, "/etc/pylon/pylon.toml")
	for _, p := range places {
		if _, err := os.Stat(p); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return p
		}
	}
	return ""
}

func refuseUnknown(keys, known []string, where string) error {
	for _, key := range keys {
		if slices.Contains(known, strings.ReplaceAll(key, "_", "-")) {
			continue
		}
		msg := fmt.Sprintf("%s: %q is no setting", where, key)
		if near := nearest(key, known); near != "" {
			msg += fmt.Sprintf("; did you mean %q?", near)
		}
		return errors.New(msg)
	}
	return nil
}

// nearest returns the word with the smallest edit distance to key, "" when
// none is near.
func nearest(key string, words []string) string {
	const near = 3
	best, at := near+1, ""
	for _, w := range words {
		if d := distance(key, w); d < best {
			best, at = d, w
		}
	}
	return at
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// Validate implements [kong.Resolver].
func (settings) Validate(*kong.Application) error { return nil }

// Resolve implements [kong.Resolver].
func (s settings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if !s.flags[flag] {
		return nil, nil
	}
	if s.err != nil {
		return nil, s.err
	}
	for _, key := range []string{flag.Name, strings.ReplaceAll(flag.Name, "-", "_")} {
		if s.values.Exists(key) {
			return s.values.Get(key), nil
		}
	}
	return nil, nil
}

// configPath returns what --config or PYLON_CONFIG says. It is needed before
// the command line is parsed, because the file holds defaults of its flags.
func configPath(args, environ []string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--config="); ok {
			return value
		}
		if arg == "--config" && i+1 < len(args) {
			return args[i+1]
		}
	}
	for _, pair := range environ {
		if value, ok := strings.CutPrefix(pair, "PYLON_CONFIG="); ok {
			return value
		}
	}
	return ""
}

// settingFlags returns the flags that can stand in the file and the
// environment: those of the commands that are servers, and the same of those
// that work on a server's data.
func settingFlags(root *kong.Node) map[*kong.Flag]bool {
	flags, names := map[*kong.Flag]bool{}, map[string]bool{}
	for _, command := range root.Children {
		if !slices.Contains(servers(), command.Name) {
			continue
		}
		for _, f := range command.Flags {
			flags[f] = f.Name != "help"
			names[f.Name] = flags[f]
		}
	}
	for _, command := range root.Children {
		if !slices.Contains([]string{"backup", "restore", "ledger"}, command.Name) { // which read the database that serve writes
			continue
		}
		for _, node := range append(command.Children, command) {
			for _, f := range node.Flags {
				if names[f.Name] {
					flags[f] = true
				}
			}
		}
	}
	return flags
}
