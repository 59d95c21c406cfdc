// Package billing reckons with floats where nobody writes the word.
package billing

import (
	"strconv"
	"time"

	"pylon/internal/kernel/money"
)

const share = 0.19

// Tax is wrong.
func Tax(a money.Amount) int64 {
	return a.Minor * 19 / 100
}

// Hours hides one behind a method.
func Hours(d time.Duration) int64 { return int64(d.Hours() * 100) }

// Read hides one behind two values.
func Read(text string) (int64, error) {
	n, err := strconv.ParseFloat(text, 64)
	return int64(n), err
}

type prices []float32

func (p prices) first() int64 {
	for _, price := range p {
		return int64(price)
	}
	return 0
}
