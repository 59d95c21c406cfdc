package sim

var chance float64
