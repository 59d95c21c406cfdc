package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile writes an archive of a database to a new file, readable by its owner
// alone. The file is there when it is whole and on the disk; until then it has
// another name, under which it stays only if the process is killed.
func WriteFile(ctx context.Context, path string, o Options) (contents Contents, err error) {
	if err := free(path); err != nil {
		return Contents{}, err
	}
	part, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part") // mode 0600
	if err != nil {
		return Contents{}, err
	}
	contents, err = Write(ctx, part, o)
	if err == nil {
		err = part.Sync()
	}
	if err = errors.Join(err, part.Close()); err == nil {
		err = free(path)
	}
	if err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		return Contents{}, errors.Join(err, os.Remove(part.Name()))
	}
	return contents, sync(filepath.Dir(path))
}

// free reports a file that is there already as an error.
func free(path string) error {
	_, err := os.Lstat(path)
	if err == nil {
		return fmt.Errorf("%s is there already, and is not written over", path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
