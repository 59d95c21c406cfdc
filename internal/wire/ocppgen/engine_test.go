package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/santhosh-tekuri/jsonschema/v6"
	broken "github.com/santhosh-tekuri/jsonschema/v6/kind"

	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

var (
	seed   = flag.Uint64("seed", 1, "seed of the random messages")
	rounds = flag.Int("rounds", 4, "random messages for each message type")
	update = flag.Bool("update", false, "write the corpora of the fuzz targets anew")
)

// shared returns the folder with the schemas.
func shared(t testing.TB) string {
	t.Helper()
	folder := os.Getenv("PYLON_SHARED")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(folder, "spec", "ocpp")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the schemas are not there: %v", err)
		}
		t.Skipf("the schemas are not there: %v", err)
	}
	return folder
}

// subject is a message type under test, beside its schema.
type subject struct {
	pkg    string
	name   string // of the Go type
	file   loader
	root   *node
	engine *jsonschema.Schema
	make   func() schema.Message
}

// subjects returns every message type of a version.
func subjects(t testing.TB, pkg string, request, response func(string) (schema.Message, bool)) []subject {
	t.Helper()
	v, err := versionOf(pkg)
	if err != nil {
		t.Fatal(err)
	}
	var list []subject
	for _, folder := range v.folders {
		files, err := filepath.Glob(filepath.Join(shared(t), "spec", "ocpp", folder, "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no schemas: %v", folder, err)
		}
		for _, path := range files {
			s := subject{pkg: pkg, root: new(node), engine: compile(t, path)}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\uFEFF")), s.root); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			s.file = loader{file: filepath.Base(path), definitions: s.root.Definitions}
			action, isResponse := strings.CutSuffix(strings.TrimSuffix(filepath.Base(path), ".json"), "Response")
			action = strings.TrimSuffix(action, "Request")
			create := request
			if isResponse {
				create = response
			}
			m, ok := create(action)
			if !ok {
				t.Fatalf("%s: %s has no Go type", pkg, filepath.Base(path))
			}
			typ := reflect.TypeOf(m).Elem()
			s.name = typ.Name()
			s.make = func() schema.Message { return reflect.New(typ).Interface().(schema.Message) }
			list = append(list, s)
		}
	}
	return list
}

func allSubjects(t testing.TB) []subject {
	t.Helper()
	return slices.Concat(
		subjects(t, "ocpp16", ocpp16.NewRequest, ocpp16.NewResponse),
		subjects(t, "ocpp201", ocpp201.NewRequest, ocpp201.NewResponse),
		subjects(t, "ocpp21", ocpp21.NewRequest, ocpp21.NewResponse))
}

func compile(t testing.TB, path string) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF"))))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("file:///"+filepath.Base(path), doc); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	compiled, err := compiler.Compile("file:///" + filepath.Base(path))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return compiled
}

// finding is a violation without its words.
type finding struct {
	path string
	rule schema.Rule
}

// judge returns what the schema engine finds in a message; its error when the message is not JSON.
func (s subject) judge(data []byte) ([]finding, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	err = s.engine.Validate(value)
	if err == nil {
		return nil, nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil, err
	}
	var found []finding
	leaves(invalid, &found)
	return found, nil
}

func leaves(e *jsonschema.ValidationError, found *[]finding) {
	for _, cause := range e.Causes {
		leaves(cause, found)
	}
	if len(e.Causes) > 0 {
		return
	}
	path := ""
	for _, part := range e.InstanceLocation {
		if _, err := strconv.Atoi(part); err == nil {
			path += "[" + part + "]"
		} else {
			path = strings.TrimPrefix(path+"."+part, ".")
		}
	}
	add := func(rule schema.Rule, names ...string) {
		for _, name := range names {
			*found = append(*found, finding{strings.TrimPrefix(path+"."+name, "."), rule})
		}
		if len(names) == 0 {
			*found = append(*found, finding{path, rule})
		}
	}
	switch k := e.ErrorKind.(type) {
	case *broken.Type:
		add(schema.RuleType)
	case *broken.Required:
		add(schema.RuleRequired, k.Missing...)
	case *broken.Enum:
		add(schema.RuleEnum)
	case *broken.MaxLength:
		add(schema.RuleLength)
	case *broken.Minimum, *broken.Maximum, *broken.MultipleOf:
		add(schema.RuleRange)
	case *broken.MinItems, *broken.MaxItems:
		add(schema.RuleItems)
	case *broken.AdditionalProperties:
		add(schema.RuleUnknown, k.Properties...)
	case *broken.Format:
		add(schema.RuleFormat)
	default:
		panic(fmt.Sprintf("the engine's %T has no rule", k))
	}
}

func findings(violations schema.Violations) []finding {
	var found []finding
	for _, v := range violations {
		found = append(found, finding{v.Path, v.Rule})
	}
	return found
}

// TestVerdictOfSchemaEngine compares generated validation with a JSON schema engine: random valid messages of every
// type, each broken in many single ways. Both must agree, and we must name the rule and the field.
func TestVerdictOfSchemaEngine(t *testing.T) {
	perMessage := 25 // mutations; -rounds 100 takes minutes and tries nearly all there are
	for _, s := range allSubjects(t) {
		t.Run(s.pkg+"/"+s.name, func(t *testing.T) {
			t.Parallel()
			for round := range *rounds {
				a := author{rand.New(rand.NewPCG(*seed, uint64(round))), []float64{1, 0, 0.5, 2}[round%4]}
				data := a.json(a.message(s.file, s.root))
				s.compare(t, data, finding{})
				for i := range perMessage {
					// Building the message again is simpler than undoing a mutation.
					b := author{rand.New(rand.NewPCG(*seed, uint64(round*1000+i))), a.full}
					message := b.message(s.file, s.root)
					choices := b.mutations(message)
					chosen := choices[b.IntN(len(choices))]
					chosen.apply()
					s.compare(t, b.json(message), finding{chosen.path, chosen.rule})
				}
			}
		})
	}
}

// compare demands the engine's verdict, and the violation want if it has a rule.
func (s subject) compare(t *testing.T, data []byte, want finding) {
	t.Helper()
	expected, err := s.judge(data)
	if err != nil {
		t.Fatalf("-seed %d: the test wrote something that is not JSON: %v\n%s", *seed, err, data)
	}
	m := s.make()
	violations := schema.Decode(data, m)
	got := findings(violations)
	if (len(got) == 0) != (len(expected) == 0) {
		t.Fatalf("-seed %d: got %v, the engine finds %v in\n%s", *seed, violations, expected, data)
	}
	for _, f := range got {
		if !slices.Contains(expected, f) {
			t.Errorf("-seed %d: got %v, the engine finds %v in\n%s", *seed, f, expected, data)
		}
	}
	if want.rule != 0 && !slices.Contains(got, want) {
		t.Errorf("-seed %d: got %v, want %v in\n%s", *seed, got, want, data)
	}
	if violations.Tolerable() {
		sameAfterEncode(t, data, m)
	}
}

// sameAfterEncode demands that nothing a message said is lost: digits and unknown fields included.
func sameAfterEncode(t *testing.T, data []byte, m schema.Message) {
	t.Helper()
	encoded, err := schema.Encode(m)
	if err != nil {
		t.Fatalf("encode: %v\n%s", err, data)
	}
	got, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		t.Fatalf("encode wrote no JSON: %v\n%s", err, encoded)
	}
	want, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(plainIntegers(got), plainIntegers(want)) {
		t.Errorf("decoded and encoded:\n%s\nwas\n%s", encoded, data)
	}
}

// plainIntegers writes 5.0 as 5: an integer field keeps its value, not its spelling.
func plainIntegers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name := range v {
			v[name] = plainIntegers(v[name])
		}
	case []any:
		for i := range v {
			v[i] = plainIntegers(v[i])
		}
	default:
		if number, ok := v.(fmt.Stringer); ok {
			if text, found := strings.CutSuffix(number.String(), ".0"); found && text != "-0" {
				return "integer " + text
			}
			if _, err := strconv.Atoi(number.String()); err == nil {
				return "integer " + number.String()
			}
			return "number " + number.String()
		}
	}
	return value
}

// TestVerdictOnNoise changes single bytes: what is not JSON must be refused by both, the rest judged alike.
func TestVerdictOnNoise(t *testing.T) {
	const perMessage = 40
	for _, s := range allSubjects(t) {
		a := author{rand.New(rand.NewPCG(*seed, 7)), 0.5}
		clean := a.json(a.message(s.file, s.root))
		for range perMessage {
			data := bytes.Clone(clean)
			noise := []byte("{}[]\",:\\0-.eE+ nulltrue\x00\x1f\x80\xff")
			switch at := a.IntN(len(data)); a.IntN(3) {
			case 0:
				data[at] = noise[a.IntN(len(noise))]
			case 1:
				data = slices.Insert(data, at, noise[a.IntN(len(noise))])
			default:
				data = slices.Delete(data, at, min(at+1+a.IntN(3), len(data)))
			}
			expected, err := s.judge(data)
			violations := schema.Decode(data, s.make())
			if explained(data, violations, expected) {
				continue
			}
			if invalid := err != nil || len(expected) > 0; invalid != (len(violations) > 0) {
				t.Errorf("-seed %d: %s: got %v, the engine says %v %v of\n%q", *seed, s.name, violations, err, expected, data)
			}
		}
	}
}

// explained reports whether reader and engine differ on purpose; see the package comment of schema. Both have
// their own idea of a URI, and the engine reads the digits of a time with Atoi, "+5" among them: noise
// in a format proves nothing, formats have their own tables.
func explained(data []byte, violations schema.Violations, expected []finding) bool {
	format := func(f finding) bool { return f.rule == schema.RuleFormat }
	return !utf8.Valid(data) || slices.ContainsFunc(violations, func(v schema.Violation) bool {
		return v.Detail == "stands twice" || v.Detail == "has too many digits"
	}) || slices.ContainsFunc(findings(violations), format) || slices.ContainsFunc(expected, format)
}

// TestCorpora checks that the corpora of the fuzz targets have every message type, and writes them anew with -update:
// a valid message and a broken one of each, small enough to read.
func TestCorpora(t *testing.T) {
	texts := map[string]*strings.Builder{}
	for _, s := range allSubjects(t) {
		b := texts[s.pkg]
		if b == nil {
			b = new(strings.Builder)
			texts[s.pkg] = b
		}
		a := author{rand.New(rand.NewPCG(1, 1)), 0.4}
		message := a.message(s.file, s.root)
		for len(a.compact(message)) > 700 && a.full > 0.01 {
			a.full /= 2
			message = a.message(s.file, s.root)
		}
		fmt.Fprintf(b, "valid %s %s\n", s.name, a.compact(message))
		choices := slices.DeleteFunc(a.mutations(message), func(m mutation) bool {
			return m.rule == 0 || m.rule == schema.RuleLength || m.rule == schema.RuleItems
		})
		chosen := choices[a.IntN(len(choices))]
		chosen.apply()
		fmt.Fprintf(b, "%s:%s %s %s\n", strings.ReplaceAll(chosen.rule.String(), " ", "-"), chosen.path, s.name, a.compact(message))
	}
	for pkg, b := range texts {
		path := filepath.Join("..", pkg, "testdata", "messages.txt")
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != b.String() {
			t.Errorf("%s is out of date: run go test ./internal/wire/ocppgen -run TestCorpora -update", path)
		}
	}
}
