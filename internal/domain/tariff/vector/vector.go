// Package vector reads and writes examples of pricing: one JSON file holds an
// OCPI tariff, a charging session and what the session costs. Such files come
// from the specification's text, from bugs and from other people's engines, so
// their shape is its own and no part of Pylon's API.
//
// Reading is strict about what it knows and deaf to what it does not: a file may
// have any further members.
package vector

import (
	"errors"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// sizeMax bounds a file: the largest tariff that anybody has published, a week of
// quarter-hourly prices, has 200 KiB.
const sizeMax = 4 << 20

// Vector is an example.
type Vector struct {
	ID        string
	Title     string
	Decisions []string // that the expectation relies on, where the specification is silent
	Question  rating.Question
	Expected  *Answer // nil: the file does not tell

	timeline []segment
}

// Parse reads a file. What breaks its shape is [fault.Invalid] with a pointer;
// whether the question makes sense is for a rater to say.
func Parse(text []byte) (*Vector, error) {
	if len(text) > sizeMax {
		return nil, fault.InvalidField("", "too_long", "a file has at most 4 MiB")
	}
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, malformed(err)
	}
	q, err := f.question()
	if err != nil {
		return nil, err
	}
	return &Vector{
		ID: f.ID, Title: f.Title, Decisions: f.Decisions, Question: q, Expected: f.Expected, timeline: f.Session.Timeline,
	}, nil
}

// malformed says where the decoder stopped, and why.
func malformed(err error) error {
	var at jsontext.Pointer
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at = e.JSONPointer
	}
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		at = e.JSONPointer
		if e.Err != nil {
			err = e.Err
		}
	}
	return fault.InvalidField(string(at), "malformed", err.Error())
}

// Unsplit returns the same question with the session as it was measured
// instead of its charging periods, so that a rater has to find these itself;
// false when the file does not tell.
func (v *Vector) Unsplit() (q rating.Question, ok bool, err error) {
	if len(v.timeline) == 0 {
		return rating.Question{}, false, nil
	}
	q = v.Question
	q.Session.Periods = nil
	q.Session.Timeline, err = timeline(v.timeline)
	return q, true, err
}

// milliWattHours is the power of ten between a register's kWh and our unit.
const milliWattHours = 6

func timeline(segments []segment) (*rating.Timeline, error) {
	var t rating.Timeline
	for _, s := range segments {
		t.Spans = append(t.Spans, rating.Span{State: s.State, From: s.Start.at, To: s.End.at})
		for _, r := range []struct {
			at  time.Time
			kwh *number
		}{{s.Start.at, s.RegisterStart}, {s.End.at, s.RegisterEnd}} {
			if r.kwh == nil {
				continue
			}
			read, exact, err := decimal.Decimal(*r.kwh).Scaled(milliWattHours)
			if err != nil || !exact {
				return nil, fault.InvalidField("/session/timeline", "register", "a register has whole milliwatt-hours")
			}
			t.Readings = appendReading(t.Readings, r.at, unit.MilliWattHour(read))
		}
	}
	return &t, nil
}

// appendReading leaves out what the end of the segment before has said already.
func appendReading(to []rating.Reading, at time.Time, register unit.MilliWattHour) []rating.Reading {
	if n := len(to); n > 0 && to[n-1].At.Equal(at) && *to[n-1].Energy == register {
		return to
	}
	return append(to, rating.Reading{At: at, Energy: &register})
}
