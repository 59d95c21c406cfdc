package framelog

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
)

// crashPath tells the process that will be killed which log to write.
const crashPath = "FRAMELOG_CRASH_PATH"

// A process that is killed while it writes leaves a log that opens, with every
// frame up to some moment of its last second, and none after.
func TestKill(t *testing.T) {
	if path := os.Getenv(crashPath); path != "" {
		writeUntilKilled(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "frames.db")
	for round := range 3 {
		station := testStation(round)
		lines := 1500 + 200*round // a line a millisecond: the kill falls at another moment each time
		appended, last := runAndKill(t, path, station, lines)

		log, err := Open(t.Context(), Options{Path: path, Clock: clock.System{}})
		if err != nil {
			t.Fatal(err)
		}
		var check string
		if err := log.disk.reader.QueryRow(`PRAGMA integrity_check`).Scan(&check); err != nil || check != "ok" {
			t.Errorf("the file is not whole: %s, %v", check, err)
		}
		got := all(t, log, station, Filter{}, 500)
		for i, r := range got {
			if r.MessageID != fmt.Sprint(i) || len(r.Data) != 1024 {
				t.Fatalf("record %d: got %s", i, r.MessageID)
			}
		}
		if len(got) == 0 {
			t.Fatalf("nothing of %d frames is there", appended)
		}
		gap := last.Sub(got[len(got)-1].At)
		t.Logf("%d frames were there of %d, up to %v before the kill", len(got), appended, gap)
		if gap > 2*flushEvery { // the second, and what it takes to write it
			t.Errorf("%v are gone, want at most the last second", gap)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// runAndKill starts a process that writes, kills it after so many lines of what
// it has appended, and returns how many frames that was and when the last.
func runAndKill(t *testing.T, path string, station ident.StationID, lines int) (appended int, last time.Time) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKill$")
	child.Env = append(os.Environ(), crashPath+"="+path, "FRAMELOG_CRASH_STATION="+string(station))
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(output)
	var us int64
	for range lines {
		if !scanner.Scan() {
			break
		}
		if _, err := fmt.Sscan(scanner.Text(), &appended, &us); err != nil {
			t.Fatalf("the writer said %q", scanner.Text())
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // says that it was killed
	return appended, time.UnixMicro(us).UTC()
}

// writeUntilKilled appends some frames a millisecond and says which.
func writeUntilKilled(t *testing.T, path string) {
	log, err := Open(context.Background(), Options{Path: path, Clock: clock.System{}})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if err := log.Run(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	station := ident.StationID(os.Getenv("FRAMELOG_CRASH_STATION"))
	ticks, stop := clock.System{}.Ticker(time.Millisecond)
	defer stop()
	for n := 0; ; {
		<-ticks
		at := clock.System{}.Now()
		for range 10 {
			log.Append(Entry{Station: station, At: at, MessageID: fmt.Sprint(n), Data: make([]byte, 1024)})
			n++
		}
		fmt.Println(n, at.UnixMicro())
	}
}
