package remote

import (
	"context"
	"maps"
	"slices"
)

// Contexts is the noun.
type Contexts struct {
	Connection `embed:""`

	List   contextList   `cmd:"" help:"List the servers that are known."`
	Set    contextSet    `cmd:"" help:"Know a server, its key from standard input." example:"pylon context set prod --server https://pylon.example < keyfile"`
	Select contextSelect `cmd:"" help:"Talk to this one from now on."`
	Delete contextDelete `cmd:"" help:"Forget a server and its key."`
}

type contextList struct{}

// Run lists; keys are not shown.
func (contextList) Run(c *Connection) error {
	book, err := openContexts(c.terminal.Environ)
	if err != nil {
		return err
	}
	type row struct {
		Name    string `json:"name"`
		Server  string `json:"server"`
		Current bool   `json:"current"`
		HasKey  bool   `json:"has_key"`
	}
	names := slices.Sorted(maps.Keys(book.Contexts))
	var rows []any
	for _, name := range names {
		k := book.Contexts[name]
		rows = append(rows, row{name, k.Server, name == book.Current, k.Key != ""})
	}
	return c.rows(values(rows), []column{{"NAME", "name", nil}, {"SERVER", "server", nil}, {"CURRENT", "current", nil}, {"KEY", "has_key", nil}})
}

type contextSet struct {
	Name string `arg:"" help:"Yours to choose."`
}

// Run keeps it after asking the server whether it knows the key.
func (s *contextSet) Run(ctx context.Context, c *Connection) error {
	if c.Server == "" {
		return usage("--server says which: pylon context set %s --server https://host < keyfile", s.Name)
	}
	key, err := c.terminal.readSecret("the API key")
	if err != nil {
		return err
	}
	api, err := c.client(known{Server: c.Server, Key: key})
	if err != nil {
		return err
	}
	if _, err := api.Get(ctx, "/me"); err != nil {
		return err
	}
	book, err := openContexts(c.terminal.Environ)
	if err != nil {
		return err
	}
	book.Contexts[s.Name] = known{Server: c.Server, Key: key}
	book.Current = first(book.Current, s.Name)
	if err := book.save(); err != nil {
		return err
	}
	c.say("%s is known; %s is in use", s.Name, book.Current)
	return nil
}

type contextSelect struct {
	Name string `arg:"" help:"One of the list."`
}

// Run selects it.
func (s *contextSelect) Run(c *Connection) error {
	return c.changeContexts(s.Name, func(book *contexts) { book.Current = s.Name })
}

type contextDelete struct {
	Name string `arg:"" help:"One of the list."`
}

// Run forgets it.
func (d *contextDelete) Run(c *Connection) error {
	return c.changeContexts(d.Name, func(book *contexts) {
		delete(book.Contexts, d.Name)
		if book.Current == d.Name {
			book.Current = ""
		}
	})
}

func (c *Connection) changeContexts(name string, change func(*contexts)) error {
	book, err := openContexts(c.terminal.Environ)
	if err != nil {
		return err
	}
	if _, ok := book.Contexts[name]; !ok {
		return usage("there is no context %q; `pylon context list` shows them", name)
	}
	change(&book)
	return book.save()
}
