package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"pylon/internal/app"
)

type backupCmd struct {
	Write  backupWrite  `cmd:"" default:"withargs" help:"Write a backup, while everything runs."`
	Verify backupVerify `cmd:"" help:"Read a backup to its end and say what is in it." example:"pylon backup verify pylon.backup"`
}

type backupWrite struct {
	app.Storage `embed:""`

	To     string `required:"" type:"path" placeholder:"FILE" help:"The new file; - is standard output."`
	Frames bool   `default:"true" negatable:"" help:"With the frames that were exchanged with stations."`
}

// Run writes.
func (b *backupWrite) Run(ctx context.Context, to terminal) error {
	if b.To == "-" && isTerminal(to.out) {
		return errors.New("a backup is no text: send standard output to a file or a program")
	}
	c, err := app.Backup(ctx, b.Storage, b.To, b.Frames, to.out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(to.err, "%d rows of %d tables, %s; keep it where nobody else reads it\n", c.Rows(), len(c.Tables), megabytes(c.Packed))
	return err
}

// megabytes says how much so many bytes are.
func megabytes(n int64) string { return fmt.Sprintf("%d.%d MB", n/1e6, n/1e5%10) }

type backupVerify struct {
	File string `arg:"" type:"path" help:"The backup; - is standard input."`
}

// Run reads the file as a restore would, and prints its tables.
func (b *backupVerify) Run(to terminal) error {
	in, err := openInput(b.File)
	if err != nil {
		return err
	}
	defer in.Close()
	c, err := app.VerifyBackup(in)
	if err != nil {
		return err
	}
	m := c.Manifest
	fmt.Fprintf(to.out, "taken at %s by Pylon %s from %s, tables of version %d\n", m.TakenAt.Format("2006-01-02 15:04:05Z07:00"), m.Program, m.Database, m.Schema)
	for _, t := range c.Tables {
		fmt.Fprintf(to.out, "%12d  %s\n", t.Rows, t.Table)
	}
	_, err = fmt.Fprintf(to.out, "%12d  rows, %s; whole and as it was written\n", c.Rows(), megabytes(c.Packed))
	return err
}

// openInput opens a file, or standard input.
func openInput(file string) (io.ReadCloser, error) {
	if file == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	return os.Open(file)
}

type restoreCmd struct {
	app.Storage `embed:""`

	From string `required:"" type:"path" placeholder:"FILE" help:"The backup; - is standard input."`
}

// Run restores.
func (r *restoreCmd) Run(ctx context.Context, to terminal) error {
	in, err := openInput(r.From)
	if err != nil {
		return err
	}
	defer in.Close()
	c, err := app.Restore(ctx, r.Storage, in)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(to.err, "%d rows of %d tables, as they were at %s\n", c.Rows(), len(c.Tables), c.Manifest.TakenAt.Format("2006-01-02 15:04:05Z07:00"))
	return err
}
