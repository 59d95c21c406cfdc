// Package rest is excused.
package rest

func buckets() []float64 { return []float64{0.1, 1} }
