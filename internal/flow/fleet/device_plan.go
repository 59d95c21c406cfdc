package fleet

import (
	"context"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// SetDesired changes what an operator desires of a station's variables, and
// returns all that is desired then. The station's owner does it, and sets about
// it at once when the station is there; an offline station gets it when it
// comes. A tag other than 0 must be that of the record that stands (Stale
// otherwise).
func (f *Fleet) SetDesired(ctx context.Context, by account.Actor, ref string, w device.Wishes, tag int64) (device.Plan, error) {
	if err := by.Can(account.StationsWrite); err != nil {
		return device.Plan{}, err
	}
	if err := w.Check(); err != nil {
		return device.Plan{}, err
	}
	body := wishOrder{By: by, Wishes: w, Tag: tag}
	d, err := f.carryOut(ctx, by, ref, order{msgWish, body, func(o *Owner) error { return o.wish(ctx, body) }})
	if err != nil {
		return device.Plan{}, err
	}
	return f.store.Plan(ctx, d.Station.ID)
}

// Refresh asks a station to report its variables: all of them, or those of a
// smaller scope. What it reports is taken in as it comes.
func (f *Fleet) Refresh(ctx context.Context, by account.Actor, ref string, scope device.Scope) (command.Command, error) {
	return f.Command(ctx, by, ref, NewCommand{Type: command.ReportVariables, Input: command.Input{Scope: scope}})
}

// wishOrder is a change of what is desired, on its way to the station's owner.
type wishOrder struct {
	By     account.Actor `json:"by"`
	Wishes device.Wishes `json:"wishes"`
	Tag    int64         `json:"tag"` // that the caller saw; 0: any
}

// wish makes the change under the station's turn.
func (o *Owner) wish(ctx context.Context, order wishOrder) error {
	return o.settle(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		r, err := o.revision(ctx)
		if err != nil {
			return nil, nil, err
		}
		if tag := r.was.Record.Tag(); order.Tag != 0 && order.Tag != tag {
			return nil, nil, fault.New(fault.Stale, "version_moved", "current", formatVersion(tag))
		}
		if err := readable("/set", r.was.Model, order.Wishes.Set); err != nil {
			return nil, nil, err
		}
		now := o.fleet.clock.Now()
		_, changed, gone, err := device.Wish(r.was.Desired, order.Wishes, o.settings(ctx).Settings, order.By.Key, now)
		if err != nil {
			return nil, nil, err
		}
		r.rows(changed, gone)
		record := r.was.Record
		record.Version++
		if order.Wishes.Reboot != nil {
			record.Reboot = *order.Wishes.Reboot
		}
		r.now.Record, r.update.Record = record, &record
		detail, err := json.Marshal(order.Wishes)
		if err != nil {
			return nil, nil, err
		}
		set := &change.Set{Audits: []account.Audit{{
			ID: ident.New[ident.AuditID](now), Organisation: o.station.Organisation, By: order.By.Key, ByName: order.By.Name,
			Action: "station.desire", Subject: string(o.id), At: now, Detail: string(detail),
		}}}
		then := r.into(set)
		return set, func() { then(); o.care.at(now) }, nil
	})
}

// readable refuses values for what nobody can read: they are secrets.
func readable(pointer string, m device.Model, wanted []device.Setting) error {
	for i, s := range wanted {
		if v, ok := m.Value(s.Name, s.Attribute); ok && v.Mutability == device.WriteOnly {
			return fault.InvalidField(pointer+"/"+strconv.Itoa(i)+"/variable", "secret", "cannot be read, so its value is not kept")
		}
	}
	return nil
}

// edition is what each organisation's templates were when they were last
// looked at.
type edition struct {
	mu   sync.Mutex
	seen map[ident.OrganisationID]string
}

// moved reports whether the templates differ from those of the last call; not
// at the first.
func (e *edition) moved(org ident.OrganisationID, templates []station.Template) bool {
	var now []byte
	for i := range templates {
		now = append(append(append(now, templates[i].ID...), ' '), formatVersion(templates[i].Version)...)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.seen == nil {
		e.seen = make(map[ident.OrganisationID]string)
	}
	was, known := e.seen[org]
	e.seen[org] = string(now)
	return known && was != string(now)
}
