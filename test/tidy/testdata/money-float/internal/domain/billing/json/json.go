// Package json stands for the decoder.
package json

// Unmarshal reads nothing.
func Unmarshal([]byte, any) error { return nil }
