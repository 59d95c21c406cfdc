package account_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/account"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

func TestCan(t *testing.T) {
	for _, c := range []struct {
		name string
		has  []account.Scope
		want account.Scope
		can  bool
	}{
		{"itself", []account.Scope{account.SitesRead}, account.SitesRead, true},
		{"write includes read", []account.Scope{account.SitesWrite}, account.SitesRead, true},
		{"read does not include write", []account.Scope{account.SitesRead}, account.SitesWrite, false},
		{"another noun's write", []account.Scope{account.TokensWrite}, account.SitesRead, false},
		{"everything", []account.Scope{account.All}, account.OCPPWrite, true},
		{"everything, to come", []account.Scope{account.All}, "ledger:write", true},
		{"all of them are not everything", account.Scopes()[1:], account.All, false},
		{"one of several", []account.Scope{account.SitesRead, account.LogRead}, account.LogRead, true},
		{"none", nil, account.SitesRead, false},
		{"an empty scope does not read", []account.Scope{""}, account.SitesRead, false},
		{"an empty scope does not write", []account.Scope{""}, account.SitesWrite, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := account.Actor{Scopes: c.has}.Can(c.want)
			if c.can && err != nil {
				t.Errorf("got %v, want nil", err)
			}
			if !c.can && (!fault.Is(err, fault.Forbidden) || fault.CodeOf(err) != "scope_missing") {
				t.Errorf("got %v, want scope_missing", err)
			}
		})
	}
}

// Whatever else a caller has, he can do a thing exactly when he has its scope,
// the write scope of the same noun, or everything.
func TestCanNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scope := rapid.SampledFrom(account.Scopes())
		has, want := rapid.SliceOfN(scope, 0, 5).Draw(t, "has"), scope.Draw(t, "want")
		noun, verb := split(string(want))
		should := slices.ContainsFunc(has, func(s account.Scope) bool {
			n, v := split(string(s))
			return s == account.All || n == noun && (v == verb || v == "write")
		})
		if err := (account.Actor{Scopes: has}).Can(want); (err == nil) != should {
			t.Errorf("%v, %s: got %v, want %t", has, want, err, should)
		}
	})
}

func split(scope string) (noun, verb string) {
	for i := range len(scope) {
		if scope[i] == ':' {
			return scope[:i], scope[i+1:]
		}
	}
	return scope, ""
}

// Every scope that the package names can be given, once.
func TestScopesAreComplete(t *testing.T) {
	var want []account.Scope
	for _, text := range constants(t, "account.go", "Scope") {
		want = append(want, account.Scope(text))
	}
	if got := account.Scopes(); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// constants returns the values of the constants that a source file declares
// with a type, in their order.
func constants(t *testing.T, file, of string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		name, typed := spec.Type.(*ast.Ident)
		literal, plain := spec.Values[0].(*ast.BasicLit)
		if typed && plain && name.Name == of {
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, text)
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("%s declares no constant of type %s", file, of)
	}
	return values
}

func TestInForce(t *testing.T) {
	now := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		key  account.Key
		want bool
	}{
		{"for ever", account.Key{}, true},
		{"expires in a moment", account.Key{ExpiresAt: now.Add(1)}, true},
		{"expires now", account.Key{ExpiresAt: now}, false},
		{"has expired", account.Key{ExpiresAt: now.Add(-1)}, false},
		{"revoked", account.Key{RevokedAt: now.Add(-time.Hour)}, false},
		{"revoked before its expiry", account.Key{RevokedAt: now.Add(-time.Hour), ExpiresAt: now.Add(time.Hour)}, false},
		{"revoked by a clock ahead of ours", account.Key{RevokedAt: now.Add(time.Minute)}, false},
		{"expires now in another zone", account.Key{ExpiresAt: now.In(time.FixedZone("", 3600))}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.key.InForce(now); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

// Pylon itself may do everything in its organisation, but is not the operator
// of the installation and uses no key.
func TestSystem(t *testing.T) {
	org := ident.OrganisationID("org_01JD3K6X5M8Q2V7T9WBNCRFHYZ")
	a := account.System(org, "gateway")
	for _, s := range account.Scopes() {
		if err := a.Can(s); err != nil {
			t.Errorf("%s: got %v", s, err)
		}
	}
	if a.Operator || a.Key != "" || a.Organisation != org || a.Name != "gateway" {
		t.Errorf("got %+v", a)
	}
}
