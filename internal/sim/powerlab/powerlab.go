// Package powerlab replays days of a charging site from files and says how well its
// grid connection was shared.
//
// A file of schema evload-scenario/1 has a site's limits and the sessions of some days.
// [Replay] shows them to a policy as they come: a session from its arrival on, then with
// its exact departure and energy; limits that change, prices and sun in advance. Every
// step is judged by [limit.Set.Worst]. A file of schema evload-snapshot/1 is one step of
// a tree, with the answer that is expected.
//
// What a file breaks is told with the place in it, and nothing of a file that breaks a
// rule is played.
package powerlab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/domain/power/solve"
	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
)

// The schemas that can be read.
const (
	scenarioSchema = "evload-scenario/1"
	snapshotSchema = "evload-snapshot/1"
)

// What a file may have at most.
const (
	fileMax        = 128 << 20 // bytes: a million sessions, and room for their site
	stepsMax       = 1_000_000 // nearly a year of half minutes
	evsesMax       = 100_000   // ten times the largest site that anybody plans
	constraintsMax = 100_000   // a tree has fewer nodes than leaves
	levelsMax      = 32        // of a tree: nobody wires so many boards in a row
	overridesMax   = 100_000
	sessionsMax    = 1_000_000
	numberMax      = 1e9 // A, kW, kWh, money: sums of a million of them still have all their digits
)

// Scenario is some days of a site.
type Scenario struct {
	Name      string
	Hours     float64 // of a step
	Steps     int
	Limits    *limit.Set
	Sessions  []Session        // by arrival
	Overrides []solve.Override // of limits; from and to are steps of the scenario
	Signals   *solve.Money     // by step of the scenario; nil: nothing costs anything
}

// Session is a car that wants to be charged. Two of them are never at one outlet at a time.
type Session struct {
	ID                 string
	Outlet             int
	Arrival, Departure int     // it may draw in the steps [Arrival, Departure)
	Energy             float64 // kWh, above 0
	Max                float64 // A, the least of the outlet's and the car's
	KW                 float64 // for each ampere
	Weight             float64 // of a kWh, above 0
}

// File is what a file has: a scenario or a snapshot, the other is nil.
type File struct {
	Scenario *Scenario
	Snapshot *Snapshot
}

// Read reads a file of either schema. What breaks a rule is [fault.Invalid] with a
// pointer to it; members that the schema has for people only may be anything.
func Read(in io.Reader) (*File, error) {
	text, err := io.ReadAll(io.LimitReader(in, fileMax+1))
	if err != nil {
		return nil, err
	}
	if len(text) > fileMax {
		return nil, fault.InvalidField("", "too_long", fmt.Sprintf("has more than %d bytes", fileMax))
	}
	var kind struct {
		Schema string `json:"schema"`
	}
	if err := decode(text, &kind); err != nil {
		return nil, err
	}
	switch kind.Schema {
	case scenarioSchema:
		s, err := parseScenario(text)
		return &File{Scenario: s}, err
	case snapshotSchema:
		s, err := parseSnapshot(text)
		return &File{Snapshot: s}, err
	}
	return nil, fault.InvalidField("/schema", "unknown_value", "is neither "+scenarioSchema+" nor "+snapshotSchema)
}

// Run plays a file with the engine, by the machine's clock, and returns the score as a
// JSON object.
func Run(ctx context.Context, in io.Reader) ([]byte, error) {
	f, err := Read(in)
	if err != nil {
		return nil, err
	}
	var score any
	if f.Snapshot != nil {
		score, err = f.Snapshot.Solve(clock.System{})
	} else {
		score, err = ReplayEngine(ctx, f.Scenario, clock.System{})
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(score, jsontext.WithIndent("  "))
}

// decode reads JSON; what is none is told with its place.
func decode(text []byte, into any) error {
	err := json.Unmarshal(text, into)
	if err == nil {
		return nil
	}
	if wrong, ok := errors.AsType[*json.SemanticError](err); ok {
		return fault.InvalidField(string(wrong.JSONPointer), "type", "must be "+noun(wrong.GoType))
	}
	if wrong, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(wrong.Err, jsontext.ErrDuplicateName) {
			return fault.InvalidField(string(wrong.JSONPointer), "duplicate", "stands twice")
		}
		return fault.InvalidField(string(wrong.JSONPointer), "syntax", "is not JSON")
	}
	return fault.InvalidField("", "syntax", "is not JSON")
}

// noun names what a type is in JSON.
func noun(t reflect.Type) string {
	if t == nil {
		return "another value"
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Array:
		return "a list of two numbers"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}
