package fleet

import (
	"context"
	"fmt"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/page"
)

// tellOnce adds a finding of which people are told once in strangersTerm,
// however often it is met.
func (o *Owner) tellOnce(set *change.Set, f station.Finding) {
	if !o.fleet.strangers.lately(o.id, o.fleet.clock.Now()).others[f.Code] {
		o.report(set, f)
	}
}

// told remembers the findings of a committed set that tellOnce added.
func (o *Owner) told(set *change.Set) {
	for i := range set.Findings {
		switch code := set.Findings[i].Code; code {
		case station.StationReplaced, station.TokenReversed:
			o.fleet.strangers.tell(o.id, code, o.fleet.clock.Now())
		default:
		}
	}
}

// explained resolves in set what people were told of the station itself, when
// they were. It asks the database: it is asked now and then.
func (o *Owner) explained(ctx context.Context, set *change.Set, code station.FindingCode) error {
	about := station.FindingFilter{Station: o.id, Code: []station.FindingCode{code}, Open: true}
	found, err := o.fleet.store.Findings(ctx, o.station.Organisation, about, page.Query{Limit: 1})
	if err == nil && len(found.Items) > 0 {
		set.Resolved = append(set.Resolved, station.Resolution{Code: code, At: o.fleet.clock.Now()})
	}
	return err
}

// reversedMin is the shortest uid that says something when it is reversed: a
// card's serial number has four bytes at least.
const reversedMin = 8

// turned reports whether a token that nobody knows, known when it is listed, is
// known with its bytes in reverse order.
func (o *Owner) turned(ctx context.Context, known *token.Token, uid string) (bool, error) {
	if known != nil && known.Status != token.Unknown || len(uid) < reversedMin {
		return false, nil
	}
	reversed := station.Quirks{ReversedTags: true}.UID(uid)
	if token.Key(reversed) == token.Key(uid) {
		return false, nil
	}
	t, err := found(o.fleet.store.TokenByUID(ctx, o.station.Organisation, reversed))
	return t != nil && t.Status != token.Unknown, err
}

// ignored reports whether a command whose time is over was accepted by the
// station and had no effect, though it must have had one that we would have
// seen. A start has none while no car is there.
func (o *Owner) ignored(c *command.Command) bool {
	if c.State != command.Accepted {
		return false
	}
	switch c.Type {
	case command.Stop, command.Reset, command.ChangeAvailability:
		return true
	case command.Start:
		for i := range o.connectors {
			if of := &o.connectors[i]; of.EVSE == c.Input.EVSE && !of.TakenAt.IsZero() {
				return true
			}
		}
	default: // its effect is its answer, or is not seen
	}
	return false
}

// What people are told.

func nothingHappened(c *command.Command) station.Finding {
	return station.Finding{
		Code: station.CommandIgnored, Action: c.Action,
		Detail: fmt.Sprintf("%s was accepted, and nothing happened until its deadline", c.Type),
	}
}

func anotherDevice() station.Finding {
	return station.Finding{
		Code: station.StationReplaced, Action: "BootNotification",
		Detail: "another device answers under this identity: its serial number is not the one that we knew",
	}
}

func tokenReversed() station.Finding {
	return station.Finding{
		Code:   station.TokenReversed,
		Detail: "a card that nobody knows is known with its bytes in reverse order; the quirk reversed_tags turns them",
	}
}

func stormFound(at Place) station.Finding {
	return station.Finding{
		Code: station.StatusStorm, Action: "StatusNotification",
		Detail: fmt.Sprintf("EVSE %d, connector %d changes its status without end; its history is kept every few seconds", at.EVSE, at.Connector),
	}
}
