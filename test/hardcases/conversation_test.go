// Package hardcases holds what goes wrong in the field against the whole
// program: real sockets, a real database, the real API, and a clock that the
// test moves. Each case is a conversation per OCPP version (testdata) and, where
// the simulator can do the same, a test with a simulated station.
//
// A conversation is a file in the form of txtar. Its first line names the case;
// the paragraph that begins with "Pylon:" says what Pylon does. Then:
//
//	-- given --
//	station CP1 {"name":"value"}    a station, with fields of the API
//	token 04A1B2C3 {"name":"value"} a token
//	$ POST /path {…}                anything else
//	-- talk --
//	! connect 1.6      the station connects
//	! cut              its socket ends without a farewell
//	> frame            it says something; what answers it follows as "< frame"
//	< frame            Pylon says something by itself
//	@ +2h30m           time passes
//	@ 09:30            time passes until then
//	$ POST /path {…}   an operator does something; the answer follows as "= 202 …"
//	~ /path text       wait until the API's answer there holds the text
//	* 100              say what follows, up to "*", so often; {n} counts
//	# words            an explanation
//	-- sessions --     what there is in the end, and what happened
//	-- findings --
//	-- events --
//	-- connectors --   only where it matters
//
// Times are the conversation's: it begins on 2100-05-03 at 08:00, each line that
// somebody says takes a second, and nothing else moves the clock. {now} in a
// frame is that time. What differs in each run has a name: identifiers are $ses1,
// $cmd1 and so on, by their order, and $rem1 is a remote start's.
//
// With -update, what is heard and found is written into the files.
package hardcases

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is heard and found into the conversations")

// conversation is one file.
type conversation struct {
	comment  string
	sections []section
}

type section struct {
	name  string
	lines []string
}

func parse(text string) conversation {
	var c conversation
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		if name, ok := strings.CutPrefix(line, "-- "); ok && strings.HasSuffix(name, " --") {
			c.sections = append(c.sections, section{name: strings.TrimSuffix(name, " --")})
			continue
		}
		if len(c.sections) == 0 {
			c.comment += line + "\n"
			continue
		}
		last := &c.sections[len(c.sections)-1]
		last.lines = append(last.lines, line)
	}
	return c
}

func (c *conversation) String() string {
	var b strings.Builder
	b.WriteString(c.comment)
	for _, s := range c.sections {
		b.WriteString("-- " + s.name + " --\n")
		for _, l := range s.lines {
			b.WriteString(l + "\n")
		}
	}
	return b.String()
}

// section returns the lines of a section; false when there is none.
func (c *conversation) section(name string) ([]string, bool) {
	for _, s := range c.sections {
		if s.name == name {
			return s.lines, true
		}
	}
	return nil, false
}

func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := parse(string(text))
			got := hold(t, want)
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			compare(t, got, want)
		})
	}
}

// compare tells how a conversation went otherwise than it should, section by
// section.
func compare(t *testing.T, got, want conversation) {
	t.Helper()
	for _, w := range want.sections {
		g, ok := got.section(w.name)
		if !ok {
			t.Errorf("there is no section %q", w.name)
		}
		if diff := difference(g, w.lines); diff != "" {
			t.Errorf("%s:\n%s", w.name, diff)
		}
	}
	if len(got.sections) != len(want.sections) {
		t.Errorf("%d sections, want %d", len(want.sections), len(got.sections))
	}
}

// difference shows lines that were got (+) and wanted (-) from the first that
// differs to the last; "" when there is none.
func difference(got, want []string) string {
	for len(got) > 0 && len(want) > 0 && got[0] == want[0] {
		got, want = got[1:], want[1:]
	}
	for len(got) > 0 && len(want) > 0 && got[len(got)-1] == want[len(want)-1] {
		got, want = got[:len(got)-1], want[:len(want)-1]
	}
	var b strings.Builder
	for _, l := range want {
		b.WriteString("- " + l + "\n")
	}
	for _, l := range got {
		b.WriteString("+ " + l + "\n")
	}
	return b.String()
}
