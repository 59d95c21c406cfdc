package rest

import (
	"context"
	"sync"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// identities remembers the OCPP identity of stations, which never changes, so
// that a list or an event can name its station without asking for each.
type identities struct {
	mu    sync.Mutex
	known map[ident.StationID]ident.Identity
}

// identitiesMax bounds the memory: about 12 MB. Beyond it the map starts anew,
// which costs one look-up per station.
const identitiesMax = 100_000

// of returns the identity of a station of org, "" when it is no more.
func (i *identities) of(ctx context.Context, store Store, org ident.OrganisationID, id ident.StationID) (ident.Identity, error) {
	i.mu.Lock()
	name, ok := i.known[id]
	i.mu.Unlock()
	if ok || id == "" {
		return name, nil
	}
	d, err := store.Station(ctx, org, string(id))
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.known == nil || len(i.known) >= identitiesMax {
		i.known = map[ident.StationID]ident.Identity{}
	}
	i.known[id] = d.Identity
	return d.Identity, nil
}
