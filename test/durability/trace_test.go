package durability

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// syscall is one system call of a traced program. Begin and end are places in the
// trace: a call that ends before another begins has an end below the other's begin.
type syscall struct {
	name       string
	file       string // the path or socket behind the first argument
	text       string // all arguments as the tracer writes them
	begin, end int
}

// tracer returns the command that traces what a program writes and syncs into a
// file, with all of its threads. 8 KiB of each write are kept: a page of the
// database is 4.
func tracer(file string) []string {
	return []string{
		"strace", "-f", "-ttt", "-y", "-s", "8192", "--seccomp-bpf",
		"-e", "trace=pwrite64,write,writev,fsync,fdatasync,sendto,sendmsg", "-o", file,
	}
}

var (
	wholeCall   = regexp.MustCompile(`^(\d+) +[\d.]+ (\w+)\(\d+<([^>]*)>(.*)$`)
	resumedCall = regexp.MustCompile(`^(\d+) +[\d.]+ <\.\.\. (\w+) resumed>`)
)

// readTrace reads what strace wrote. Calls that never ended are left out.
func readTrace(r io.Reader) ([]syscall, error) {
	var calls []syscall
	open := map[string]syscall{} // by thread
	lines := bufio.NewReader(r)
	for place := 1; ; place++ {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return calls, nil
		} else if err != nil {
			return nil, fmt.Errorf("read trace: %w", err)
		}
		line = strings.TrimSuffix(line, "\n")
		if match := resumedCall.FindStringSubmatch(line); match != nil {
			if call, ok := open[match[1]]; ok && call.name == match[2] {
				call.end = place
				calls = append(calls, call)
			}
			delete(open, match[1])
			continue
		}
		match := wholeCall.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		call := syscall{name: match[2], file: match[3], text: match[4], begin: place, end: place}
		if strings.HasSuffix(line, "<unfinished ...>") {
			open[match[1]] = call
			continue
		}
		calls = append(calls, call)
	}
}

// syncedBeforeAnswer reports whether a message was durable when its answer left: its
// time was written to a file of the database, that file was synced after, and the
// answer left after that. It is an error when the trace shows no answer or no row.
func syncedBeforeAnswer(calls []syscall, m message) (bool, error) {
	answer := slices.IndexFunc(calls, func(c syscall) bool {
		return c.writes() && strings.HasPrefix(c.file, "socket:") && strings.Contains(c.text, `[3,\"`+m.id+`\"`)
	})
	row := slices.IndexFunc(calls, func(c syscall) bool {
		return c.writes() && strings.Contains(c.file, factsFile) && strings.Contains(c.text, m.stamp)
	})
	switch {
	case answer < 0:
		return false, fmt.Errorf("%s %s: no answer in the trace", m.id, m.action)
	case row < 0:
		return false, fmt.Errorf("%s %s: no row with %s in the trace", m.id, m.action, m.stamp)
	}
	return slices.ContainsFunc(calls, func(c syscall) bool {
		return (c.name == "fsync" || c.name == "fdatasync") && c.file == calls[row].file &&
			c.begin > calls[row].end && c.end < calls[answer].begin
	}), nil
}

// writes reports whether the call hands bytes to a file or a socket.
func (c syscall) writes() bool {
	switch c.name {
	case "write", "pwrite64", "writev", "sendto", "sendmsg":
		return true
	}
	return false
}

// Lines of a trace, as strace writes them.
const (
	rowWritten    = `7 1700000000.000001 pwrite64(5</d/pylon.db-wal>, "\r\0stamp-1\0", 4096, 32) = 4096`
	otherWritten  = `7 1700000000.000001 pwrite64(5</d/pylon.db-wal>, "\r\0stamp-2\0", 4096, 32) = 4096`
	synced        = `7 1700000000.000002 fdatasync(5</d/pylon.db-wal>) = 0`
	otherSynced   = `7 1700000000.000002 fdatasync(6</d/frames.db-wal>) = 0`
	syncBegins    = `7 1700000000.000002 fdatasync(5</d/pylon.db-wal> <unfinished ...>`
	syncEnds      = `7 1700000000.000004 <... fdatasync resumed>) = 0`
	answerLeaves  = `8 1700000000.000003 write(9<socket:[42]>, "\201\"[3,\"m-1\",{}]", 36) = 36`
	anotherAnswer = `8 1700000000.000003 write(9<socket:[42]>, "\201\"[3,\"m-2\",{}]", 36) = 36`
)

func TestSyncedBeforeAnswer(t *testing.T) {
	tests := []struct {
		name  string
		trace []string
		want  bool
		err   string // "" for none
	}{
		{name: "written, synced, answered", trace: []string{rowWritten, synced, answerLeaves}, want: true},
		{name: "the sync takes its time", trace: []string{rowWritten, syncBegins, anotherAnswer, syncEnds, answerLeaves}, want: true},
		{name: "never synced", trace: []string{rowWritten, answerLeaves}},
		{name: "synced too late", trace: []string{rowWritten, answerLeaves, synced}},
		{name: "answered during the sync", trace: []string{rowWritten, syncBegins, answerLeaves, syncEnds}},
		{name: "synced before it was written", trace: []string{synced, rowWritten, answerLeaves}},
		{name: "another file was synced", trace: []string{rowWritten, otherSynced, answerLeaves}},
		{name: "written too late", trace: []string{answerLeaves, rowWritten, synced}},
		{name: "another row was written", trace: []string{otherWritten, synced, answerLeaves}, err: "no row"},
		{name: "never answered", trace: []string{rowWritten, synced, anotherAnswer}, err: "no answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls, err := readTrace(strings.NewReader(strings.Join(tt.trace, "\n") + "\n"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := syncedBeforeAnswer(calls, message{id: "m-1", action: "StopTransaction", stamp: "stamp-1"})
			if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %t, %v, want %t, %q", got, err, tt.want, tt.err)
			}
		})
	}
}
