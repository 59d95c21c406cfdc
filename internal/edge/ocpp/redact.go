package ocpp

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/domain/device"
)

// mask stands for a secret.
const mask = `"***"`

// mayHoldSecrets reports whether calls of an action or their answers can hold
// a password or a key. Only these are looked through, for it costs as much as
// decoding them.
func mayHoldSecrets(action string) bool {
	switch action {
	case "ChangeConfiguration", "GetConfiguration", "SetVariables", "GetVariables", "SetNetworkProfile",
		"NotifyReport", "NotifyEvent", "DataTransfer",
		"GetDiagnostics", "GetLog", "UpdateFirmware", "SignedUpdateFirmware", "PublishFirmware": // URIs with a login
		return true
	}
	return false
}

// redact returns JSON without its secrets: values of keys and variables that
// are named for a secret or may only be written, keys and passwords of network
// profiles, and logins in URIs. All else stays byte for byte; what has no
// secrets is returned itself. What is no JSON is withheld when it speaks of
// secrets.
func redact(data []byte) []byte {
	r := redactor{data: data, decoder: jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	if _, err := r.value(""); err != nil {
		if device.SpeaksOfSecret(string(data)) {
			return withheld
		}
		return data
	}
	if len(r.secrets) == 0 {
		return data
	}
	slices.SortFunc(r.secrets, func(a, b span) int { return a.from - b.from })
	var out []byte
	at := 0
	for _, s := range r.secrets {
		if s.from >= at { // a value may be a secret for two reasons
			out = append(append(out, data[at:s.from]...), s.mask...)
			at = s.to
		}
	}
	return append(out, data[at:]...)
}

// span is a stretch of JSON that a mask takes the place of.
type span struct {
	from, to int
	mask     string
}

// redactor walks through JSON and collects its secrets.
type redactor struct {
	data    []byte
	decoder *jsontext.Decoder
	secrets []span
}

// found is what a value means to the object around it.
type found struct {
	text   string // of a string
	name   string // of an object: what its name says
	values []span // values that are secrets when a name beside them says so
}

// value walks through one value that stands under name.
func (r *redactor) value(name string) (found, error) {
	switch r.decoder.PeekKind() {
	case '{':
		return r.object(name)
	case '[':
		return r.array(name)
	case '"':
		return r.text()
	default:
		return found{}, r.decoder.SkipValue()
	}
}

func (r *redactor) text() (found, error) {
	raw, err := r.decoder.ReadValue()
	if err != nil {
		return found{}, err
	}
	to := int(r.decoder.InputOffset())
	from := to - len(raw)
	r.login(from, to)
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		text = raw // half a surrogate pair; no name of ours has one
	}
	return found{text: string(text), values: []span{{from, to, mask}}}, nil
}

// login takes user and password out of a URI.
func (r *redactor) login(from, to int) {
	text := string(r.data[from:to])
	start := strings.Index(text, "://")
	if start < 0 {
		return
	}
	start += len("://")
	end := strings.IndexAny(text[start:], `@/?#"\`)
	if end > 0 && text[start+end] == '@' {
		r.secrets = append(r.secrets, span{from + start, from + start + end, "***"})
	}
}

func (r *redactor) array(name string) (found, error) {
	if _, err := r.decoder.ReadToken(); err != nil {
		return found{}, err
	}
	var all found
	for r.decoder.PeekKind() != ']' {
		item, err := r.value(name)
		if err != nil {
			return found{}, err
		}
		all.values = append(all.values, item.values...)
	}
	_, err := r.decoder.ReadToken()
	return all, err
}

func (r *redactor) object(name string) (found, error) {
	if _, err := r.decoder.ReadToken(); err != nil {
		return found{}, err
	}
	var named string
	var writeOnly bool
	var values []span
	var own found
	for r.decoder.PeekKind() != '}' {
		token, err := r.decoder.ReadToken()
		if err != nil {
			return found{}, err
		}
		member := token.String()
		v, err := r.value(member)
		if err != nil {
			return found{}, err
		}
		switch {
		case device.SpeaksOfSecret(member), name == "vpn" && member == "key":
			r.secrets = append(r.secrets, v.values...)
		case member == "key":
			named = v.text
		case member == "variable":
			named = v.name
		case member == "mutability":
			writeOnly = v.text == string(device.WriteOnly)
		case member == "name":
			own.name = v.text
		case member == "value", member == "attributeValue", member == "actualValue":
			values = append(values, v.values...)
			own.values = append(own.values, v.values...)
		case member == "variableAttribute":
			values = append(values, v.values...)
		}
	}
	if writeOnly || device.SpeaksOfSecret(named) {
		r.secrets = append(r.secrets, values...)
	}
	_, err := r.decoder.ReadToken()
	return own, err
}
