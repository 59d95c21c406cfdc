package power

var x float64
