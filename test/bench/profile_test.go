package main

import (
	"reflect"
	"testing"
)

func TestParseTop(t *testing.T) {
	text := []byte(`File: pylon
Type: cpu
Duration: 5s, Total samples = 7.34s (146.73%)
Showing nodes accounting for 5s, 70% of 7.34s total
      flat  flat%   sum%        cum   cum%
     0.93s 12.67% 16.89%      0.93s 12.67%  syscall.RawSyscall6
     0.01s  0.14%  0.14%      2.36s 32.15%  pylon/internal/store.all[go.shape.struct { A string "json:\"a\"" }].func1
         0     0%  0.14%      0.86s 11.7%  pylon/internal/edge/ocpp.(*conn).serve (inline)
`)
	for _, tt := range []struct {
		name       string
		cumulative bool
		want       []functionCPU
	}{
		{"flat", false, []functionCPU{
			{"syscall.RawSyscall6", 12.67}, {"pylon/internal/store.all[…].func1", 0.14}, {"pylon/internal/edge/ocpp.(*conn).serve", 0},
		}},
		{"cumulative", true, []functionCPU{
			{"syscall.RawSyscall6", 12.67}, {"pylon/internal/store.all[…].func1", 32.15}, {"pylon/internal/edge/ocpp.(*conn).serve", 11.7},
		}},
	} {
		if got := parseTop(text, tt.cumulative); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	if got := parseTop([]byte("no profile\n"), true); got != nil {
		t.Errorf("got %v of no profile", got)
	}
}

func TestSteps(t *testing.T) {
	got := steps([]functionCPU{
		{"runtime.goexit", 90},
		{"pylon/internal/a.Run", 50},
		{"pylon/internal/a.run", 49.9},
		{"syscall.write", 40},
		{"pylon/internal/b.Do", 20},
		{"pylon/internal/c.Do", 10},
		{"pylon/internal/d.Do", 5},
	}, 3)
	want := []functionCPU{{"a.Run", 50}, {"b.Do", 20}, {"c.Do", 10}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
