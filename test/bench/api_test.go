package main

import "testing"

func TestPager(t *testing.T) {
	var p pager
	for _, c := range []struct {
		name, body, next string
		fails            bool
	}{
		{"first page", `{"data":[{"id":"sta_1","evses":[]}],"next_cursor":"abc"}`, "/api/v1/stations?limit=50&cursor=abc", false},
		{"an empty page is wrong", `{"data":[],"next_cursor":"x"}`, "/api/v1/stations?limit=50&cursor=abc", true},
		{"garbage", `{`, "/api/v1/stations?limit=50&cursor=abc", true},
		{"last page leads to the first", `{"data":[{"id":"sta_2"}]}`, "/api/v1/stations?limit=50", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := p.read([]byte(c.body))
			if got := p.path(); got != c.next || (err != nil) != c.fails {
				t.Errorf("got %s, %v; want %s, error %v", got, err, c.next, c.fails)
			}
		})
	}
}
