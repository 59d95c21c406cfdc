package metering

import (
	"reflect"
	"testing"
)

func TestPages(t *testing.T) {
	other := func(v Value, gateway, meter string) Value {
		v.Set.Gateway.Serial, v.Set.Meter.Serial = gateway, meter
		return v
	}
	fiscal := func(v Value) Value { v.Set.Page.Fiscal = true; return v }
	failed := func(v Value) Value { v.Verdict, v.Code = Failed, SignatureWrong; return v }
	at := func(page uint64) Value { return value(page, reading(t, During, int(page%60), "1")) }
	gap := func(value int, after, before, missing, gateway, meter string) Problem {
		return Problem{PageGap, value, []string{"after", after, "before", before, "missing", missing, "gateway", gateway, "meter", meter}}
	}
	for name, test := range map[string]struct {
		values []Value
		want   []Problem
	}{
		"none":                            {nil, nil},
		"in order":                        {[]Value{at(1), at(2), at(3)}, nil},
		"in any order, twice":             {[]Value{at(3), at(1), at(2), at(1)}, nil},
		"one missing":                     {[]Value{at(1), at(3)}, []Problem{gap(1, "1", "3", "1", "GW", "")}},
		"many missing":                    {[]Value{at(1 << 40), at(1)}, []Problem{gap(0, "1", "1099511627776", "1099511627774", "GW", "")}},
		"two with one number":             {[]Value{at(1), value(1, reading(t, Begin, 7, "2"))}, []Problem{{PageRepeated, 1, []string{"page", "1", "gateway", "GW", "meter", ""}}}},
		"what failed proves nothing":      {[]Value{at(1), failed(at(2)), at(3)}, []Problem{gap(2, "1", "3", "1", "GW", "")}},
		"fiscal pages count for theirs":   {[]Value{at(1), fiscal(at(9)), at(2), fiscal(at(10))}, nil},
		"a gateway counts for its meters": {[]Value{at(1), other(at(2), "GW", "MU"), at(3)}, nil},
		"devices count for themselves":    {[]Value{at(1), other(at(7), "GX", "MT"), at(2)}, nil},
		"a meter that signs":              {[]Value{other(at(1), "", "MT"), other(at(1), "", "MU"), other(at(3), "", "MU")}, []Problem{gap(2, "1", "3", "1", "", "MU")}},
	} {
		if got := Pages(test.values); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestElsewhere(t *testing.T) {
	own, others := session(t), []Value{value(6), value(10), value(11), value(12), value(13)}
	others[1].Verdict = Failed
	others[2].Set.Gateway.Serial = "GX"
	others[3].Set.Page.Fiscal = true
	others[4].Key.DER = "3058"
	if got, want := Elsewhere(others, &own[0]), []Page{{Number: 6}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Elsewhere(others, &Value{}); got != nil {
		t.Errorf("of nothing: got %v, want none", got)
	}
}
