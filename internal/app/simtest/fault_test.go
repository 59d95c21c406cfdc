package simtest

import (
	"time"

	"pylon/internal/kernel/clock"
)

// breakSomething injects a fault, and comes again.
func (w *world) breakSomething() {
	if w.calm {
		return
	}
	w.in(w.between(500*time.Millisecond, 10*time.Second), "something breaks", w.breakSomething)
	s := w.chargers[w.dice.IntN(len(w.chargers))]
	i := w.dice.IntN(len(w.nodes))
	n := w.nodes[i]
	up := n != nil && !n.dead.Load() && !n.leaving && !n.frozen.After(clock.System{}.Now())
	switch kind := w.dice.IntN(100); {
	case kind < 25:
		w.breakLine(s)
	case kind < 35:
		w.breakStation(s)
	case kind < 45:
		w.breakDisk()
	case kind < 60 && up:
		w.kill(i)
	case kind < 68 && up:
		w.count("node told to stop")
		n.leave()
	case kind < 82 && up:
		w.freeze(n)
	case kind < 90 && up && *clocks:
		d := w.between(-3*time.Minute, 3*time.Minute)
		w.count("node's wall clock set")
		n.clock.shift(d)
	case kind < 95 && !w.slow:
		w.count("disk slow")
		w.slow = true
		w.in(w.between(time.Second, 20*time.Second), "the disk is quick again", func() { w.slow = false })
	}
}

func (w *world) count(kind string) {
	w.faults[kind]++
	w.trace.note("fault: %s", kind)
}

func (w *world) breakLine(s *charger) {
	if s.line == nil || s.door != nil {
		return
	}
	if w.dice.IntN(3) > 0 {
		w.count("link cut")
		s.line.sever()
		return
	}
	w.count("link half open")
	l := s.line
	l.fade()
	s.in(s.between(time.Second, 90*time.Second), "notices that nobody is there", func() {
		if s.line == l {
			s.hangUpSilently()
		}
	})
}

// hangUpSilently lets go of a socket that is half open: the node is not told.
func (s *charger) hangUpSilently() {
	s.line, s.door, s.flight, s.passing = nil, nil, nil, nil
	s.later()
}

func (w *world) breakStation(s *charger) {
	if w.dice.IntN(2) == 0 {
		w.count("station without power")
		s.darken(w.between(time.Second, 40*time.Second), "PowerLoss")
		return
	}
	if !*clocks {
		return
	}
	w.count("station's clock set")
	d := w.between(-10*time.Minute, 10*time.Minute)
	if w.dice.IntN(4) == 0 {
		d *= 1000
	}
	s.offset += d
}

func (w *world) breakDisk() {
	d := w.disk
	set := func(away, full bool) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.away, d.full = away, full
	}
	if d.away || d.full {
		return
	}
	if w.dice.IntN(2) == 0 {
		w.count("database away")
		set(true, false)
	} else {
		w.count("disk full")
		set(false, true)
	}
	w.in(w.between(500*time.Millisecond, 25*time.Second), "the disk is well again", func() { set(false, false) })
}

// kill crashes a node; another starts in its place.
func (w *world) kill(i int) {
	w.count("node killed")
	w.nodes[i].kill()
	w.remove(i, w.between(500*time.Millisecond, 20*time.Second))
}

// freeze lets a node sleep, for longer than its lease lasts perhaps.
func (w *world) freeze(n *node) {
	if n.gate.waiting() == "commit" || w.disk.busy() {
		return // the others would wait for the disk as long
	}
	w.count("node frozen")
	d := w.between(time.Second, 40*time.Second)
	n.frozen = clock.System{}.Now().Add(d)
	w.in(d, n.name+" wakes", func() {})
}

// heal ends all faults: from now on things come to their end. What nodes still
// have to find out by themselves is that some stations speak to another by now.
func (w *world) heal() {
	w.calm, w.slow = true, false
	w.disk.mu.Lock()
	w.disk.away, w.disk.full = false, false
	w.disk.mu.Unlock()
	for _, n := range w.nodes {
		if n != nil {
			n.frozen = time.Time{}
			n.clock.shift(-n.clock.step)
		}
	}
	for _, s := range w.chargers {
		if s.line != nil && s.door == nil && w.dice.IntN(3) == 0 {
			w.count("link half open")
			s.line.fade()
			s.hangUpSilently()
		}
	}
}
