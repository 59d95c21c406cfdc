package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// openFolder makes the data folder, for its owner only: it holds secrets'
// hashes and drivers' tokens. It is this process's until it ends: SQLite's node
// takes the leases of all others, so a second start by mistake would end the
// first. A node whose data is elsewhere needs none.
func (n *Node) openFolder(context.Context) error {
	if n.config.DatabaseURL != "" {
		return nil
	}
	var err error
	n.folder, n.lock, err = takeFolder(n.config.Data)
	return err
}

// takeFolder makes a data folder and holds it: it is ours until the lock, which
// the caller closes.
func takeFolder(data string) (folder string, lock *os.File, err error) {
	if folder, err = filepath.Abs(data); err != nil {
		return "", nil, fmt.Errorf("data: %w", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", nil, fmt.Errorf("data: %w", err)
	}
	if lock, err = os.OpenFile(filepath.Join(folder, "pylon.lock"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return "", nil, fmt.Errorf("data: %w", err)
	}
	if err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
		return folder, lock, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("data: another Pylon uses %s", folder)
	} else {
		err = fmt.Errorf("data: lock %s: %w", folder, err)
	}
	return "", nil, errors.Join(err, lock.Close())
}
