package durability

import (
	"os"
	"path/filepath"
	"testing"

	"pylon/test/program"
)

// factsFile is part of the names of the files that the database of facts writes:
// itself and its write-ahead log. The log of frames has a file of its own, which
// need not be synced.
const factsFile = "pylon.db"

// TestNoAnswerBeforeSync traces the server's system calls while a station of each
// version charges: every answer to a transaction message leaves after the fsync or
// fdatasync of its commit. With `synchronous=OFF` the same observation finds that
// none does, which shows that it can see the difference.
func TestNoAnswerBeforeSync(t *testing.T) {
	binary := program.Build(t)
	tests := []struct {
		name string
		env  []string
		want bool
	}{
		{"every answer waits for the disk", nil, true},
		{"without syncs none does", []string{"PYLON_SQLITE_SYNCHRONOUS=off"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls, messages := traceCharging(t, program.Config{Binary: binary, Env: tt.env})
			for _, m := range messages {
				got, err := syncedBeforeAnswer(calls, m)
				if got != tt.want || err != nil {
					t.Errorf("%s %s: synced before its answer: got %t, %v, want %t", m.id, m.action, got, err, tt.want)
				}
			}
		})
	}
}

// traceCharging runs a server under the tracer, lets stations charge one after the
// other, and returns what the server did and the messages it answered.
func traceCharging(t *testing.T, config program.Config) ([]syscall, []message) {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	config.Data = t.TempDir()
	config.Tracer = tracer(trace)
	server := program.Start(t, config)
	var messages []message
	for _, s := range fleet(t, server, 2) {
		if err := s.connect(t.Context(), server); err != nil {
			t.Fatal(err)
		}
		for _, next := range []func() message{s.begin, s.measure, s.measure, s.end, s.begin, s.measure, s.end} {
			m := next()
			if err := s.send(m); err != nil {
				t.Fatal(err)
			}
			messages = append(messages, m)
		}
		s.socket.Close()
	}
	server.Stop(t) // in order, so that the tracer writes its file to the end
	file, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	calls, err := readTrace(file)
	if err != nil {
		t.Fatal(err)
	}
	return calls, messages
}
