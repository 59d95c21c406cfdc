package main

import (
	"testing"
	"time"
)

func TestParseCPU(t *testing.T) {
	const tail = " S 1 2 3 0 -1 4194560 100 0 0 0 1234 66 7 8 20 0 9 0 12345 1000 200"
	for _, c := range []struct {
		name, stat string
		want       time.Duration
		fails      bool
	}{
		{"plain name", "42 (pylon)" + tail, 13 * time.Second, false},
		{"name with spaces and brackets", "42 (a) b (c))" + tail, 13 * time.Second, false},
		{"one field short", "42 (pylon) S 1 2 3 0 -1 4194560 100 0 0 0 1234", 0, true},
		{"no more than stime", "42 (pylon) S 1 2 3 0 -1 4194560 100 0 0 0 1 2", 30 * time.Millisecond, false},
		{"no number", "42 (pylon) S 1 2 3 0 -1 4194560 100 0 0 0 one 2", 0, true},
		{"empty", "", 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseCPU([]byte(c.stat))
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("got %v, %v; want %v, error %v", got, err, c.want, c.fails)
			}
		})
	}
}

func TestParseFamilyCPU(t *testing.T) {
	for _, c := range []struct {
		name, stat string
		want       time.Duration
		fails      bool
	}{
		{"with children", "42 (a b) S 1 2 3 0 -1 4194560 100 0 0 0 1000 200 30 4 20 0 9", 12_340 * time.Millisecond, false},
		{"one field short", "42 (a b) S 1 2 3 0 -1 4194560 100 0 0 0 1000 200 30", 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseFamilyCPU([]byte(c.stat))
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("got %v, %v; want %v, error %v", got, err, c.want, c.fails)
			}
		})
	}
}

func TestParseBusy(t *testing.T) {
	for _, c := range []struct {
		name, stat string
		want       time.Duration
		fails      bool
	}{
		{"idle, iowait and steal are no work", "cpu  1 2 4 1000 2000 8 16 4000 0 0\ncpu0 9 9 9 9 9 9 9 9\n", 310 * time.Millisecond, false},
		{"another file", "MemTotal: 1 kB\n", 0, true},
		{"empty", "", 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseBusy([]byte(c.stat))
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("got %v, %v; want %v, error %v", got, err, c.want, c.fails)
			}
		})
	}
}

func TestParseResident(t *testing.T) {
	got, err := parseResident([]byte("Name:\tpylon\nVmHWM:\t  99 kB\nVmRSS:\t    2048 kB\nVmData:\t1 kB\n"))
	if want := int64(2 << 20); got != want || err != nil {
		t.Errorf("got %d, %v; want %d", got, err, want)
	}
	if _, err := parseResident([]byte("Name:\tpylon\n")); err == nil {
		t.Error("got no error where there is no VmRSS")
	}
}

func TestOurOwnProcess(t *testing.T) {
	u, err := readUsage(1, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if u.machine <= 0 || u.generator < 0 || u.generator > u.machine {
		t.Errorf("got machine %v, this process %v", u.machine, u.generator)
	}
	if m := readMachine(t.TempDir()); m.cores < 1 || m.memoryGiB < 1 {
		t.Errorf("got %+v", m)
	}
}
