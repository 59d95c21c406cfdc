package billing

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/device"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/metering"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Meters is what billing reads of meters that sign.
type Meters interface {
	Documents(ctx context.Context, id ident.StationID) (device.Model, error)
	MeterKeys(ctx context.Context, id ident.StationID) ([]device.MeterKey, error)
	Sessions(ctx context.Context, org ident.OrganisationID, f session.Filter, q page.Query) (page.Result[session.View], error)
}

// Signed reads the signed values of frames of one EVSE and checks them: with the keys that
// are known, or, when there are none, with those that came with them.
type Signed func(frames []meter.Frame, known []string) []metering.Value

// Bounds of what is looked at and shown.
const (
	keysTried   = 4         // of an EVSE, the present one first: a meter is replaced once in eight years
	shownMost   = 200       // readings on a bill: two days of quarter-hours; beyond, only the two that matter
	shownBytes  = 256 << 10 // of them
	formatMost  = 50        // bytes: OCPP 2.x encodingMethod
	toldMost    = 500       // bytes of what people are told
	othersMost  = 8         // sessions at other EVSEs that one gateway may have signed for meanwhile
	othersLimit = 24 * time.Hour
)

// proof is what the signed readings of a session prove.
type proof struct {
	values []metering.Value
	cert   metering.Certificate
	learnt []device.MeterKey // to be kept: the station may have others tomorrow
}

// certified returns the session whose energy is to be billed, and notes what its
// signed readings prove. Where the tariff demands certified energy that is the signed end
// minus the signed begin, and nothing else; what is not proven is energy_uncertified
// ([fault.Invalid]). While a session runs, there is nothing to prove yet.
func (w *work) certified(ctx context.Context, by *tariff.Snapshot, frames []meter.Frame, q *station.Quirks) (*session.Session, error) {
	s := w.view.Session
	w.proof = nil
	if s.Status.Open() || w.Signed == nil {
		return &s, nil
	}
	if by.Terms.Certified || slices.ContainsFunc(frames, signs) {
		if err := w.prove(ctx, frames, q); err != nil {
			return nil, err
		}
	}
	if !by.Terms.Certified {
		return &s, nil
	}
	c := &w.proof.cert
	switch {
	case s.Energy == 0 && len(w.proof.values) == 0: // it took nothing: there is nothing to prove
		return &s, nil
	case !c.Billable():
		return nil, fault.New(fault.Invalid, billing.HeldUncertified, "why", told(c.Problems))
	}
	if !s.Begin.Known {
		s.Begin.Known, s.Begin.Energy = true, c.Begin.Energy
	}
	s.Energy = c.Energy // what lies between is split by the readings that are not signed
	return &s, nil
}

func signs(f meter.Frame) bool {
	return slices.ContainsFunc(f.Samples, func(s meter.Sample) bool { return s.Signed != nil })
}

// told returns problems for people who look after meters.
func told(problems []metering.Problem) string {
	const most = 5
	var all []string
	for _, p := range problems[:min(len(problems), most)] {
		all = append(all, p.String())
	}
	text := strings.Join(all, "; ")
	return strings.ToValidUTF8(text[:min(len(text), toldMost)], "")
}

// prove checks the session's signed readings.
func (w *work) prove(ctx context.Context, frames []meter.Frame, q *station.Quirks) error {
	s := &w.view.Session
	keys, learnt, err := w.keys(ctx, q)
	if err != nil {
		return err
	}
	p := &proof{values: w.Signed(frames, keys), learnt: learnt}
	var known metering.Known // not the token: meters write users in ways of their own, and the serial number is the key's
	if s.Begin.Known {
		known.Energy = &s.Energy
	}
	p.cert = metering.Certified(p.values, known)
	if i := slices.IndexFunc(p.cert.Problems, func(p metering.Problem) bool { return p.Code == metering.PageGap }); i >= 0 {
		// A gateway counts for all its meters: what is missing here may stand in another session.
		if known.Elsewhere, err = w.elsewhere(ctx, &p.values[p.cert.Problems[i].Value], q); err != nil {
			return err
		}
		p.cert = metering.Certified(p.values, known)
	}
	w.proof = p
	return nil
}

// keys returns the public keys of the session's meter: those that the station tells now, and
// then those that it told before, the youngest first.
func (w *work) keys(ctx context.Context, q *station.Quirks) (texts []string, learnt []device.MeterKey, err error) {
	s := &w.view.Session
	model, err := w.Store.Documents(ctx, s.Station)
	if err != nil {
		return nil, nil, err
	}
	kept, err := w.Store.MeterKeys(ctx, s.Station)
	if err != nil {
		return nil, nil, err
	}
	told := model.MeterKeys(q.Place)
	for i, key := range slices.Concat(told, kept) {
		if key.EVSE != s.EVSE && key.EVSE != 0 && s.EVSE != 0 {
			continue
		}
		if i < len(told) && len(kept) < device.MeterKeysMost && !slices.ContainsFunc(kept, key.Same) {
			key.Station, key.Organisation, key.ToldAt = s.Station, s.Organisation, w.Clock.Now()
			learnt = append(learnt, key)
		}
		if len(texts) < keysTried && !slices.Contains(texts, key.Key) {
			texts = append(texts, key.Key)
		}
	}
	return texts, learnt, nil
}

// elsewhere returns the pages that the device which signed a value has in sessions at
// other EVSEs of the station at that time.
func (w *work) elsewhere(ctx context.Context, one *metering.Value, q *station.Quirks) ([]metering.Page, error) {
	s := &w.view.Session
	others, err := w.Store.Sessions(ctx, s.Organisation, session.Filter{Station: s.Station, From: s.StartedAt.Add(-othersLimit), To: s.EndedAt}, page.Query{})
	if err != nil {
		return nil, err
	}
	var pages []metering.Page
	looked := 0
	for i := range others.Items {
		o := &others.Items[i]
		if o.ID == s.ID || o.EVSE == s.EVSE || !o.EndedAt.IsZero() && o.EndedAt.Before(s.StartedAt) || looked == othersMost {
			continue
		}
		looked++
		frames, err := w.Store.AllFrames(ctx, o.Station, o.ID, framesMost)
		if err != nil {
			return nil, err
		}
		frames = slices.DeleteFunc(frames, func(f meter.Frame) bool { return !signs(f) })
		beside := work{Settler: w.Settler, view: o}
		keys, _, err := beside.keys(ctx, q)
		if err != nil {
			return nil, err
		}
		pages = append(pages, metering.Elsewhere(w.Signed(frames[:min(len(frames), shownMost)], keys), one)...)
	}
	return pages, nil
}

// attest writes what the signed readings prove onto the charge.
func (w *work) attest(c *billing.Charge, by *tariff.Snapshot) {
	if w.proof == nil {
		return
	}
	cert := &w.proof.cert
	if by.Terms.Certified && cert.Billable() {
		c.Begin, c.Finish, c.Energy = cert.Begin.Energy, cert.End.Energy, cert.Energy
	}
	c.Signed = w.proof.readings()
}

// readings returns the readings for a bill: all of them, or, when they are more than
// anybody looks at, begin and end.
func (p *proof) readings() []billing.SignedReading {
	lines := p.cert.Shown(p.values)
	bytes := 0
	for _, l := range lines {
		bytes += len(p.values[l.Value].Carried.Data)
	}
	if len(lines) > shownMost || bytes > shownBytes {
		lines = slices.DeleteFunc(lines, func(l metering.Shown) bool {
			return l.Reason == metering.During || len(p.values[l.Value].Carried.Data) > shownBytes/4
		})
		lines = lines[:min(len(lines), 4)]
	}
	var all []billing.SignedReading
	for _, l := range lines {
		v := &p.values[l.Value]
		key := v.Key.DER
		if key == "" && len(v.Carried.PublicKey) <= device.MeterKeyMax {
			key = v.Carried.PublicKey
		}
		r := billing.SignedReading{
			Nature: natureOf(l.Reason), At: l.At, Energy: l.Energy, Format: v.Format, Data: v.Carried.Data, PublicKey: key, Verdict: string(v.Verdict),
		}
		if len(r.Format) <= formatMost && utf8.ValidString(r.Data+r.Format+r.PublicKey) { // else no document can hold it
			all = append(all, r)
		}
	}
	return all
}

// natureOf names a reading as documents do.
func natureOf(r metering.Reason) string {
	switch r {
	case metering.Begin:
		return "begin"
	case metering.End:
		return "end"
	case metering.Outside, metering.During, metering.Exception:
	}
	return "intermediate"
}

// vouch keeps the keys that readings were checked with, and tells people when
// readings of a session that is billed are not what the meter said, or pages between
// them are missing.
func (w *work) vouch(out *billing.Outcome) {
	if w.proof == nil || len(out.Bills) == 0 {
		return
	}
	w.set.MeterKeys = append(w.set.MeterKeys, w.proof.learnt...)
	if w.proof.cert.Verdict != metering.Failed || w.tab.Bill != "" { // it was told with the first bill
		return
	}
	w.set.Findings = append(w.set.Findings, station.Finding{
		ID: ident.New[ident.FindingID](out.Tab.ChangedAt), Organisation: w.tab.Organisation, Station: w.tab.Station, Session: w.tab.Session,
		Code: station.MeterUnproven, Detail: told(w.proof.cert.Problems), At: out.Tab.ChangedAt,
	})
}
