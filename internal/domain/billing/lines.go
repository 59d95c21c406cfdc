package billing

import (
	"slices"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

const (
	secondsPerHour   = 3600
	secondsPerMinute = 60
	quantityDigits   = 6 // of kilowatt-hours a milliwatt-hour, of hours four milliseconds
)

// linesOf returns what an answer charges as lines of a document, with the
// amounts of its invoice, which must be known. Lines that came to nothing stay:
// they say what was not charged.
func linesOf(q *rating.Question, a *rating.Answer) ([]Line, error) {
	var lines []Line
	all := append(slices.Clip(a.Lines), a.Extras...)
	for i := range all {
		l, err := lineOf(q, &all[i])
		if err != nil {
			return nil, err
		}
		l.Amount = a.Invoice.Lines[i]
		lines = append(lines, l)
	}
	return lines, nil
}

func lineOf(q *rating.Question, from *rating.Line) (Line, error) {
	l := Line{Item: itemOf(q, from), Price: from.Price}
	if from.VAT != nil {
		l.VAT = *from.VAT
	}
	if l.Item != ItemPriceLimit {
		l.Name = from.ID
	}
	quantity := from.Quantity
	switch {
	case from.Price == nil: // the amount is no product
		quantity, l.Unit = exact.Int(1), Piece
	case from.Dimension == rating.Energy:
		l.Unit = KilowattHour
	case from.Dimension == rating.Idle:
		quantity, l.Unit = quantity.Quo(exact.Int(secondsPerMinute)), Minute
	case from.Dimension == rating.Time, from.Dimension == rating.ParkingTime:
		quantity, l.Unit = quantity.Quo(exact.Int(secondsPerHour)), Hour
	default:
		l.Unit = Piece
	}
	var err error
	l.Quantity, err = written(quantity)
	return l, err
}

// written returns a number with as many digits as it needs, at most
// [quantityDigits].
func written(n exact.Number) (decimal.Decimal, error) {
	digits := 0
	for digits < quantityDigits {
		d, err := money.Digits(n, digits)
		if err != nil || exact.Of(d).Equal(n) {
			return d, err
		}
		digits++
	}
	return money.Digits(n, digits)
}

// itemOf returns what a line is for.
func itemOf(q *rating.Question, l *rating.Line) Item {
	switch l.Kind {
	case rating.FromLimit:
		return ItemPriceLimit
	case rating.FromAdjustment:
		for i := range q.Adjustments {
			if a := &q.Adjustments[i]; a.ID == l.ID {
				return itemOfAdjustment(a, l)
			}
		}
	case rating.FromTariff:
	}
	if l.Phase == rating.InReservation {
		return ItemReservation
	}
	return itemOfDimension(l.Dimension)
}

func itemOfDimension(d rating.Dimension) Item {
	switch d {
	case rating.Energy:
		return ItemEnergy
	case rating.Time:
		return ItemTime
	case rating.ParkingTime:
		return ItemParking
	case rating.Idle:
		return ItemIdle
	case rating.Flat:
		return ItemFixed
	case rating.Total:
	}
	return ItemDiscount
}

func itemOfAdjustment(a *rating.Adjustment, l *rating.Line) Item {
	switch {
	case a.Idle != nil:
		return ItemIdle
	case a.Spot != nil:
		return ItemEnergy
	case a.Solar != nil:
		return ItemSolar
	case a.Percent != nil:
		if a.Percent.Rate.Sign() < 0 {
			return ItemDiscount
		}
		return ItemSurcharge
	case a.Surcharge != nil:
		return ItemSurcharge
	case a.Credit != nil:
		return ItemVoucher
	case a.Allowance != nil:
		if l.Price != nil { // what is over it
			return ItemEnergy
		}
		return ItemAllowance
	case a.Cap != nil:
		return ItemCap
	}
	return ItemForgiven // a short session
}
