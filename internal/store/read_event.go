package store

import (
	"context"
	"database/sql/driver"
	"strconv"

	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// window is how many numbers of a stream one query looks at: events of other
// organisations are among them.
const window = 2000

// EventsAfter returns events of org behind the given positions, in each stream
// by number, at most limit of them; fewer say that there are no more. A stream
// that is not named is done with when one that began after it is named, and is
// else read from its beginning; without any position all that is kept is read. A
// position whose followers are gone is Conflict.
func (s *Store) EventsAfter(ctx context.Context, org ident.OrganisationID, after []event.Position, limit int) ([]event.Recorded, error) {
	streams, err := s.streams(ctx)
	if err != nil {
		return nil, err
	}
	known, youngest := make(map[int64]int64, len(after)), int64(0)
	for _, p := range after {
		if name, err := strconv.ParseInt(p.Stream, 10, 64); err == nil {
			known[name] = p.Number
		}
	}
	for _, of := range streams {
		if _, named := known[of.number]; named {
			youngest = of.number
		}
	}
	var found []event.Recorded
	for _, of := range streams {
		from, named := known[of.number]
		switch {
		case len(after) == 0:
			from = of.pruned
		case !named && of.number < youngest:
			continue
		}
		if from < of.pruned {
			return nil, fault.New(fault.Conflict, "events_pruned")
		}
		for from < of.head && len(found) < limit {
			to := min(from+window, of.head)
			part, err := s.eventsOf(ctx, org, of.number, from, to, limit-len(found))
			if err != nil {
				return nil, err
			}
			found = append(found, part...)
			from = to
		}
	}
	return found, nil
}

// eventsOf returns events with numbers in (from, to].
func (s *Store) eventsOf(ctx context.Context, org ident.OrganisationID, stream, from, to int64, limit int) ([]event.Recorded, error) {
	query, args := events.from()+"WHERE t.place > $1 AND t.place <= $2", []any{placeOf(stream, from), placeOf(stream, to)}
	if org != "" {
		query, args = query+" AND t.org = $3 ORDER BY t.place LIMIT $4", append(args, string(org))
	} else {
		query += " ORDER BY t.place LIMIT $3"
	}
	return all(ctx, s, query, events.columns, append(args, limit)...)
}

// TakeEpoch makes link the connection of a station under its next epoch, which
// it returns. From then on what is committed under an older epoch is refused.
func (s *Store) TakeEpoch(ctx context.Context, id ident.StationID, node ident.NodeID, link station.Link) (station.Link, error) {
	link.Station, link.Node = id, node
	j, row := newJob(), make([]driver.Value, 1)
	j.changes(string(id))
	if err := alter(j, op{stmt: s.catalogue.takeLink, miss: errNotFound, row: row}, links, &link); err != nil {
		return link, err
	}
	if err := s.committer.submit(ctx, j); err != nil {
		return link, err
	}
	link.Epoch, _ = row[0].(int64)
	return link, nil
}
