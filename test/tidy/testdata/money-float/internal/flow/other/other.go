// Package other is on nobody's way to money.
package other

func half() float64 { return 0.5 }
