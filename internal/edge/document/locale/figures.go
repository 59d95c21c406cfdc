package locale

import (
	"math/big"
	"strconv"
	"strings"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/unit"
)

// Spaces that do not break, as CLDR writes them between a number and its unit.
const space = "\u00a0"

// Number returns d in the language's digits, with the digits it has.
func (l *Language) Number(d decimal.Decimal) string {
	text, negative := strings.CutPrefix(plain(d), "-")
	text = l.digits(text)
	if negative {
		return l.format.Minus + text
	}
	return text
}

// Money returns an amount with the digits of its currency and its sign.
func (l *Language) Money(a money.Amount) string { return l.amount(a.Decimal().String(), a.Currency) }

// Price returns a price with the digits it has, but no fewer than its currency has.
func (l *Language) Price(price decimal.Decimal, currency money.Currency) string {
	text := plain(price)
	_, fraction, _ := strings.Cut(text, ".")
	if missing := currency.Exponent() - len(fraction); missing > 0 {
		if fraction == "" {
			text += "."
		}
		text += strings.Repeat("0", missing)
	}
	return l.amount(text, currency)
}

// amount puts the currency's sign to a plain decimal.
func (l *Language) amount(text string, currency money.Currency) string {
	text, negative := strings.CutPrefix(text, "-")
	pattern, sign := l.format.Money, string(currency)
	if negative {
		pattern = l.format.Debt
	}
	if own, ok := l.format.Signs[sign]; ok {
		sign = own
	}
	if last := sign[len(sign)-1]; last >= 'A' && last <= 'Z' && strings.Contains(pattern, "{c}{n}") {
		sign += space // letters do not touch digits
	}
	return fill(pattern, []string{"n", l.digits(text), "c", sign})
}

// Percent returns a rate in per cent, without zeros at its end.
func (l *Language) Percent(rate decimal.Decimal) string {
	text, negative := strings.CutPrefix(trim(plain(rate)), "-")
	text = l.digits(text)
	if negative {
		text = l.format.Minus + text
	}
	return fill(l.format.Percent, []string{"n", text})
}

// Energy returns an energy in kWh with three digits, or with as many as it has.
func (l *Language) Energy(e unit.MilliWattHour) string {
	const digits, most = 3, 6
	d := decimal.FromInt(int64(e), most)
	if e%1000 == 0 {
		d = decimal.FromInt(int64(e/1000), digits)
	}
	return l.Number(d) + space + "kWh"
}

// Date returns the day of t as t's own zone has it.
func (l *Language) Date(t time.Time) string {
	year, month, day := t.Date()
	return fill(l.format.Date, []string{
		"y", strconv.Itoa(year),
		"m", strconv.Itoa(int(month)),
		"mm", two(int(month)),
		"mon", l.format.Months[month-1],
		"d", strconv.Itoa(day),
		"dd", two(day),
	})
}

// Time returns the time of day, with seconds when it has any.
func (l *Language) Time(t time.Time) string {
	if t.Second() != 0 {
		return t.Format("15:04:05")
	}
	return t.Format("15:04")
}

// Moment returns date, time and the zone's short name.
func (l *Language) Moment(t time.Time) string {
	return l.Date(t) + ", " + l.Time(t) + space + Zone(t)
}

// Zone returns the short name of t's zone, such as CET, or its distance from UTC where it has no name.
func Zone(t time.Time) string {
	name, offset := t.Zone()
	if name != "" && name[0] != '+' && name[0] != '-' {
		return name
	}
	const hour, minute = 3600, 60
	sign := "+"
	if offset < 0 {
		sign, offset = "-", -offset
	}
	text := "UTC" + sign + strconv.Itoa(offset/hour)
	if rest := offset % hour / minute; rest != 0 {
		text += ":" + two(rest)
	}
	return text
}

// Duration returns hours and minutes, or, below an hour, minutes and seconds.
func (l *Language) Duration(d time.Duration) string {
	d = d.Round(time.Second)
	hours, minutes, seconds := int(d/time.Hour), int(d/time.Minute)%60, int(d/time.Second)%60
	switch {
	case hours > 0:
		return strconv.Itoa(hours) + space + "h " + strconv.Itoa(minutes) + space + "min"
	case minutes > 0 && seconds > 0:
		return strconv.Itoa(minutes) + space + "min " + strconv.Itoa(seconds) + space + "s"
	case minutes > 0:
		return strconv.Itoa(minutes) + space + "min"
	}
	return strconv.Itoa(seconds) + space + "s"
}

// digits writes an unsigned plain decimal in the language's way.
func (l *Language) digits(text string) string {
	const group = 3
	whole, fraction, _ := strings.Cut(text, ".")
	if len(whole) >= group+l.format.GroupLead {
		var b strings.Builder
		for i, digit := range whole {
			if i > 0 && (len(whole)-i)%group == 0 {
				b.WriteString(l.format.Group)
			}
			b.WriteRune(digit)
		}
		whole = b.String()
	}
	if fraction == "" {
		return whole
	}
	return whole + l.format.Decimal + fraction
}

// plain returns d without an exponent and without a plus, with all its digits.
func plain(d decimal.Decimal) string {
	text := strings.TrimPrefix(d.String(), "+")
	if !strings.ContainsAny(text, "eE") {
		return text
	}
	p, q := exact.Of(d).Ratio()
	return trim(new(big.Rat).SetFrac(p, q).FloatString(decimal.MaxLength + decimal.MaxExponent))
}

// trim takes zeros off the end of a fraction.
func trim(text string) string {
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func two(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
