package fleet

import (
	"context"

	"pylon/internal/domain/change"
	"pylon/internal/domain/station"
)

// PasswordProposed notes a password that is about to be sent to the station:
// from now on it may log in with the old one or this one, because stations
// close the connection before their answer leaves.
func (o *Owner) PasswordProposed(ctx context.Context, secret station.Secret) error {
	return o.rewrite(ctx, func(st station.Station) station.Station { return station.ProposeSecret(st, secret) })
}

// PasswordSettled ends the time of two passwords by the station's answer: the
// new one when it accepted, else the old one.
func (o *Owner) PasswordSettled(ctx context.Context, accepted bool) error {
	return o.rewrite(ctx, func(st station.Station) station.Station { return station.SettleSecret(st, accepted) })
}

// LoggedIn tells which of the station's passwords the connection was opened
// with. A login with either of two ends the time of both.
func (o *Owner) LoggedIn(ctx context.Context, index int) error {
	return o.rewrite(ctx, func(st station.Station) station.Station { return station.SettleLogin(st, index) })
}

// rewrite commits what f makes of the station's secrets. Nothing is written
// when their number and state stay.
func (o *Owner) rewrite(ctx context.Context, f func(station.Station) station.Station) error {
	return o.settle(ctx, func(context.Context) (*change.Set, func(), error) {
		st := f(*o.station)
		if sameSecrets(st.Secrets, o.station.Secrets) {
			return nil, nil, nil
		}
		st.Version = o.station.Version + 1
		return &change.Set{Stations: []station.Station{st}}, func() { o.become(&st) }, nil
	})
}

func sameSecrets(a, b []station.Secret) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].State != b[i].State || string(a[i].Hash) != string(b[i].Hash) {
			return false
		}
	}
	return true
}
