package simtest

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
)

// stationsMax is how many stations a simulation may have: few, so that what
// happens to one happens often.
const stationsMax = 5

// The identifiers of what is there from the beginning are the same in every
// process, so that the order of rows is.

func organisationID() ident.OrganisationID { return "org_00000000000000000000000001" }

func stationID(i int) ident.StationID {
	return ident.StationID(fmt.Sprintf("sta_%026d", i+1))
}

func sessionID(id string) ident.SessionID { return ident.SessionID(id) }

func replace(s, from, to string) string { return strings.ReplaceAll(s, from, to) }

// tokenUIDs are the cards of the drivers. ONE may charge once at a time, OUT
// nowhere.
func tokenUIDs() []string { return []string{"T1", "T2", "T3", "ONE", "OUT"} }

// restricted reports whether a token may be refused.
func restricted(uid string) bool { return uid == "ONE" || uid == "OUT" }

// furnish makes a database with stations, tokens and a tariff, of which every simulation
// gets a copy.
func furnish(tb testing.TB) string {
	path := filepath.Join(tb.TempDir(), "pylon.db")
	s, err := store.Open(tb.Context(), store.Options{Path: path, Synchronous: "off", Clock: clock.System{}, Node: "nod_furnisher"})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	epoch := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	set := &change.Set{Organisations: []account.Organisation{{
		ID: organisationID(), Slug: "main", Name: "Simulation", Country: "DE", Currency: "EUR", TimeZone: "Europe/Berlin",
		CreatedAt: epoch, Version: 1, First: true,
	}}, Events: []event.Event{{Type: event.OrganisationCreated, Organisation: organisationID(), Subject: string(organisationID()), Version: 1, At: epoch, Data: struct{}{}}}}
	for i := range stationsMax {
		set.Stations = append(set.Stations, station.Station{
			ID: stationID(i), Organisation: organisationID(), Identity: ident.Identity(fmt.Sprintf("CP%d", i+1)), CreatedAt: epoch,
			Registration: station.Accepted, Automation: i%2 == 0, Version: 1,
		})
	}
	for i, uid := range tokenUIDs() {
		t := token.Token{
			ID: ident.TokenID(fmt.Sprintf("tok_%026d", i+1)), Organisation: organisationID(), UID: uid, Type: "ISO14443",
			Status: token.Accepted, CreatedAt: epoch, Version: 1,
		}
		switch uid {
		case "ONE":
			t.MaxSessions = 1
		case "OUT":
			t.Status = token.Blocked
		}
		set.Tokens = append(set.Tokens, t)
	}
	furnishPrices(tb, set)
	if err := s.Commit(tb.Context(), set); err != nil {
		tb.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		tb.Fatal(err)
	}
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	if left, _ := filepath.Glob(path + "-*"); slices.ContainsFunc(left, func(p string) bool {
		i, _ := os.Stat(p)
		return i != nil && i.Size() > 0 && strings.HasSuffix(p, "-wal")
	}) {
		tb.Fatalf("the database is not one file: %v", left)
	}
	return path
}

// copyOf returns the path of a copy of a database.
func copyOf(tb testing.TB, path string) string {
	from, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer from.Close()
	to, err := os.Create(filepath.Join(tb.TempDir(), "pylon.db"))
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		tb.Fatal(err)
	}
	if err := to.Close(); err != nil {
		tb.Fatal(err)
	}
	return to.Name()
}
