// Package locale writes numbers, amounts, dates and sentences in the languages
// that documents are handed out in.
//
// A language is one file of the folder catalogue: how it writes figures (as the Unicode CLDR
// has it) and its texts by key. All files have the same keys, and the same placeholders in each; a test
// sees to it. A [Language] is never changed once it is loaded.
package locale

import (
	"embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

//go:embed catalogue
var files embed.FS

// Language is a language of the catalogue.
type Language struct {
	tag    string
	format format
	text   map[string]string
}

// format is how a language writes figures. Patterns have {n} for the number,
// {c} for the currency's sign, {y}, {m}, {mm}, {mon}, {d} and {dd} for parts of a date.
type format struct {
	Decimal   string            `json:"decimal"`     // between whole and fraction
	Group     string            `json:"group"`       // between thousands
	GroupLead int               `json:"group_lead"`  // digits that must stand before the first group: with 2, 1000 stays 1000
	Minus     string            `json:"minus"`       //
	Percent   string            `json:"percent"`     // pattern
	Money     string            `json:"money"`       // pattern
	Debt      string            `json:"money_minus"` // pattern of a negative amount
	Date      string            `json:"date"`        // pattern
	Months    []string          `json:"months"`      // short, January first
	Signs     map[string]string `json:"signs"`       // of currencies; others have their code
}

// catalogue is a file.
type catalogue struct {
	Format format            `json:"format"`
	Text   map[string]string `json:"text"`
}

const monthsOfYear = 12

// Load returns all languages by their tag.
func Load() (map[string]*Language, error) {
	entries, err := files.ReadDir("catalogue")
	if err != nil {
		return nil, err
	}
	languages := map[string]*Language{}
	for _, entry := range entries {
		name := path.Join("catalogue", entry.Name())
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var c catalogue
		if err := json.Unmarshal(data, &c, json.RejectUnknownMembers(true)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(c.Format.Months) != monthsOfYear {
			return nil, fmt.Errorf("%s: %d months", name, len(c.Format.Months))
		}
		tag := strings.TrimSuffix(entry.Name(), ".json")
		languages[tag] = &Language{tag, c.Format, c.Text}
	}
	return languages, nil
}

// Find returns the language of a BCP 47 tag: the one itself, or that of its first
// part, as de of de-AT. False when there is none.
func Find(languages map[string]*Language, tag string) (*Language, bool) {
	if l, ok := languages[tag]; ok {
		return l, true
	}
	base, _, _ := strings.Cut(tag, "-")
	l, ok := languages[strings.ToLower(base)]
	return l, ok
}

// Tag returns the language's tag in BCP 47.
func (l *Language) Tag() string { return l.tag }

// Has reports whether the language has a text for the key.
func (l *Language) Has(key string) bool { return l.text[key] != "" }

// Keys returns the keys of all texts, sorted.
func (l *Language) Keys() []string { return slices.Sorted(maps.Keys(l.text)) }

// Text returns the text of a key; values are name, value pairs for its
// placeholders. A value is taken as it is, braces included. Without a text it is the key.
func (l *Language) Text(key string, values ...string) string {
	text, ok := l.text[key]
	if !ok {
		return key
	}
	return fill(text, values)
}

// Choose returns the text of prefix.value, or value itself where the catalogue does not know it.
func (l *Language) Choose(prefix, value string) string {
	if text, ok := l.text[prefix+"."+value]; ok {
		return text
	}
	return value
}

// Placeholders returns the names between braces in the text of a key, sorted.
func (l *Language) Placeholders(key string) []string {
	var names []string
	for rest := l.text[key]; ; {
		_, after, found := strings.Cut(rest, "{")
		name, tail, closed := strings.Cut(after, "}")
		if !found || !closed {
			break
		}
		names, rest = append(names, name), tail
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// fill puts values (name, value pairs) in the place of {name}. What stands in
// [brackets] is left out when a placeholder in it has no value, or an empty one.
func fill(text string, values []string) string {
	given := func(name string) (string, bool) {
		for i := 0; i+1 < len(values); i += 2 {
			if values[i] == name {
				return values[i+1], true
			}
		}
		return "", false
	}
	var out strings.Builder
	optional, whole := 0, true // where the brackets began in out, and whether all in them is there
	for text != "" {
		at := strings.IndexAny(text, "{[]")
		if at < 0 {
			break
		}
		out.WriteString(text[:at])
		mark := text[at]
		text = text[at+1:]
		switch mark {
		case '[':
			optional, whole = out.Len(), true
		case ']':
			if !whole {
				kept := out.String()[:optional]
				out.Reset()
				out.WriteString(kept)
			}
		case '{':
			name, rest, _ := strings.Cut(text, "}")
			value, ok := given(name)
			whole = whole && value != ""
			if !ok {
				value = "{" + name + "}"
			}
			out.WriteString(value)
			text = rest
		}
	}
	out.WriteString(text)
	return out.String()
}
