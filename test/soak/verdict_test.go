package soak

import (
	"cmp"
	"context"
	"slices"
	"time"

	"pylon/internal/app/rehearsal"
	"pylon/internal/client"
	"pylon/internal/sim"
	"pylon/internal/sim/check"
)

// judged is what a verdict rests on beside the stations.
type judged struct {
	began, broken, quiet time.Time
	stepped              bool // the server's clock
	orders               *orders
	witness              *witness
}

// judge holds what the API says against what was.
func (l *lab) judge(ctx context.Context, j judged) {
	ctx, cancel := context.WithTimeout(ctx, judgeTerm)
	defer cancel()
	truth := check.Truth{
		Sessions: l.world.Sessions(), Faults: l.world.Faults(), Quiet: j.quiet, At: l.clock.Now(), Slack: slack,
		OwnTime: j.stepped, Stepped: j.stepped, BootsAlways: map[string]bool{}, Connections: map[string][]sim.Connection{},
	}
	for i := range l.plan.Stations {
		st := &l.plan.Stations[i]
		truth.BootsAlways[st.Identity], truth.Connections[st.Identity] = st.Quirks.BootsAlways, l.station(i).Connections()
	}
	for _, f := range truth.Faults {
		l.report.Faults["station: "+string(f.Fault)]++
	}
	commands, asked, err := j.orders.settle(ctx)
	if err != nil {
		l.t.Error(err)
		return
	}
	l.phase("commands are over")
	claim, err := rehearsal.Claim(ctx, l.api, l.plan, time.Time{}) // the server knows nothing else
	if err != nil {
		l.t.Error(err)
		return
	}
	l.phase("the claim is there")
	l.compare(truth, claim)
	l.report.add("commands that are over, each asked once", asked, commands)
	l.report.add("commands carried out at most once", asked, startedTwice(truth.Sessions))
	hearing, stop := context.WithTimeout(ctx, hearTerm)
	defer stop()
	for !j.witness.complete(claim.Sessions) && l.api.Wait(hearing, patience) {
	}
	l.report.add("events in their order, none missing", j.witness.events, j.witness.missing(claim.Sessions))
	l.connected(ctx)
	l.report.away(l.connections(), j.began)
	l.report.silence(truth.Sessions, j.broken)
}

// compare holds sessions, messages, energy and findings of a claim against the
// truth.
func (l *lab) compare(truth check.Truth, claim check.Claim) {
	r := l.report
	r.Findings = map[string]int{}
	claim.Findings = slices.DeleteFunc(claim.Findings, func(f check.Finding) bool {
		storm := f.Code == "status_storm" // what it tells is true: our drivers come and go like no others
		if storm {
			r.Findings[f.Code+" because of drivers in a hurry"]++
		}
		return storm
	})
	result := check.Compare(truth, claim)
	for i := range truth.Sessions {
		s := &truth.Sessions[i]
		r.Sessions++
		for k := range s.Messages {
			m := &s.Messages[k]
			if m.Acknowledged {
				r.Messages++
			}
			if m.Tries > 1 {
				r.Repeated++
			}
		}
	}
	for _, f := range result.Findings {
		r.Findings[f.Code+" because of "+cmp.Or(f.Cause, "nothing")]++
	}
	r.add("sessions as they were, energy to the watt-hour", result.Matched, result.Discrepancies)
	r.Checks["acknowledged messages there once"] += result.Messages
	r.add("messages that were not refused", r.Messages, discarded(truth))
}

// discarded returns the messages that stations gave up because they were refused.
// Nothing that goes wrong in a server makes a message wrong.
func discarded(truth check.Truth) []check.Discrepancy {
	var found []check.Discrepancy
	for i := range truth.Sessions {
		s := &truth.Sessions[i]
		for k := range s.Messages {
			if m := &s.Messages[k]; m.Discarded {
				found = append(found, check.Discrepancy{
					Kind: "message_refused", Station: s.Station,
					Text: "transaction " + s.TransactionID + ": its " + m.Event + " of " + m.At.Format(time.TimeOnly) + " was refused until the station gave up",
				})
			}
		}
	}
	return found
}

// startedTwice returns the remote starts that brought more than one session.
func startedTwice(sessions []sim.Session) []check.Discrepancy {
	type start struct {
		station string
		id      int
	}
	seen := map[start]int{}
	var found []check.Discrepancy
	for i := range sessions {
		s := &sessions[i]
		if s.RemoteStartID == 0 {
			continue
		}
		at := start{s.Station, s.RemoteStartID}
		if seen[at]++; seen[at] == 2 {
			found = append(found, check.Discrepancy{Kind: "command_doubled", Station: s.Station, Text: "one remote start brought two sessions"})
		}
	}
	return found
}

// connected holds what the API says of connections against the stations, all of
// which are online.
func (l *lab) connected(ctx context.Context) {
	online := 0
	for s, err := range client.All(ctx, l.api.Stations, client.Query{"limit": "500"}) {
		if err != nil {
			l.t.Error(err)
			return
		}
		if s.Connection.Status != "online" {
			l.wrong("offline", s.StationID, "it is online, the API says "+s.Connection.Status)
			continue
		}
		online++
	}
	l.report.Checks["stations shown online"] += online
}

// connections returns the connections of each station.
func (l *lab) connections() [][]sim.Connection {
	all := make([][]sim.Connection, len(l.plan.Stations))
	for i := range all {
		all[i] = l.station(i).Connections()
	}
	return all
}

// away measures how long stations were away when they had lost their connection.
func (r *report) away(connections [][]sim.Connection, since time.Time) {
	var gaps []span
	for _, of := range connections {
		for i := 1; i < len(of); i++ {
			if of[i-1].Ended.After(since) {
				gaps = append(gaps, span(of[i].Began.Sub(of[i-1].Ended)))
			}
		}
	}
	r.Reconnects = len(gaps)
	if len(gaps) == 0 {
		return
	}
	slices.Sort(gaps)
	at := func(permille int) span { return gaps[(len(gaps)-1)*permille/1000] }
	r.AwayP50, r.AwayP99, r.AwayMax = at(500), at(990), at(1000)
}

// silence measures the longest time in which no station got an answer while things
// were broken.
func (r *report) silence(sessions []sim.Session, until time.Time) {
	var told []time.Time
	for i := range sessions {
		for k := range sessions[i].Messages {
			if m := &sessions[i].Messages[k]; m.Acknowledged && m.Told.Before(until) {
				told = append(told, m.Told)
			}
		}
	}
	slices.SortFunc(told, time.Time.Compare)
	for i := 1; i < len(told); i++ {
		r.Silence = max(r.Silence, span(told[i].Sub(told[i-1])))
	}
}
