package framelog

import (
	"context"
	"fmt"
	"testing"

	"pylon/internal/kernel/page"
)

func TestFollow(t *testing.T) {
	log := openTemporary(t)
	ctx, stop := context.WithCancel(t.Context())
	live := log.Follow(ctx, testStation(1))
	other := log.Follow(t.Context(), testStation(2))
	buffer := []byte("frame")
	log.Append(Entry{Station: testStation(1), At: morning, Direction: In, MessageID: "1", Data: buffer})
	clear(buffer)
	got := <-live
	want := all(t, log, testStation(1), Filter{}, 10)[0]
	if got.Seq != want.Seq || string(got.Data) != "frame" || got.MessageID != "1" {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if len(other) != 0 {
		t.Errorf("who follows another station got %+v", <-other)
	}
	stop()
	for range live { // ends when the channel is closed
	}
	log.Append(Entry{Station: testStation(1), At: morning})
	if size := log.crowd.size; size != 1 {
		t.Errorf("got %d followers, want the other one", size)
	}
}

func TestASlowFollowerKnowsWhatItMissed(t *testing.T) {
	log := openTemporary(t)
	station := testStation(1)
	live := log.Follow(t.Context(), station)
	appended := 0
	appendMany := func(n int) {
		for range n {
			log.Append(Entry{Station: station, At: morning, Direction: In, MessageID: fmt.Sprint(appended)})
			appended++
		}
	}
	var got []Record
	receive := func(n int) {
		for range n {
			got = append(got, <-live)
		}
	}
	appendMany(followQueue + 100) // it sees the first 255 and the marker
	receive(1)
	appendMany(1) // one place is free, and it is the marker's
	receive(followQueue - 1)
	appendMany(1)
	receive(1)
	if len(live) != 0 {
		t.Fatalf("%d more in the queue", len(live))
	}
	// Whoever misses some has them from Query.
	var missed []Record
	for i, r := range got {
		if r.Type != TypeSkipped {
			continue
		}
		page, err := log.Query(t.Context(), station, Filter{}, page.Query{Cursor: cursorAt(r.Seq), Limit: int(got[i+1].Seq - r.Seq - 1)})
		if err != nil {
			t.Fatal(err)
		}
		missed = append(missed, page.Items...)
	}
	if len(got) != followQueue+1 || len(got)-1+len(missed) != appended {
		t.Errorf("got %d records and %d by searching, want %d together", len(got)-1, len(missed), appended)
	}
	if last := got[len(got)-1].MessageID; last != fmt.Sprint(appended-1) {
		t.Errorf("the last is %s, want %d", last, appended-1)
	}
}

func TestFollowersAreLimited(t *testing.T) {
	log := openTemporary(t)
	ctx, stop := context.WithCancel(t.Context())
	var last <-chan Record
	for range followers {
		last = log.Follow(ctx, testStation(1))
	}
	if _, open := <-log.Follow(t.Context(), testStation(2)); open {
		t.Error("one more than the limit follows")
	}
	stop()
	<-last
	if _, open := <-last; open {
		t.Error("still open after its context")
	}
}
