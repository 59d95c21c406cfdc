// Package queue keeps what waits for its turn: numbers of outlets or of rows, best first.
//
// It allocates nothing once it has held as many as it will ever hold, and it is
// deterministic when its order is a strict one.
package queue

// Queue is a heap of numbers. Its order may look at what changes, as long as a
// number's place among the others does not change while it waits.
type Queue struct {
	items  []int
	before func(a, b int) bool
}

// New returns an empty queue with room for so many numbers; before says who of two
// comes out first.
func New(room int, before func(a, b int) bool) *Queue {
	return &Queue{items: make([]int, 0, room), before: before}
}

// Len returns how many wait.
func (q *Queue) Len() int { return len(q.items) }

// Clear sends all away.
func (q *Queue) Clear() { q.items = q.items[:0] }

// Push adds a number.
func (q *Queue) Push(n int) {
	q.items = append(q.items, n)
	at := len(q.items) - 1
	for at > 0 {
		up := (at - 1) / 2
		if !q.before(n, q.items[up]) {
			break
		}
		q.items[at] = q.items[up]
		at = up
	}
	q.items[at] = n
}

// Pop takes out the best. There must be one.
func (q *Queue) Pop() int {
	best, last := q.items[0], q.items[len(q.items)-1]
	q.items = q.items[:len(q.items)-1]
	n := len(q.items)
	if n == 0 {
		return best
	}
	at := 0
	for {
		down := 2*at + 1
		if down >= n {
			break
		}
		if down+1 < n && q.before(q.items[down+1], q.items[down]) {
			down++
		}
		if !q.before(q.items[down], last) {
			break
		}
		q.items[at] = q.items[down]
		at = down
	}
	q.items[at] = last
	return best
}
