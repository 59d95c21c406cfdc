package fleet

import (
	"context"

	"pylon/internal/domain/lease"
)

// Sweep and Reopen are what Run does now and then.
func (f *Fleet) Sweep(ctx context.Context) error  { return f.sweep(ctx) }
func (f *Fleet) Tend(ctx context.Context) error   { return f.tend(ctx) }
func (f *Fleet) Reopen(ctx context.Context) error { return f.reopen(ctx) }

// CloseGone, WriteLost and ExpireOffline are what Work does, Watch is of Run.
func (f *Fleet) CloseGone(ctx context.Context) error { return f.closeGone(ctx, lease.Grant{}) }

func (f *Fleet) WriteLost(ctx context.Context, under lease.Grant) error {
	return f.writeLost(ctx, under)
}

func (f *Fleet) ExpireOffline(ctx context.Context, under lease.Grant) error {
	return f.expireOffline(ctx, under)
}

func (f *Fleet) Watch(ctx context.Context) error { return f.watch(ctx) }

// Limits of what a station makes its owner remember.
const (
	AskedMax       = askedMax
	ConnectorsMax  = connectorsMax
	OpenMax        = openMax
	StrangersMax   = strangersMax
	LooksPerSecond = looksPerSecond
)
