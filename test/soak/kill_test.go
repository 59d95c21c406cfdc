package soak

import (
	"time"

	"pylon/test/program"
)

// killed is one server on SQLite that is killed and started again at once, or a
// little later.
func killed(l *lab) stage {
	n := l.node(program.Config{Data: l.t.TempDir()})
	return stage{stations: n.stations(), api: n.api(), strike: func() {
		l.pause(l.between(50*time.Millisecond, 4*time.Second))
		l.broke("server killed")
		n.kill()
		if l.chance.IntN(4) == 0 {
			l.pause(l.between(0, 5*time.Second))
		}
		n.start()
	}}
}
