package store

// line
// line
// line
// line
// line
// line
// line
// line
// line
