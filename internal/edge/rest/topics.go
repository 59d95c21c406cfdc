package rest

import (
	"context"
	"slices"
	"strings"

	"pylon/internal/domain/account"
	"pylon/internal/domain/event"
	"pylon/internal/kernel/fault"
)

// topic is what a stream's reader wants: the events of some nouns, of one
// thing or of all.
type topic struct {
	nouns []string // beginnings of event types
	id    string   // "" for all
}

// topics is what a stream's reader wants; nil is everything.
type topics []topic

// nouns tells which events a topic has, by the part of their type before the
// dot. A station's connectors are the station's.
func nouns(topic string) []string {
	switch topic {
	case "stations":
		return []string{"station", "connector"}
	case "connectors":
		return []string{"connector"}
	case "templates", "tariffs", "assignments", "sessions", "tokens", "sites", "organisations", "commands", "jobs", "keys", "customers", "statements", "plans", "subscriptions", "vouchers":
		return []string{strings.TrimSuffix(topic, "s")}
	case "hosts":
		return []string{"host", "agreement", "supply", "settlement"}
	case "series":
		return []string{"series"}
	case "re-ratings":
		return []string{"rerating"}
	case "bills":
		return []string{"bill", "billing_profile", "tab"}
	case "dead-letters":
		return []string{"event"}
	}
	return nil
}

// topics reads what a reader wants. A station may be named by its identity.
func (s *Server) topics(ctx context.Context, by account.Actor, names []string) (topics, error) {
	var all topics
	for _, name := range names {
		noun, id, _ := strings.Cut(name, ":")
		t := topic{nouns: nouns(noun), id: id}
		if t.nouns == nil {
			return nil, fault.New(fault.Invalid, "topic_unknown", "topic", noun)
		}
		if id != "" && slices.Contains(t.nouns, "connector") {
			d, err := s.store.Station(ctx, by.Organisation, id)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return nil, err
			}
			t.id = string(d.Station.ID)
			if err != nil {
				t.id = id // nothing of that name: no events, as for everything else that is not there
			}
		}
		all = append(all, t)
	}
	return all, nil
}

// want reports whether the reader wants e.
func (t topics) want(e event.Event) bool {
	if len(t) == 0 {
		return true
	}
	noun, _, _ := strings.Cut(string(e.Type), ".")
	return slices.ContainsFunc(t, func(one topic) bool {
		if !slices.Contains(one.nouns, noun) {
			return false
		}
		return one.id == "" || one.id == e.Subject || one.id == string(e.Station) && slices.Contains(one.nouns, "connector")
	})
}
