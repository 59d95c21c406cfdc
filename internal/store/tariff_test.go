package store_test

import (
	"reflect"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

func someTerms() tariff.Terms {
	return tariff.Terms{
		Priced: rating.Tariff{Currency: "EUR", TaxIncluded: rating.TaxYes, Elements: []rating.Element{
			{Components: []rating.Component{{Dimension: rating.Energy, Price: decimal.FromInt(490, 3), StepSize: 1}}, Restrictions: rating.Restrictions{StartTime: "08:00"}},
		}},
		DefaultVAT: new(decimal.FromInt(19, 0)),
		Texts:      []trade.Text{{Language: "en", Text: "0.490 a kWh"}},
	}
}

// A tariff comes back as it was written, digit by digit, its editions by number.
func TestTariffs(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		x := tariff.Tariff{
			ID: newID[ident.TariffID](), Organisation: org.ID, Name: "Day", Type: trade.TariffAdHoc, CreatedAt: t0, Version: 1,
			Draft: &tariff.Draft{Until: t0.Add(time.Hour), Terms: someTerms()},
		}
		db.commit(&change.Set{Tariffs: []tariff.Tariff{x}})
		read := func() tariff.Tariff {
			t.Helper()
			got, err := db.Tariff(t.Context(), org.ID, x.ID)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if got := read(); !reflect.DeepEqual(got, x) {
			t.Errorf("got %+v, want %+v", got, x)
		}
		for n := range 2 {
			var e tariff.Edition
			var err error
			x.Draft = &tariff.Draft{Terms: someTerms()}
			if x, e, err = x.Publish(t0.Add(time.Duration(n) * time.Minute)); err != nil {
				t.Fatal(err)
			}
			x.Version++
			x.EndsAt = t0.Add(24 * time.Hour)
			db.commit(&change.Set{Tariffs: []tariff.Tariff{x}, Editions: []tariff.Edition{e}})
		}
		got := read()
		if !reflect.DeepEqual(got, x) || len(got.Editions) != 2 {
			t.Errorf("got %+v, want %+v", got, x)
		}
		// The hash of what prices a session is the same before and after.
		before, _ := x.Snap("Europe/Berlin", t0)
		after, _ := got.Snap("Europe/Berlin", t0)
		if one, two := canonical(t, &before), canonical(t, &after); one != two {
			t.Errorf("got %s, want %s", two, one)
		}
		if err := db.Commit(t.Context(), &change.Set{Editions: got.Editions[:1]}); !fault.Is(err, fault.Conflict) {
			t.Errorf("an edition is written again: got %v", err)
		}
		list, err := db.Tariffs(t.Context(), org.ID, all)
		if err != nil || len(list.Items) != 1 || list.Items[0].Published != 2 {
			t.Errorf("list: got %+v, %v", list, err)
		}
		if _, err := db.Tariff(t.Context(), "org_other", x.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another organisation: got %v", err)
		}
	})
}

func canonical(t *testing.T, s *tariff.Snapshot) string {
	t.Helper()
	text, err := s.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAssignments(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org, other := db.organisation("one"), db.organisation("two")
		full := tariff.Assignment{
			ID: newID[ident.AssignmentID](), Organisation: org.ID, Tariff: "trf_1", From: t0, Until: t0.Add(time.Hour), CreatedAt: t0, Version: 1,
			Site: "sit_1", Station: "sta_1", EVSE: 2, Connector: "IEC_62196_T2", PowerFrom: 1, PowerTo: 2, Contract: "c", Group: "g", AdHoc: true,
		}
		bare := tariff.Assignment{ID: newID[ident.AssignmentID](), Organisation: org.ID, Tariff: "trf_2", CreatedAt: t0, Version: 1}
		foreign := bare
		foreign.ID, foreign.Organisation = newID[ident.AssignmentID](), other.ID
		db.commit(&change.Set{Assignments: []tariff.Assignment{full, bare, foreign}})
		got, err := db.Assignments(t.Context(), org.ID)
		if err != nil || len(got) != 2 {
			t.Fatalf("got %+v, %v", got, err)
		}
		for _, a := range got {
			want := bare
			if a.ID == full.ID {
				want = full
			}
			if !reflect.DeepEqual(a, want) {
				t.Errorf("got %+v, want %+v", a, want)
			}
		}
		of, err := db.ListAssignments(t.Context(), org.ID, "trf_2", all)
		if err != nil || len(of.Items) != 1 || of.Items[0].ID != bare.ID {
			t.Errorf("of a tariff: got %+v, %v", of.Items, err)
		}
		db.commit(&change.Set{Removed: []change.Removal{{Kind: change.KindAssignment, ID: string(bare.ID), Version: 1}}})
		if _, err := db.Assignment(t.Context(), org.ID, bare.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("removed: got %v", err)
		}
	})
}
