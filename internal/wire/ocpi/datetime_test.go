package ocpi_test

import (
	"testing"
	"time"

	"pylon/internal/wire/ocpi"
)

func TestDateTime(t *testing.T) {
	tests := []struct {
		name string
		at   time.Time
		want ocpi.DateTime
	}{
		{"none", time.Time{}, ""},
		{"whole seconds", time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC), "2024-03-01T10:00:00Z"},
		{"milliseconds", time.Date(2024, 3, 1, 10, 0, 0, 120_000_000, time.UTC), "2024-03-01T10:00:00.12Z"},
		{"less is cut off", time.Date(2024, 3, 1, 10, 0, 0, 999_999_999, time.UTC), "2024-03-01T10:00:00.999Z"},
		{"another zone", time.Date(2024, 3, 1, 10, 0, 0, 0, time.FixedZone("", 3600)), "2024-03-01T09:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ocpi.DateTimeOf(tt.at)
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if back := got.Moment(); !back.Equal(tt.at.Truncate(time.Millisecond)) {
				t.Errorf("back: got %s, want %s", back, tt.at)
			}
		})
	}
	for text, want := range map[ocpi.DateTime]string{
		"2015-06-29T20:39:09":       "2015-06-29T20:39:09Z", // UTC
		"2016-12-29T17:45:09.2":     "2016-12-29T17:45:09.2Z",
		"2018-01-01T01:08:01+01:00": "2018-01-01T00:08:01Z",
	} {
		if got := text.Moment().Format(time.RFC3339Nano); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
