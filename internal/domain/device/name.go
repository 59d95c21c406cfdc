package device

import (
	"cmp"
	"strconv"
	"strings"
)

// Key names the variable within its EVSE, in one case, for comparing and for
// the database: component:instance.variable:instance, with #connector before
// it; a 1.6 key is itself.
func (n Name) Key() string { return strings.ToLower(n.path()) }

// String is the name as people read it: its path, with @evse behind it when
// it is not the station's.
func (n Name) String() string {
	if n.EVSE == 0 {
		return n.path()
	}
	return n.path() + "@" + strconv.Itoa(n.EVSE)
}

func (n Name) path() string {
	path := instanceOf(n.Variable, n.VariableInstance)
	if n.Component != "" {
		path = instanceOf(n.Component, n.Instance) + "." + path
	}
	if n.Connector != 0 {
		path = "#" + strconv.Itoa(n.Connector) + " " + path
	}
	return path
}

func instanceOf(name, instance string) string {
	if instance == "" {
		return name
	}
	return name + ":" + instance
}

// Compare orders names by EVSE, connector, component and variable, without
// case; 0 says that they name the same.
func (n Name) Compare(m Name) int {
	return cmp.Or(
		cmp.Compare(n.EVSE, m.EVSE), cmp.Compare(n.Connector, m.Connector),
		compareFold(n.Component, m.Component), compareFold(n.Instance, m.Instance),
		compareFold(n.Variable, m.Variable), compareFold(n.VariableInstance, m.VariableInstance),
	)
}

func compareFold(a, b string) int {
	if a == b {
		return 0
	}
	return cmp.Compare(strings.ToLower(a), strings.ToLower(b))
}

// folded is the name in one case: equal names are == then.
func (n Name) folded() Name {
	n.Component, n.Instance = strings.ToLower(n.Component), strings.ToLower(n.Instance)
	n.Variable, n.VariableInstance = strings.ToLower(n.Variable), strings.ToLower(n.VariableInstance)
	return n
}

// Secret reports whether the variable holds a password or a key by its name:
// its value is never kept. Pylon sets passwords by a command of their own.
// Source: OCPP 1.6 AuthorizationKey; 2.x BasicAuthPassword; 2.1
// NetworkConfiguration.
func (n Name) Secret() bool { return SpeaksOfSecret(n.Variable) }

// SpeaksOfSecret reports whether a text has the name of a secret in it.
func SpeaksOfSecret(text string) bool {
	text = strings.ToLower(text)
	for _, part := range []string{"authorizationkey", "password", "passphrase", "secret", "vpnkey"} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// or is the attribute, [Actual] when none was named.
func (a Attribute) or() Attribute {
	if a == "" {
		return Actual
	}
	return a
}

// rank orders the attributes as OCPP lists them.
func (a Attribute) rank() int {
	switch a {
	case Actual:
		return 0
	case Target:
		return 1
	case MinSet:
		return 2
	case MaxSet:
		return 3
	}
	return 4
}
