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
// first.
func (n *Node) openFolder(context.Context) error {
	folder, err := filepath.Abs(n.config.Data)
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	n.folder = folder
	if n.lock, err = os.OpenFile(filepath.Join(folder, "pylon.lock"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	err = syscall.Flock(int(n.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("data: another Pylon uses %s", folder)
	}
	if err != nil {
		return fmt.Errorf("data: lock %s: %w", folder, err)
	}
	return nil
}
