package device

import (
	"slices"
	"strconv"
	"time"
)

// Judge returns the rows whose station was heard of the value they desire: by
// reads, the names whose values are fresh. Rows that stay as they are, are not
// among them.
func Judge(rows []Desired, m Model, reads Seen, now time.Time) (changed []Desired) {
	for _, d := range rows {
		if !reads.Has(d.Name) {
			continue
		}
		v, ok := m.Value(d.Name, d.Attribute)
		if !ok || v.Text == nil {
			continue
		}
		if next := d.judge(*v.Text, m.Find(d.Name).Characteristics, now); next != d {
			changed = append(changed, next)
		}
	}
	return changed
}

// Overridden returns the rows whose value was set to another one by somebody
// else, and the station took that.
func Overridden(rows []Desired, m Model, names Seen, now time.Time) (changed []Desired) {
	var settled []Desired
	for _, d := range rows {
		if !d.Unverified {
			settled = append(settled, d)
		}
	}
	return Judge(settled, m, names, now)
}

// judge returns the row after the station said what value it has.
func (d Desired) judge(text string, c Characteristics, now time.Time) Desired {
	switch {
	case d.State == RebootRequired: // what it has until then says nothing
		return d
	case Same(text, d.Value, c):
		d.Unverified, d.Refusals = false, 0
		return d.turn(InSync, "", now)
	}
	is := "is " + strconv.Quote(cut(text))
	switch {
	case d.Unverified:
		d.Unverified = false
		return d.refuse("accepted, and still "+is, now)
	case d.State == InSync, d.State == Drifted:
		return d.turn(Drifted, is, now)
	case d.State == Refused:
		return d
	}
	return d.turn(Pending, is, now)
}

// Booted returns the rows that a boot changes: what needed one is read back,
// and what a station did not have or did not take it may with another
// firmware.
func Booted(rows []Desired, renewed bool, now time.Time) (changed []Desired) {
	for _, d := range rows {
		switch {
		case d.State == RebootRequired:
			d.Unverified = true
			changed = append(changed, d.turn(Pending, "read back after the boot", now))
		case renewed && (d.State == Absent || d.State == Refused):
			d.Refusals, d.Attempts = 0, 0
			changed = append(changed, d.turn(Unknown, "", now))
		}
	}
	return changed
}

// Settle judges the rows of which nothing was known, by values that are fresh.
func Settle(rows []Desired, m Model, fresh Seen, now time.Time) (changed []Desired) {
	return Judge(slices.DeleteFunc(slices.Clone(rows), func(d Desired) bool { return d.State != Unknown }), m, fresh, now)
}

// Learn returns the rows that a station's answers change: to setting what is
// desired, or, with nothing sent, to reading it. What somebody set to another
// value is not ours, see [Overridden].
func (s *Survey) Learn(rows []Desired, sent []Setting, results []Result, now time.Time) (changed []Desired) {
	wrote := len(sent) > 0
	for _, r := range results {
		of := Setting{Name: r.Name, Attribute: r.Attribute}
		i, ok := search(rows, of)
		if !ok || wrote && !slices.ContainsFunc(sent, func(o Setting) bool { return o.Same(of) && o.Value == rows[i].Value }) {
			continue
		}
		next := rows[i].learn(r, wrote, now)
		if next.Unverified && s.Unread[next.folded()] {
			next.Unverified = false
			next = next.turn(InSync, "accepted; the station does not let it be read", now)
		}
		if next != rows[i] {
			changed = append(changed, next)
		}
	}
	for _, s := range sent { // what the station says nothing of is not tried for ever
		i, ok := search(rows, s)
		if ok && rows[i].Value == s.Value && rows[i].State != InSync && !slices.ContainsFunc(results, s.answeredBy) {
			changed = append(changed, rows[i].attempt(now).turn(Pending, "set, and not a word about it", now))
		}
	}
	return changed
}

func (s Setting) answeredBy(r Result) bool {
	return s.Same(Setting{Name: r.Name, Attribute: r.Attribute})
}

func (d Desired) learn(r Result, wrote bool, now time.Time) Desired {
	if wrote {
		d = d.attempt(now)
	}
	why := string(r.Status)
	if r.Detail != "" {
		why += ", " + cut(r.Detail)
	}
	switch r.Status {
	case StatusUnknown:
		return d.turn(Absent, "the station has no such variable", now)
	case StatusNotSupported:
		if wrote {
			return d.turn(Refused, why, now)
		}
	case StatusRebootRequired:
		return d.turn(RebootRequired, "", now)
	case StatusRejected:
		if wrote {
			return d.refuse(why, now)
		}
	case StatusAccepted:
		if wrote {
			d.Unverified = true
			return d.turn(Pending, "accepted, not read back yet", now)
		}
	}
	return d
}

// Failed returns the rows whose setting came to nothing: the call was refused
// as a whole, or not answered. A station that cannot do it at all is not asked
// again.
func Failed(rows []Desired, sent []Setting, code string, now time.Time) (changed []Desired) {
	for _, s := range sent {
		i, ok := search(rows, s)
		if !ok {
			continue
		}
		d := rows[i].attempt(now)
		if code == "NotSupported" || code == "NotImplemented" {
			changed = append(changed, d.turn(Refused, code, now))
			continue
		}
		changed = append(changed, d.turn(Pending, code, now))
	}
	return changed
}

// Resetting returns the rows for which a station is reset. That is a try, too:
// one that does not boot, or needs a boot again and again, is left alone then.
func Resetting(rows []Desired, now time.Time) (changed []Desired) {
	for _, d := range rows {
		if d.State == RebootRequired {
			changed = append(changed, d.attempt(now))
		}
	}
	return changed
}

// spent reports whether there are no more tries until the window is over.
func (d Desired) spent(now time.Time) bool {
	return d.Attempts >= attemptsMax && now.Sub(d.Window) < attemptsTerm
}

// attempt counts one more try to set the value.
func (d Desired) attempt(now time.Time) Desired {
	if now.Sub(d.Window) >= attemptsTerm {
		d.Window, d.Attempts = now, 0
	}
	d.Attempts++
	d.AttemptedAt = now
	return d
}

// refuse counts one more refusal; the last ends the tries.
func (d Desired) refuse(why string, now time.Time) Desired {
	d.Refusals++
	if d.Refusals >= refusalsMax {
		return d.turn(Refused, why, now)
	}
	return d.turn(Pending, why, now)
}

func (d Desired) turn(s State, detail string, now time.Time) Desired {
	if d.State != s {
		d.State, d.Since = s, now
	}
	d.Detail = detail
	return d
}

// Trouble is the state that people are told of, "" when there is nothing to
// tell: a value that was refused, or that drifted and is not back yet.
func (d Desired) Trouble() State {
	switch d.State {
	case Refused, Drifted:
		return d.State
	case Pending:
		if d.Found == Drifted {
			return Drifted
		}
	case Unknown, InSync, RebootRequired, Absent:
	}
	return ""
}

// settable reports whether the value is to be set, and may be at now. until is
// when it may, if not now; zero for never by itself.
func (d Desired) settable(tried bool, now time.Time) (ok bool, until time.Time) {
	wants := d.State == Drifted || d.State == Pending && !d.Unverified || d.State == Unknown && tried
	switch {
	case !wants:
		return false, time.Time{}
	case d.spent(now):
		return false, d.Window.Add(attemptsTerm)
	case !d.AttemptedAt.IsZero() && d.State == Pending && now.Sub(d.AttemptedAt) < retryTerm:
		return false, d.AttemptedAt.Add(retryTerm)
	}
	return true, time.Time{}
}

// Differing returns the rows of now that were not so before.
func Differing(was, now []Desired) (changed []Desired) {
	for _, d := range now {
		if i, ok := search(was, d.Setting); !ok || was[i] != d {
			changed = append(changed, d)
		}
	}
	return changed
}

// Replace returns rows with the changed ones in their places.
func Replace(rows, changed []Desired) []Desired { return with(slices.Clone(rows), changed) }
