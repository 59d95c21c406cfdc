package store

import (
	_ "embed"
	"errors"
	"regexp"
	"sync"
)

//go:embed schema.sql
var schema string

var (
	ErrGone             = errors.New("gone")
	pattern             = regexp.MustCompile(`x`)
	errAlso             = errors.ErrUnsupported
	names               = []string{"a", "b"}
	_       sync.Locker = (*sync.Mutex)(nil)
	magic               = [4]byte{1, 2, 3, 4}
)

var count int

var cache = map[string]int{}

var guard = sync.Mutex{}

var now = func() int { return 0 }

func hit(name string) { cache[name]++ }
