package ocpp_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/edge/ocpp"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/trade"
)

// world is the back of the gateway in memory: the directory, the fleet and the
// frame log. It keeps what a database would keep, and writes down in words
// what was asked of it.
type world struct {
	clock clock.Clock

	mu       sync.Mutex
	stations map[ident.Identity]*record
	tokens   map[string]token.Decision
	log      []ocpp.Entry
	types    map[string]int // lines of the log by type
	changed  chan struct{}  // closed when anything happens

	// before is called before each method of an owner, outside the lock; an
	// error is the method's. It may wait.
	before func(method string) error
	words  trade.Text      // that drivers are told; none: ""
	cost   decimal.Decimal // that an end is told; none: 0

	// claimed is called within each claim, as fleet gives a connection the
	// commands that waited for the station.
	claimed func(fleet.Connection)
}

// record is one station as the world knows it.
type record struct {
	station station.Station
	epoch   int
	owner   *owner // of the latest epoch; nil when released
	starts  map[string]string
	stops   map[string]bool
	calls   []string
	answers map[ident.CommandID]fleet.Answered
}

func newWorld(c clock.Clock) *world {
	return &world{
		clock: c, stations: map[ident.Identity]*record{}, types: map[string]int{}, changed: make(chan struct{}),
		tokens: map[string]token.Decision{
			"GOOD": {Verdict: token.VerdictAccepted, Token: "tok_1", Group: "FLEET"},
			"BAD":  {Verdict: token.VerdictBlocked, Reason: "token_blocked"},
			"TEMP": {Verdict: token.VerdictAccepted, Token: "tok_2", ExpiresAt: time.Date(2100, 6, 1, 0, 0, 0, 0, time.UTC)},
			"BUSY": {Verdict: token.VerdictConcurrentTx, Reason: "token_in_use", Group: strings.Repeat("G", 40)},
		},
	}
}

// add creates a station.
func (w *world) add(id ident.Identity, set func(*station.Station)) ident.StationID {
	st := station.Station{
		ID: ident.StationID("sta_" + string(id)), Organisation: "org_1", Identity: id,
		Registration: station.Accepted, Automation: true,
	}
	if set != nil {
		set(&st)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stations[id] = &record{
		station: st, starts: map[string]string{}, stops: map[string]bool{}, answers: map[ident.CommandID]fleet.Answered{},
	}
	return st.ID
}

// of returns a station's record; w.mu is held.
func (w *world) of(id ident.StationID) *record {
	return w.stations[ident.Identity(strings.TrimPrefix(string(id), "sta_"))]
}

// note writes down a call; w.mu is held.
func (w *world) note(r *record, format string, args ...any) {
	r.calls = append(r.calls, fmt.Sprintf(format, args...))
	w.stir()
}

func (w *world) stir() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// until waits until ok, which is called with w.mu held.
func (w *world) until(ok func() bool) {
	for {
		w.mu.Lock()
		done, changed := ok(), w.changed
		w.mu.Unlock()
		if done {
			return
		}
		<-changed
	}
}

// called reports whether a call with that beginning was made; w.mu is held.
func (w *world) called(id ident.Identity, prefix string) bool {
	for _, c := range w.stations[id].calls {
		if strings.HasPrefix(c, prefix) {
			return true
		}
	}
	return false
}

// calls returns what was asked about a station so far.
func (w *world) calls(id ident.Identity) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.stations[id].calls...)
}

func (w *world) StationByIdentity(_ context.Context, slug string, id ident.Identity) (station.Station, error) {
	if err := w.ask("StationByIdentity"); err != nil {
		return station.Station{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.stations[id]
	if r == nil || slug != "" && slug != "acme" {
		return station.Station{}, fault.New(fault.NotFound, "station_unknown")
	}
	return r.station, nil
}

func (w *world) Register(_ context.Context, n ocpp.Newcomer) (station.Station, error) {
	if n.Organisation != "" && n.Organisation != "acme" {
		return station.Station{}, fault.New(fault.NotFound, "organisation_unknown")
	}
	w.add(n.Identity, func(st *station.Station) {
		st.Registration, st.SecurityProfile, st.Secrets = n.Registration, n.SecurityProfile, n.Secrets
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stations[n.Identity].station, nil
}

func (w *world) ask(method string) error {
	w.mu.Lock()
	before := w.before
	w.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(method)
}

// Claim gives out the next epoch, as fleet does.
func (w *world) Claim(_ context.Context, id ident.StationID, c fleet.Connection, h fleet.Hello) (ocpp.Owner, error) {
	if err := w.ask("Claim"); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.of(id)
	if r == nil {
		return nil, fault.New(fault.NotFound, "station_unknown")
	}
	r.epoch++
	if r.owner != nil {
		r.owner.conn.Close("superseded")
	}
	r.owner = &owner{world: w, id: id, epoch: r.epoch, conn: c}
	r.station.OCPP = h.OCPP
	w.note(r, "Claim ocpp=%s profile=%d", h.OCPP, h.Profile)
	if w.claimed != nil {
		w.claimed(c)
	}
	return r.owner, nil
}

// Append keeps a copy, as the frame log does.
func (w *world) Append(e ocpp.Entry) {
	e.Data = append([]byte(nil), e.Data...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, e)
	w.types[e.Type]++
	w.stir()
}

// owner is a station's owner that keeps its state in the world.
type owner struct {
	world *world
	id    ident.StationID
	epoch int
	conn  fleet.Connection
}

// do runs f on the station's record, unless the epoch is over.
func (o *owner) do(method string, f func(*record) error) error {
	if err := o.world.ask(method); err != nil {
		return err
	}
	o.world.mu.Lock()
	defer o.world.mu.Unlock()
	r := o.world.of(o.id)
	if r.epoch != o.epoch {
		return change.ErrSuperseded
	}
	return f(r)
}

func (o *owner) Boot(_ context.Context, b station.BootReport) (a station.BootAnswer, err error) {
	err = o.do("Boot", func(r *record) error {
		b.At = time.Time{}
		o.world.note(r, "Boot %+v", b)
		a = station.BootAnswer{Registration: r.station.Registration, Interval: 5 * time.Minute, At: o.world.clock.Now()}
		return nil
	})
	return a, err
}

func (o *owner) Status(_ context.Context, s station.StatusReport) error {
	return o.do("Status", func(r *record) error {
		s.ReceivedAt = time.Time{}
		o.world.note(r, "Status %+v", s)
		return nil
	})
}

func (o *owner) verdict(p token.Presented) token.Decision {
	d, ok := o.world.tokens[token.Key(p.UID)]
	if !ok {
		d = token.Decision{Verdict: token.VerdictUnknown, Reason: "token_unknown"}
	}
	return d
}

func (o *owner) Authorize(_ context.Context, p token.Presented, _ fleet.Place) (d token.Decision, err error) {
	err = o.do("Authorize", func(r *record) error {
		o.world.note(r, "Authorize %+v", p)
		d = o.verdict(p)
		return nil
	})
	return d, err
}

// Report gives 1.6 starts their ids and repeats the answer of a repeat.
func (o *owner) Report(_ context.Context, in session.Report) (a session.Answer, err error) {
	err = o.do("Report", func(r *record) error {
		o.world.note(r, "Report %s", describe(&in))
		a.TransactionID = in.TransactionID
		if in.StartKey != "" {
			id, known := r.starts[in.StartKey]
			if !known {
				r.station.LastTransaction++
				id = strconv.FormatInt(r.station.LastTransaction, 10)
				r.starts[in.StartKey] = id
			}
			a.TransactionID, a.Repeat = id, known
		}
		if in.Kind == session.Ended {
			a.Repeat = r.stops[in.TransactionID]
			r.stops[in.TransactionID] = true
		}
		if in.Token != nil {
			d := o.verdict(*in.Token)
			a.Token = &d
		}
		return nil
	})
	return a, err
}

func (o *owner) Meter(_ context.Context, f meter.Frame) error {
	return o.do("Meter", func(r *record) error {
		o.world.note(r, "Meter evse=%d connector=%d at=%s%s", f.EVSE, f.Connector, f.AsSent, describeSamples(f.Samples))
		return nil
	})
}

func (o *owner) Find(_ context.Context, f station.Finding) error {
	return o.do("Find", func(r *record) error {
		o.world.note(r, "Find %s %s: %s raw=%s", f.Code, f.Action, f.Detail, f.Raw)
		return nil
	})
}

func (o *owner) Alert(_ context.Context, kind, detail string, _ time.Time) error {
	return o.do("Alert", func(r *record) error {
		o.world.note(r, "Alert %s %s", kind, detail)
		return nil
	})
}

func (o *owner) Inventory(_ context.Context, p device.Part) error {
	return o.do("Inventory", func(r *record) error {
		p.ReceivedAt = time.Time{}
		o.world.note(r, "Inventory %s", describeJSON(p))
		return nil
	})
}

func (o *owner) Monitors(_ context.Context, p device.MonitorPart) error {
	return o.do("Monitors", func(r *record) error {
		p.ReceivedAt = time.Time{}
		o.world.note(r, "Monitors %s", describeJSON(p))
		return nil
	})
}

func (o *owner) MeterKeys(_ context.Context, told []device.MeterKey) error {
	return o.do("MeterKeys", func(r *record) error {
		for _, key := range told {
			o.world.note(r, "MeterKey %s", describeJSON(key))
		}
		return nil
	})
}

func (o *owner) Happened(_ context.Context, all []device.Happening) error {
	return o.do("Happened", func(r *record) error {
		for _, h := range all {
			h.ReceivedAt = time.Time{}
			o.world.note(r, "Happened %s", describeJSON(h))
		}
		return nil
	})
}

func (o *owner) Seen(time.Time) {}

func (o *owner) Snapshot() *station.Station {
	o.world.mu.Lock()
	defer o.world.mu.Unlock()
	st := o.world.of(o.id).station
	return &st
}

func (o *owner) CommandSent(_ context.Context, id ident.CommandID, s fleet.Sent) error {
	return o.do("CommandSent", func(r *record) error {
		o.world.note(r, "CommandSent %s %s %s means=%q%s", id, s.Action, s.Payload, s.Means, describeInput(&s.Input))
		return nil
	})
}

func (o *owner) CommandAnswered(_ context.Context, id ident.CommandID, a fleet.Answered) error {
	return o.do("CommandAnswered", func(r *record) error {
		r.answers[id] = a
		line := fmt.Sprintf("CommandAnswered %s %s final=%t code=%s detail=%s result=%s", id, a.State, a.Final, a.ErrorCode, a.ErrorDetail, a.Result)
		if a.Variables != nil {
			line += " variables=" + describeJSON(a.Variables)
		}
		if a.Monitors != nil {
			line += " monitors=" + describeJSON(a.Monitors)
		}
		o.world.note(r, "%s", line)
		return nil
	})
}

func (o *owner) PasswordProposed(_ context.Context, s station.Secret) error {
	return o.do("PasswordProposed", func(r *record) error {
		r.station = station.ProposeSecret(r.station, s)
		o.world.note(r, "PasswordProposed")
		return nil
	})
}

func (o *owner) PasswordSettled(_ context.Context, accepted bool) error {
	return o.do("PasswordSettled", func(r *record) error {
		r.station = station.SettleSecret(r.station, accepted)
		o.world.note(r, "PasswordSettled %t", accepted)
		return nil
	})
}

func (o *owner) LoggedIn(_ context.Context, index int) error {
	return o.do("LoggedIn", func(r *record) error {
		r.station = station.SettleLogin(r.station, index)
		o.world.note(r, "LoggedIn %d", index)
		return nil
	})
}

func (o *owner) Release(_ context.Context, reason string) {
	_ = o.do("Release", func(r *record) error {
		r.owner = nil
		o.world.note(r, "Release %s", reason)
		return nil
	})
}

// fail makes a method fail from now on; nil lets it work again.
func (w *world) fail(method string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = func(m string) error {
		if m == method {
			return err
		}
		return nil
	}
}

// called1 reports whether such a call was made about CP1.
func (w *world) called1(prefix string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.called("CP1", prefix)
}

// noted reports whether a line of that type is in the log; w.mu is held.
func (w *world) noted(kind string) bool {
	return w.types[kind] > 0
}

func indexOf(calls []string, prefix string) int {
	return slices.IndexFunc(calls, func(c string) bool { return strings.HasPrefix(c, prefix) })
}

func lastIndexOf(calls []string, prefix string) int {
	for i, call := range slices.Backward(calls) {
		if strings.HasPrefix(call, prefix) {
			return i
		}
	}
	return -1
}

// order gives a command to the station's connection.
func (w *world) order(id ident.Identity, c command.Command) error {
	w.mu.Lock()
	o := w.stations[id].owner
	w.mu.Unlock()
	if o == nil {
		return fault.New(fault.Conflict, "station_offline")
	}
	return o.conn.Do(c)
}

// describe is a report in one line, without what is the same in all.
func describe(r *session.Report) string {
	s := fmt.Sprintf("%s tx=%s evse=%d connector=%d seq=%d at=%s", [...]string{"started", "updated", "ended"}[r.Kind],
		r.TransactionID, r.EVSE, r.Connector, r.SeqNo, r.AsSent)
	if r.Trigger != "" {
		s += " trigger=" + r.Trigger
	}
	if r.State != session.StateUnknown {
		s += " state=" + string(r.State)
	}
	if r.StopReason != "" {
		s += " reason=" + r.StopReason
	}
	if r.Token != nil {
		s += fmt.Sprintf(" token=%+v", *r.Token)
	}
	if r.RemoteStartID >= 0 {
		s += fmt.Sprintf(" remote=%d", r.RemoteStartID)
	}
	if r.ReservationID >= 0 {
		s += fmt.Sprintf(" reservation=%d", r.ReservationID)
	}
	if r.Offline {
		s += " offline"
	}
	return s + describeSamples(r.Samples)
}

func describeSamples(samples []meter.Sample) string {
	var b strings.Builder
	for _, s := range samples {
		fmt.Fprintf(&b, "; %s %s %s %s %s %s %s", s.AtAsSent, s.Measurand, s.Context, s.Phase, s.Location, s.Value, s.Unit)
		if s.Multiplier != 0 {
			fmt.Fprintf(&b, " e%d", s.Multiplier)
		}
		if s.Signed != nil {
			fmt.Fprintf(&b, " signed=%+v", *s.Signed)
		}
	}
	return b.String()
}

func describeInput(in *command.Input) string {
	switch {
	case in.TokenUID != "":
		return fmt.Sprintf(" token=%s/%s evse=%d remote=%d", in.TokenUID, in.TokenType, in.EVSE, in.RemoteStartID)
	case in.TransactionID != "":
		return " tx=" + in.TransactionID
	case len(in.Variables) > 0, len(in.Monitors) > 0, len(in.MonitorIDs) > 0, in.RequestID != 0:
		return " " + describeJSON(in)
	}
	return ""
}

// describeJSON is a value as JSON, without what is not said.
func describeJSON(v any) string {
	text, err := json.Marshal(v, json.OmitZeroStructFields(true))
	if err != nil {
		panic(err)
	}
	return string(text)
}
