package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/client"
)

// documentMax is more than a station takes, and 100,000 stations to make.
const documentMax = 64 << 20

// read reads a file, or standard input when that is -.
func (t Terminal) read(path string) ([]byte, error) {
	from := t.In
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, usageError{err.Error()}
		}
		defer file.Close()
		from = file
	}
	text, err := io.ReadAll(io.LimitReader(from, documentMax+1))
	if err == nil && len(text) > documentMax {
		err = usage("%s: more than %d MiB", path, documentMax>>20)
	}
	return text, err
}

// readJSON reads one JSON text: as it is given, from the file that @ names, or
// from standard input for -.
func (t Terminal) readJSON(given string) (jsontext.Value, error) {
	text := []byte(given)
	path, named := strings.CutPrefix(given, "@")
	if named || given == "-" {
		var err error
		if text, err = t.read(path); err != nil {
			return nil, err
		}
	}
	if !jsontext.Value(text).IsValid() {
		return nil, usage("this is no JSON: %s", shortened(given))
	}
	return text, nil
}

// shortened is enough of a text to recognise it.
func shortened(s string) string {
	const enough = 60
	if runes := []rune(s); len(runes) > enough {
		return string(runes[:enough]) + "…"
	}
	return s
}

// FromFile is the flag of commands that make what a file describes.
type FromFile struct {
	File string `short:"f" placeholder:"FILE" help:"Make what this file describes, as the API takes it: one JSON object, a list of them, or one a line. - reads standard input."`
}

// create makes every thing of the file.
func (f FromFile) create(ctx context.Context, c *Connection, path string) error {
	text, err := c.terminal.read(f.File)
	if err != nil {
		return err
	}
	things, err := objects(text)
	if err != nil {
		return usage("%s: %s", f.File, err)
	}
	byName, names := map[string]jsontext.Value{}, []string{}
	for i, thing := range things {
		name := fmt.Sprintf("%s: number %d", f.File, i+1)
		byName[name], names = thing, append(names, name)
	}
	return c.each(ctx, names, func(ctx context.Context, api *client.Client, name string) (jsontext.Value, error) {
		return api.Create(ctx, path, byName[name])
	})
}

// objects returns the JSON objects of a text, those in lists too.
func objects(text []byte) ([]jsontext.Value, error) {
	var all []jsontext.Value
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		switch dec.PeekKind() {
		case '[', ']':
			if _, err := dec.ReadToken(); err != nil {
				return nil, err
			}
		default:
			thing, err := dec.ReadValue()
			if errors.Is(err, io.EOF) && len(all) == 0 {
				return nil, errors.New("there is nothing in it")
			}
			if errors.Is(err, io.EOF) {
				return all, nil
			}
			if err != nil {
				return nil, err
			}
			if thing.Kind() != '{' {
				return nil, fmt.Errorf("%s is no object", shortened(thing.String()))
			}
			all = append(all, thing.Clone())
		}
	}
}
