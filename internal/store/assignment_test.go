package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/ident"
)

// Of all assignments that there may be, those that are read choose as all of them do.
func TestAssignmentsFor(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org, other := db.organisation("one"), db.organisation("two")
		var all []tariff.Assignment
		set := &change.Set{}
		add := func(a tariff.Assignment) {
			a.ID, a.Tariff, a.CreatedAt, a.Version = newID[ident.AssignmentID](), "trf_1", t0, 1
			if a.Organisation = org.ID; len(all)%7 == 6 {
				a.Organisation = other.ID
			}
			all = append(all, a)
			set.Assignments = append(set.Assignments, a)
		}
		add(tariff.Assignment{})
		for _, site := range []ident.SiteID{"", "sit_1", "sit_2"} {
			for _, station := range []ident.StationID{"", "sta_1", "sta_2"} {
				for _, evse := range []int{0, 1} {
					add(tariff.Assignment{Site: site, Station: station, EVSE: evse, Group: "night"})
					add(tariff.Assignment{Site: site, Station: station, EVSE: evse, Contract: "c-1"})
					add(tariff.Assignment{Site: site, Station: station, EVSE: evse, AdHoc: true, PowerFrom: 50_000})
					add(tariff.Assignment{Site: site, Station: station, EVSE: evse, Connector: "IEC_62196_T2", From: t0.Add(time.Hour)})
				}
			}
		}
		db.commit(set)
		drivers := []tariff.Driver{{}, {AdHoc: true}, {Contract: "c-1"}, {Groups: []string{"day", "night"}}, {Groups: []string{"day"}}, {Contract: "c-2", Groups: []string{"night"}}}
		for _, site := range []ident.SiteID{"", "sit_1", "sit_3"} {
			for _, station := range []ident.StationID{"sta_1", "sta_3"} {
				for i, driver := range drivers {
					place := tariff.Place{Organisation: org.ID, Site: site, Station: station, EVSE: 1, Connector: "IEC_62196_T2", Power: 150_000}
					found, err := db.AssignmentsFor(t.Context(), place, driver)
					if err != nil {
						t.Fatal(err)
					}
					if slices.ContainsFunc(found, func(a tariff.Assignment) bool { return a.Organisation != org.ID || a.Site != "" && a.Site != site }) {
						t.Errorf("%v, driver %d: more is read than may be: %+v", place, i, found)
					}
					for _, at := range []time.Time{t0, t0.Add(2 * time.Hour)} {
						want, wanted := tariff.Choose(all, place, driver, at)
						if got, ok := tariff.Choose(found, place, driver, at); got.ID != want.ID || ok != wanted {
							t.Errorf("%s %s, driver %d at %v: got %s %t, want %s %t", site, station, i, at, got.ID, ok, want.ID, wanted)
						}
					}
				}
			}
		}
	})
}

// A tariff has the edition that a moment has, and is priced from its first on.
func TestTariffAt(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		x := tariff.Tariff{ID: newID[ident.TariffID](), Organisation: org.ID, Name: "Day", CreatedAt: t0, Version: 1}
		db.commit(&change.Set{Tariffs: []tariff.Tariff{x}})
		if priced, err := db.Priced(t.Context(), org.ID); err != nil || priced {
			t.Errorf("before an edition: got %t, %v", priced, err)
		}
		for n := range 4 { // the third is for an hour alone
			x.Draft = &tariff.Draft{Terms: someTerms()}
			if n == 2 {
				x.Draft.Until = t0.Add(3 * time.Hour)
			}
			if n == 3 { // from the moment on at which the second is valid, too
				x.Draft.From = t0.Add(10 * time.Hour)
			}
			var e tariff.Edition
			var err error
			if x, e, err = x.Publish(t0.Add(time.Duration(n) * time.Hour)); err != nil {
				t.Fatal(err)
			}
			x.Version++
			db.commit(&change.Set{Tariffs: []tariff.Tariff{x}, Editions: []tariff.Edition{e}})
		}
		for hours := -1; hours < 12; hours++ {
			at := t0.Add(time.Duration(hours) * time.Hour)
			got, err := db.TariffAt(t.Context(), org.ID, x.ID, at)
			if err != nil || len(got.Editions) > 1 {
				t.Fatalf("got %+v, %v", got.Editions, err)
			}
			one, is := got.At(at)
			all, was := x.At(at)
			if fmt.Sprint(one.Number, is) != fmt.Sprint(all.Number, was) {
				t.Errorf("%d h: got %d %t, want %d %t", hours, one.Number, is, all.Number, was)
			}
		}
		if priced, err := db.Priced(t.Context(), org.ID); err != nil || !priced {
			t.Errorf("then: got %t, %v", priced, err)
		}
	})
}

// BenchmarkAssignments finds a session's assignment among 10,000.
func BenchmarkAssignments(b *testing.B) {
	for name, lab := range labs(b) {
		b.Run(name, func(b *testing.B) {
			o, _ := lab()
			o.Synchronous = "off"
			benchmarkAssignments(b, open(b, o))
		})
	}
}

func benchmarkAssignments(b *testing.B, db *database) {
	org := db.organisation("one")
	for range 100 {
		set := &change.Set{}
		for n := range 100 {
			a := tariff.Assignment{ID: newID[ident.AssignmentID](), Organisation: org.ID, Tariff: "trf_1", CreatedAt: t0, Version: 1}
			switch n % 4 {
			case 0:
				a.Station = newID[ident.StationID]()
			case 1:
				a.Site = newID[ident.SiteID]()
			case 2:
				a.Contract = string(a.ID)
			case 3:
				a.Group = string(a.ID)
			}
			set.Assignments = append(set.Assignments, a)
		}
		db.commit(set)
	}
	place := tariff.Place{Organisation: org.ID, Site: "sit_1", Station: "sta_1", EVSE: 1}
	for b.Loop() {
		if _, err := db.AssignmentsFor(b.Context(), place, tariff.Driver{Contract: "c", Groups: []string{"g"}}); err != nil {
			b.Fatal(err)
		}
	}
}
