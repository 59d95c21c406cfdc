package simplex

// matrix is a sparse matrix by its lines: line k has the entries from start[k] to start[k+1].
type matrix struct {
	start, index []int
	value        []float64
}

// line returns the entries of a line: where they are across, and what they are.
func (m *matrix) line(k int) ([]int, []float64) {
	from, to := m.start[k], m.start[k+1]
	return m.index[from:to], m.value[from:to]
}

// clear leaves no lines, and the memory.
func (m *matrix) clear() {
	m.start, m.index, m.value = append(m.start[:0], 0), m.index[:0], m.value[:0]
}

// put adds an entry to the line that is being written.
func (m *matrix) put(index int, value float64) {
	m.index, m.value = append(m.index, index), append(m.value, value)
}

// end ends the line that is being written.
func (m *matrix) end() { m.start = append(m.start, len(m.index)) }

// turn makes m what by is across, and notes in across where each of by's entries went; m has
// the memory for them.
func (m *matrix) turn(by *matrix, lines int, across []int) {
	m.start = sized(m.start, lines+1)
	clear(m.start)
	for _, j := range by.index {
		m.start[j+1]++
	}
	for j := range lines {
		m.start[j+1] += m.start[j]
	}
	for i := range len(by.start) - 1 {
		for k := by.start[i]; k < by.start[i+1]; k++ {
			to := &m.start[by.index[k]]
			m.index[*to], m.value[*to], across[k] = i, by.value[k], *to
			*to++
		}
	}
	copy(m.start[1:], m.start[:lines]) // each start has moved to its line's end
	m.start[0] = 0
}

// sized returns a slice of n in the memory of one there was, if it is enough; else half as
// much again, as programs grow by cuts.
func sized[T any](s []T, n int) []T {
	if n > cap(s) {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}
