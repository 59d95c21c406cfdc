package tariff

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
)

// Snapshot is what a session is priced by, whatever becomes of the tariff
// later. Sessions that start under the same edition in the same zone have the same snapshot.
type Snapshot struct {
	Tariff  ident.TariffID `json:"tariff"`
	Edition int            `json:"edition"`
	Zone    string         `json:"zone"`            // IANA, of the site
	Clocks  []Clock        `json:"clocks,omitzero"` // of the zone, as this program knew them then; none: nobody noted them
	Terms   Terms          `json:"terms"`
}

// Snap returns what a session that starts at a moment is priced by; false when
// the tariff is not valid then.
func (t *Tariff) Snap(zone string, at time.Time) (Snapshot, bool) {
	e, ok := t.At(at)
	if !ok {
		return Snapshot{}, false
	}
	s := Snapshot{Tariff: t.ID, Edition: e.Number, Zone: zone, Terms: e.Terms}
	return s.WithClocks(at), true
}

// graceID names the adjustment that forgives short sessions where the tariff has
// none of its own.
const graceID = "short_session"

// WithGrace returns the snapshot with what forgives short sessions, unless the
// tariff itself says which it forgives, or none are to be.
func (s Snapshot) WithGrace(short rating.Short) Snapshot {
	own := slices.ContainsFunc(s.Terms.Extras, func(e Extra) bool { return e.Short != nil || e.ID == graceID })
	if short.Below > 0 && !own {
		s.Terms.Extras = append(slices.Clip(s.Terms.Extras), Extra{Adjustment: rating.Adjustment{ID: graceID, Short: &short}})
	}
	return s
}

// Canonical returns the snapshot as text, always the same for the same one: its
// JSON without spaces, members in the order of the types, numbers with the
// digits in which they were written. [ParseSnapshot] reads it.
func (s *Snapshot) Canonical() ([]byte, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("snapshot of tariff %s, edition %d: %w", s.Tariff, s.Edition, err)
	}
	return text, nil
}

// Hash returns the SHA-256 of a canonical text in hexadecimal digits. A bill
// names it.
func Hash(canonical []byte) string {
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// ParseSnapshot reads a canonical text and holds it against its hash.
func ParseSnapshot(canonical []byte, hash string) (Snapshot, error) {
	var s Snapshot
	if got := Hash(canonical); got != hash {
		return Snapshot{}, fmt.Errorf("snapshot %s: its text has the hash %s", hash, got)
	}
	if err := json.Unmarshal(canonical, &s); err != nil {
		return Snapshot{}, fmt.Errorf("snapshot %s: %w", hash, err)
	}
	return s, nil
}

// Series returns the points of a series of prices or of a site's signal during a
// session, and where they end.
type Series func(name string) (points []rating.Point, until time.Time)

// Question asks what a session costs by the snapshot. The customer's own
// adjustments come after those of the tariff. Where the clocks of the site go otherwise
// by now than they did when the session began, nobody can answer: zone_changed ([fault.Invalid]).
func (s *Snapshot) Question(session rating.Session, series Series, own ...rating.Adjustment) (rating.Question, error) {
	if s.moved(session.Start, session.End) {
		return rating.Question{}, fault.New(fault.Invalid, "zone_changed", "zone", s.Zone)
	}
	q := rating.Question{Tariff: s.Terms.Priced, Zone: s.Zone, DefaultVAT: s.Terms.DefaultVAT, Session: session}
	for _, e := range s.Terms.Extras {
		a, err := e.during(series)
		if err != nil {
			return rating.Question{}, err
		}
		q.Adjustments = append(q.Adjustments, a)
	}
	q.Adjustments = append(q.Adjustments, own...)
	return q, nil
}

// during returns the adjustment with the points of its series.
func (e *Extra) during(series Series) (rating.Adjustment, error) {
	a := e.Adjustment
	if e.Series == "" {
		return a, nil
	}
	if series == nil {
		return a, fault.New(fault.Invalid, "series_missing", "series", e.Series)
	}
	points, until := series(e.Series)
	switch {
	case a.Spot != nil:
		spot := *a.Spot
		spot.Points, spot.Until = points, until
		a.Spot = &spot
	case a.Solar != nil:
		solar := *a.Solar
		solar.Shares, solar.Until = points, until
		a.Solar = &solar
	}
	return a, nil
}
