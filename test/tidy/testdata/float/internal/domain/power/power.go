package power

type Watt float64
