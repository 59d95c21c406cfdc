package fleet

import "context"

// Sweep and Reopen are what Run does now and then.
func (f *Fleet) Sweep(ctx context.Context) error  { return f.sweep(ctx) }
func (f *Fleet) Tend(ctx context.Context) error   { return f.tend(ctx) }
func (f *Fleet) Reopen(ctx context.Context) error { return f.reopen(ctx) }

func (f *Fleet) CloseGone(ctx context.Context) error { return f.closeGone(ctx) }

// Limits of what a station makes its owner remember.
const (
	AskedMax       = askedMax
	ConnectorsMax  = connectorsMax
	OpenMax        = openMax
	StrangersMax   = strangersMax
	LooksPerSecond = looksPerSecond
)
