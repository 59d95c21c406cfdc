package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
)

const (
	// password is every station's; each has its own salt.
	password = "correct-horse-7-battery"
	// together is how many stations are made in one change.
	together = 500
)

// identity, and uid of the card, of the i-th station.
func identity(i int) string { return fmt.Sprintf("BENCH-%06d", i) }
func uid(i int) string      { return fmt.Sprintf("04%08X", i) }

// open starts a server that knows so many stations.
func (l *lab) open(ctx context.Context, name string, stations int) (*server, error) {
	b, err := l.furnished(ctx, name, stations)
	if err != nil {
		return nil, err
	}
	return l.start(ctx, b)
}

func (l *lab) furnish(ctx context.Context, db *store.Store, stations int) error {
	org, _, err := admin.New(db, nobody{}, l.clock).Begin(ctx, key)
	if err != nil {
		return err
	}
	var made []station.Station
	for first := 0; first < stations; first += together {
		set := &change.Set{}
		for i := first; i < min(first+together, stations); i++ {
			one, err := l.newStation(org, i)
			if err != nil {
				return err
			}
			set.Stations = append(set.Stations, one)
			set.Tokens = append(set.Tokens, l.newToken(org, i))
		}
		if err := db.Commit(ctx, set); err != nil {
			return err
		}
		made = append(made, set.Stations...)
	}
	return l.furnishConnectors(ctx, db, made)
}

// furnishConnectors gives each station a connector that was free when last heard
// of. A set writes the connectors of one station, so many commit at a time.
func (l *lab) furnishConnectors(ctx context.Context, db *store.Store, stations []station.Station) error {
	now := l.clock.Now()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, s := range stations {
		group.Go(func() error {
			return db.Commit(ctx, &change.Set{
				Owner: change.Owner{Organisation: s.Organisation, Station: s.ID}, // nobody has owned it yet: epoch 0
				Connectors: []station.Connector{{
					Station: s.ID, EVSE: 1, Connector: 1, Status: station.Available, Since: now, ReportedAt: now, Version: 1,
				}},
			})
		})
	}
	return group.Wait()
}

// newStation returns the i-th station: accepted, with its password, and left
// alone, so that what is measured is what stations ask for.
func (l *lab) newStation(org account.Organisation, i int) (station.Station, error) {
	now := l.clock.Now()
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	secret, err := station.NewSecret(password, salt, now)
	return station.Station{
		ID: ident.New[ident.StationID](now), Organisation: org.ID, Identity: ident.Identity(identity(i)), Name: fmt.Sprintf("Bay %d", i),
		Registration: station.Accepted, SecurityProfile: 1, Secrets: []station.Secret{secret}, CreatedAt: now, Version: 1,
	}, err
}

// newToken returns the card of the i-th station's driver.
func (l *lab) newToken(org account.Organisation, i int) token.Token {
	now := l.clock.Now()
	return token.Token{
		ID: ident.New[ident.TokenID](now), Organisation: org.ID, UID: uid(i), Type: "ISO14443", Status: token.Accepted,
		CreatedAt: now, Version: 1,
	}
}

// nobody has sockets: no station is connected yet.
type nobody struct{}

// Evict implements [admin.Sockets].
func (nobody) Evict(*station.Detail) {}

// fileSize returns the size of a file, 0 when there is none.
func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
