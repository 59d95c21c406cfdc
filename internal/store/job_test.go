package store_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/job"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

func aJob(org ident.OrganisationID) job.Job {
	return job.Job{
		ID: newID[ident.JobID](), Organisation: org, Kind: "reset", State: job.Queued, Concurrency: 20, PerMinute: 60, Offline: job.Wait,
		Input: job.Input{Command: command.Input{Hard: true}}, Filter: job.Filter{Vendor: "ACME*", OCPP: station.OCPP16},
		Term: time.Minute, Deadline: t0.Add(time.Hour), Counts: job.Counts{Pending: 3}, By: newID[ident.KeyID](), ByName: "ops", CreatedAt: t0, Version: 1,
	}
}

func TestJobs(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org, other := db.organisation("one"), db.organisation("two")
		first, second := aJob(org.ID), aJob(org.ID)
		second.Kind, second.Filter, second.RetryOf = job.SetDesired, job.Filter{}, first.ID
		second.Input = job.Input{Desired: device.Wishes{Set: []device.Setting{{Name: device.Name{Variable: "HeartbeatInterval"}, Value: "60"}}}}
		db.commit(&change.Set{Jobs: []job.Job{first, second, aJob(other.ID)}})
		for _, want := range []job.Job{first, second} {
			if got, err := db.Job(t.Context(), org.ID, want.ID); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		}
		if _, err := db.Job(t.Context(), other.ID, first.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another's: got %v", err)
		}
		for _, tt := range []struct{ share, limit, want int }{{10, 10, 3}, {1, 10, 2}, {10, 1, 1}} {
			open, err := db.OpenJobs(t.Context(), tt.share, tt.limit)
			if err != nil || len(open) != tt.want {
				t.Errorf("open, %d of each organisation, %d in all: got %d, %v, want %d", tt.share, tt.limit, len(open), err, tt.want)
			}
		}
		done := first.Progress(job.Counts{Succeeded: 3}, t0)
		db.commit(&change.Set{Jobs: []job.Job{done}})
		if got, err := db.Job(t.Context(), "", first.ID); err != nil || !reflect.DeepEqual(got, done) {
			t.Errorf("done: got %+v, %v, want %+v", got, err, done)
		}
		for _, tt := range []struct {
			name  string
			query job.Query
			want  []ident.JobID
		}{
			{"all", job.Query{}, []ident.JobID{second.ID, first.ID}},
			{"by state", job.Query{State: []job.State{job.Running, job.Queued}}, []ident.JobID{second.ID}},
			{"by kind", job.Query{Kind: []job.Kind{"reset"}}, []ident.JobID{first.ID}},
		} {
			found, err := db.Jobs(t.Context(), org.ID, tt.query, all)
			var got []ident.JobID
			for _, j := range found.Items {
				got = append(got, j.ID)
			}
			if err != nil || !sameSet(got, tt.want) {
				t.Errorf("%s: got %v, %v, want %v", tt.name, got, err, tt.want)
			}
		}
		if open, err := db.OpenJobs(t.Context(), 10, 10); err != nil || len(open) != 2 {
			t.Errorf("open: got %v, %v, want 2", open, err)
		}
	})
}

// sameSet compares regardless of order: the tests' identifiers are of one time.
func sameSet[T comparable](got, want []T) bool {
	left := map[T]int{}
	for _, v := range want {
		left[v]++
	}
	for _, v := range got {
		left[v]--
	}
	for _, n := range left {
		if n != 0 {
			return false
		}
	}
	return true
}

func TestTargets(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		j := aJob(org.ID)
		online, offline, gone := db.station(org.ID, "CP-1"), db.station(org.ID, "CP-2"), db.station(org.ID, "CP-3")
		db.own(online)
		target := func(st station.Station) job.Target {
			return job.Target{Job: j.ID, Organisation: org.ID, Station: st.ID, State: job.Pending, At: t0, Version: 1}
		}
		db.commit(&change.Set{Jobs: []job.Job{j}, Targets: []job.Target{target(online), target(offline), target(gone)}})
		db.commit(&change.Set{Removed: []change.Removal{{Kind: change.KindStation, ID: string(gone.ID), Version: 1}}})

		if got, err := db.PendingTargets(t.Context(), j.ID, true, 10); err != nil || len(got) != 1 || got[0] != target(online) {
			t.Errorf("online: got %+v, %v", got, err)
		}
		if got, err := db.PendingTargets(t.Context(), j.ID, false, 2); err != nil || len(got) != 2 {
			t.Errorf("pending: got %+v, %v", got, err)
		}
		cmd := aCommand(online, t0)
		begun := target(online).Begin(cmd.ID, t0.Add(time.Second))
		db.commit(&change.Set{Commands: []command.Command{cmd}, Targets: []job.Target{begun}})
		second := aCommand(online, t0)
		again := &change.Set{Commands: []command.Command{second}, Targets: []job.Target{target(online).Begin(second.ID, t0)}}
		if err := db.Commit(t.Context(), again); !errors.Is(err, change.ErrStale) {
			t.Errorf("begun twice: got %v", err)
		}
		if _, err := db.Command(t.Context(), org.ID, second.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the second command: got %v", err)
		}
		end := cmd.End(command.Rejected, "NotSupported", "no", t0.Add(time.Minute))
		db.commit(&change.Set{Commands: []command.Command{end}})
		flights, err := db.Flights(t.Context(), j.ID)
		if err != nil || len(flights) != 1 || flights[0].Target != begun || flights[0].Asked.ErrorCode != "NotSupported" || !flights[0].Asked.Finished() {
			t.Fatalf("flights: got %+v, %v", flights, err)
		}
		landed := flights[0].Land()
		db.commit(&change.Set{Targets: []job.Target{landed}})
		counts, err := db.CountTargets(t.Context(), j.ID)
		if want := (job.Counts{Pending: 2, Failed: 1}); err != nil || counts != want {
			t.Errorf("counts: got %+v, %v, want %+v", counts, err, want)
		}
		failed, err := db.Targets(t.Context(), j.ID, []job.TargetState{job.Failed}, all)
		if err != nil || len(failed.Items) != 1 || failed.Items[0] != landed {
			t.Errorf("failed: got %+v, %v", failed, err)
		}
		one, err := db.Targets(t.Context(), j.ID, nil, page.Query{Limit: 1})
		rest, err2 := db.Targets(t.Context(), j.ID, nil, page.Query{Cursor: one.Next})
		if err != nil || err2 != nil || len(one.Items) != 1 || len(rest.Items) != 2 || rest.Next != "" {
			t.Errorf("pages: got %d and %d, %v, %v", len(one.Items), len(rest.Items), err, err2)
		}
	})
}

func TestCandidates(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org, other := db.organisation("one"), db.organisation("two")
		made := aStation(org.ID, "CP-1")
		made.Vendor, made.Model, made.Firmware, made.OCPP, made.Site = "ACME", "Wall", "1.2", station.OCPP16, newID[ident.SiteID]()
		db.commit(&change.Set{Stations: []station.Station{made, aStation(org.ID, "CP-2"), aStation(other.ID, "CP-1")}})
		db.own(made)
		want := job.Candidate{
			Station: made.ID, Identity: "CP-1", Site: made.Site, Vendor: "ACME", Model: "Wall", Firmware: "1.2", OCPP: station.OCPP16, Online: true,
		}
		for _, ref := range []string{"CP-1", string(made.ID)} {
			if got, err := db.Candidate(t.Context(), org.ID, ref); err != nil || got != want {
				t.Errorf("%s: got %+v, %v", ref, got, err)
			}
		}
		if _, err := db.Candidate(t.Context(), other.ID, string(made.ID)); !fault.Is(err, fault.NotFound) {
			t.Errorf("another's: got %v", err)
		}
		first, err := db.Candidates(t.Context(), org.ID, "", 1)
		if err != nil || len(first) != 1 || first[0] != want {
			t.Errorf("first: got %+v, %v", first, err)
		}
		rest, err := db.Candidates(t.Context(), org.ID, "CP-1", 10)
		if err != nil || len(rest) != 1 || rest[0].Identity != "CP-2" || rest[0].Online {
			t.Errorf("rest: got %+v, %v", rest, err)
		}
	})
}
