package rating_test

import (
	"testing"
	"time"

	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// heavy is about the most that may be asked: a year, with prices for every quarter of an hour of it, readings every few minutes.
func heavy() *rating.Question {
	q := plainTimeline()
	q.Session.End = q.Session.Start.Add(rating.SessionMost * time.Second)
	q.Session.Timeline.Spans = []rating.Span{{State: rating.Charging, From: q.Session.Start, To: q.Session.End}}
	q.Session.Timeline.Readings = nil
	for i := range rating.ReadingsMost {
		q.Session.Timeline.Readings = append(q.Session.Timeline.Readings, rating.Reading{
			At:     q.Session.Start.Add(time.Duration(i) * 10 * time.Minute),
			Energy: new(unit.MilliWattHour(int64(i) * 1_234_567)), Power: new(unit.Watt(11_000)),
		})
	}
	q.Tariff.Elements = nil
	for i := range rating.ElementsMost {
		start := time.Date(2024, 1, 15, 0, 15*i, 0, 0, time.UTC)
		q.Tariff.Elements = append(q.Tariff.Elements, rating.Element{
			Components: []rating.Component{{Dimension: rating.Energy, Price: dec("0.3"), StepSize: 1}},
			Restrictions: rating.Restrictions{
				StartTime: start.Format("15:04"), EndTime: start.Add(15 * time.Minute).Format("15:04"),
				StartDate: start.Format(time.DateOnly), EndDate: start.AddDate(0, 0, 1).Format(time.DateOnly),
				MinPower: new(dec("1")),
			},
		})
	}
	spot := &rating.Spot{Until: q.Session.End, Fallback: dec("0.3")}
	for i := range rating.PointsMost {
		spot.Points = append(spot.Points, rating.Point{From: q.Session.Start.Add(time.Duration(i) * 7 * time.Minute), Value: dec("0.1234")})
	}
	q.Adjustments = []rating.Adjustment{{Spot: spot}}
	return q
}

// The largest question is answered like any other, if not at once.
func TestLargestQuestion(t *testing.T) {
	for _, r := range raters() {
		q := heavy()
		a := mustRate(t, r, q)
		t.Logf("%s: %d periods, %d lines", r.name, len(a.Periods), len(a.Lines))
	}
}
