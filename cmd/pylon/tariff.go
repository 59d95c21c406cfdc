package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/cmd/pylon/remote"
	"pylon/internal/app"
)

type tariffCmd struct {
	remote.Tariff `embed:""`

	Price   tariffPrice   `cmd:"" group:"Of a file, without a server" help:"Say what an example session costs, as one JSON object." example:"pylon tariff price --vector example.json"`
	Explain tariffExplain `cmd:"" group:"Of a file, without a server" help:"Say what an example session costs, step by step, in words." example:"pylon tariff explain --vector example.json --language de"`
	Lint    tariffLint    `cmd:"" group:"Of a file, without a server" help:"Say what is wrong with a tariff, and what to know before it is published." example:"pylon tariff lint tariff.json --ad-hoc --power 150 --country DE"`
}

type tariffPrice struct {
	app.Pricing `embed:""`

	Vector string `required:"" type:"path" placeholder:"FILE" help:"The example: a tariff, a session and a time zone; - is standard input."`
}

// Run prints what the session costs.
func (p *tariffPrice) Run(to terminal) error {
	in, err := openInput(p.Vector)
	if err != nil {
		return err
	}
	defer in.Close()
	answer, err := app.PriceVector(in, p.Pricing)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Vector, err)
	}
	_, err = fmt.Fprintln(to.out, string(answer))
	return err
}

type tariffExplain struct {
	Vector   string `required:"" type:"path" placeholder:"FILE" help:"The example: a tariff, a session and a time zone; - is standard input."`
	Split    bool   `help:"Find the charging periods in the example's timeline, instead of taking those that it has."`
	Language string `default:"en" placeholder:"CODE" help:"The language of the words, one of those that receipts have."`
}

// Run prints the steps.
func (e *tariffExplain) Run(to terminal) error {
	in, err := openInput(e.Vector)
	if err != nil {
		return err
	}
	defer in.Close()
	steps, err := app.ExplainVector(in, e.Split, e.Language)
	if err != nil {
		return fmt.Errorf("%s: %w", e.Vector, err)
	}
	for _, step := range steps {
		if _, err := fmt.Fprintln(to.out, step); err != nil {
			return err
		}
	}
	return nil
}

type tariffLint struct {
	app.TariffPlace `embed:""`

	File string `arg:"" type:"path" help:"A tariff of OCPI 2.2.1 or 2.3.0; - is standard input."`
}

// Run prints what there is to say; something that must not be published is an
// error.
func (l *tariffLint) Run(to terminal, c *remote.Connection) error {
	in, err := openInput(l.File)
	if err != nil {
		return err
	}
	defer in.Close()
	notices, err := app.LintTariff(in, l.TariffPlace)
	if err != nil {
		return fmt.Errorf("%s: %w", l.File, err)
	}
	if err := writeNotices(to, notices, c.Output); err != nil {
		return err
	}
	wrong := 0
	for _, n := range notices {
		if n.Severity == "error" {
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%s must not be published; errors: %d", l.File, wrong)
	}
	return nil
}

// writeNotices writes a list of JSON objects, or lines.
func writeNotices(to terminal, notices []app.TariffNotice, output string) error {
	if output == "json" {
		return json.MarshalWrite(to.out, notices, jsontext.WithIndent("  "))
	}
	table := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
	for _, n := range notices {
		fmt.Fprintf(table, "%s\t%s\t%s\n", n.Severity, n.Pointer, n.Text)
	}
	return table.Flush()
}
