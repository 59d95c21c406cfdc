package running

import (
	"context"
	"fmt"
	"strings"
	"time"

	"pylon/internal/domain/screen"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/trade"
)

// explain adds what is told beside the sum: the tariff's words in a language, if it
// has them, what holds now and what comes.
func (s *Service) explain(c *Cost, language string) {
	t := wordsOf(c.by, language)
	c.Text, c.Language = t.Text, t.Language
	if !c.view.Status.Open() {
		return
	}
	c.Prices, c.Next = s.outlook(c)
	if c.view.ChargingState == session.StateSuspendedEV {
		c.IdleFrom = c.view.StateSince
	}
}

// wordsOf returns the tariff as its owner tells it, in a language when he does, and
// else in the first.
func wordsOf(s *tariff.Snapshot, language string) trade.Text {
	texts := s.Terms.Texts
	if len(texts) == 0 {
		return trade.Text{}
	}
	for _, t := range texts {
		if language != "" && strings.EqualFold(primary(t.Language), primary(language)) {
			return t
		}
	}
	return texts[0]
}

// primary returns a language without its region: en of en-GB.
func primary(tag string) string {
	language, _, _ := strings.Cut(tag, "-")
	return language
}

// language returns what a driver speaks, "" when nobody said.
func (s *Service) language(ctx context.Context, of *session.Session) (string, error) {
	if of.Token == "" {
		return "", nil
	}
	t, err := s.Store.Token(ctx, of.Organisation, of.Token)
	if err != nil || t.Customer == "" {
		return "", unless(err, fault.NotFound)
	}
	c, err := s.Store.Customer(ctx, of.Organisation, t.Customer)
	return c.Language, unless(err, fault.NotFound)
}

// unless returns err, nil when it is of the kind that is no news.
func unless(err error, kind fault.Kind) error {
	if fault.Is(err, kind) {
		return nil
	}
	return err
}

// tellPrices writes prices where the tariff's owner has no words of his own: in signs
// that need no language.
func tellPrices(p *screen.Prices, c money.Currency) string {
	var said []string
	add := func(price *decimal.Decimal, of string) {
		if price != nil && price.Sign() != 0 {
			said = append(said, fmt.Sprintf("%s %s/%s", short(*price, c), c, of))
		}
	}
	add(p.Energy, "kWh")
	add(p.Time, "h")
	add(p.Parking, "h P")
	if len(said) == 0 {
		said = append(said, "0 "+string(c)+"/kWh")
	}
	return strings.Join(said, ", ")
}

// short writes a price with the digits of its currency at least.
func short(d decimal.Decimal, c money.Currency) string {
	text := d.String()
	point := strings.IndexByte(text, '.')
	if point < 0 && c.Exponent() > 0 {
		text, point = text+".", len(text)
	}
	if missing := c.Exponent() - (len(text) - point - 1); point >= 0 && missing > 0 {
		text += strings.Repeat("0", missing)
	}
	return text
}

// sum tells in one line what a session came to, in signs that need no language.
func (c *Cost) sum() string {
	length := c.AsOf.Sub(c.view.StartedAt).Truncate(time.Minute)
	hours, minutes := int(length/time.Hour), int(length%time.Hour/time.Minute)
	wh := int64(c.view.Energy.WattHours())
	return fmt.Sprintf("%s kWh, %d:%02d h, %s %s", decimal.FromInt(wh, 3), hours, minutes, money.Of(c.Total, c.Currency).Decimal(), c.Currency)
}
