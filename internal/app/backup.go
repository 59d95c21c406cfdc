package app

import (
	"context"
	"errors"
	"io"

	"pylon/internal/kernel/clock"
	"pylon/internal/store/archive"
)

// Storage is where an installation keeps its data, in the settings of serve.
type Storage struct {
	Data        string `type:"path" help:"Folder of the databases (./data)."`
	DatabaseURL string `name:"database-url" help:"postgres://… instead of SQLite in the data folder."`
}

func (s Storage) place() archive.Place {
	return archive.Place{Folder: s.Data, DatabaseURL: s.DatabaseURL}
}

// check completes s as serve does, and reports what is wrong with it.
func (s *Storage) check() error {
	if s.DatabaseURL != "" && !isURL(s.DatabaseURL, "postgres", "postgresql") {
		return errors.New("database-url: it is no postgres://user@host:port/database")
	}
	if s.Data == "" {
		s.Data = defaultData
	}
	return nil
}

// defaultData is the folder of a server that was told none.
const defaultData = "data"

// Backup writes an archive of an installation, which may be running, to a new
// file, or to out when the file is "-".
func Backup(ctx context.Context, from Storage, file string, frames bool, out io.Writer) (archive.Contents, error) {
	if err := from.check(); err != nil {
		return archive.Contents{}, err
	}
	o := archive.Options{From: from.place(), Frames: frames, Program: Version(), Now: clock.System{}.Now()}
	if file == "-" {
		return archive.Write(ctx, out, o)
	}
	return archive.WriteFile(ctx, file, o)
}

// VerifyBackup reads an archive to its end.
func VerifyBackup(in io.Reader) (archive.Contents, error) { return archive.Verify(in) }

// Restore puts an archive into an installation that has no data yet. No server
// runs in the folder meanwhile.
func Restore(ctx context.Context, to Storage, in io.Reader) (archive.Contents, error) {
	if err := to.check(); err != nil {
		return archive.Contents{}, err
	}
	if to.DatabaseURL == "" {
		folder, lock, err := takeFolder(to.Data)
		if err != nil {
			return archive.Contents{}, err
		}
		defer lock.Close()
		to.Data = folder
	}
	return archive.Restore(ctx, in, archive.RestoreOptions{To: to.place(), Now: clock.System{}.Now()})
}
