package framelog

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"

	"pylon/internal/kernel/ident"
)

// workload invents the traffic of stations in use, the same from the same seed:
// transaction events and meter values with their samples, heartbeats, status,
// and their answers, with ids, times and values that all differ.
type workload struct {
	random   *rand.Rand
	stations []charging
	now      time.Time
	step     time.Duration // from one message to the next
}

// charging is a station in the middle of a session.
type charging struct {
	id          ident.StationID
	transaction string
	seqNo       int
	energy      int // Wh
	old         bool
}

const testOrganisation = ident.OrganisationID("org_01JD3K6X5M8Q2V7T9WBNCRFHYZ")

func newWorkload(stations int, step time.Duration) *workload {
	w := &workload{
		random: rand.New(rand.NewPCG(1, 2)), step: step,
		now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC),
	}
	for i := range stations {
		w.stations = append(w.stations, charging{
			id: testStation(i), transaction: w.uuid(), energy: w.random.IntN(9_000_000), old: i%2 == 0,
		})
	}
	return w
}

func testStation(i int) ident.StationID {
	return ident.StationID(fmt.Sprintf("sta_01JD3K6X5M%016X", uint64(i+1)*0x9E3779B97F4A7C15))
}

func (w *workload) uuid() string {
	var b [16]byte
	for i := range b {
		b[i] = byte(w.random.Uint32())
	}
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

// message returns a station's call and its answer.
func (w *workload) message() (call, answer Entry) {
	w.now = w.now.Add(w.step/2 + time.Duration(w.random.Int64N(int64(w.step))))
	s := &w.stations[w.random.IntN(len(w.stations))]
	action, request, response := w.exchange(s)
	id := w.uuid()
	call = Entry{
		Station: s.id, Organisation: testOrganisation, At: w.now, Direction: In, Type: "call", Action: action, MessageID: id,
		Data: fmt.Appendf(nil, `[2,"%s","%s",%s]`, id, action, request),
	}
	answer = Entry{
		Station: s.id, Organisation: testOrganisation, At: w.now.Add(time.Duration(1500+w.random.IntN(3000)) * time.Microsecond),
		Direction: Out, Type: "result", Action: action, MessageID: id,
		Data: fmt.Appendf(nil, `[3,"%s",%s]`, id, response),
	}
	return call, answer
}

// exchange returns what a station says and hears.
func (w *workload) exchange(s *charging) (action, request, response string) {
	const form = "2006-01-02T15:04:05.000Z"
	at := w.now.Add(-time.Duration(w.random.IntN(900)) * time.Millisecond).Format(form)
	power := 6000 + w.random.IntN(5000)
	switch n := w.random.IntN(100); {
	case n < 75 && s.old:
		s.energy += 20 + w.random.IntN(160)
		return "MeterValues", fmt.Sprintf(`{"connectorId":1,"transactionId":%d,"meterValue":[{"timestamp":"%s","sampledValue":[`+
			`{"value":"%d","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","location":"Outlet","unit":"Wh"},`+
			`{"value":"%d.%d","context":"Sample.Periodic","measurand":"Power.Active.Import","location":"Outlet","unit":"W"},`+
			`{"value":"%d.%02d","context":"Sample.Periodic","measurand":"Current.Import","phase":"L1","location":"Outlet","unit":"A"},`+
			`{"value":"%d.%d","context":"Sample.Periodic","measurand":"Voltage","phase":"L1-N","location":"Outlet","unit":"V"}]}]}`,
			10_000+s.energy%7919, at, s.energy, power, w.random.IntN(10), power/690, w.random.IntN(100), 225+w.random.IntN(12),
			w.random.IntN(10)), `{}`
	case n < 75:
		s.energy += 20 + w.random.IntN(160)
		s.seqNo++
		return "TransactionEvent", fmt.Sprintf(`{"eventType":"Updated","timestamp":"%s","triggerReason":"MeterValuePeriodic","seqNo":%d,`+
			`"transactionInfo":{"transactionId":"%s","chargingState":"Charging"},"evse":{"id":1,"connectorId":1},"meterValue":[{"timestamp":"%s",`+
			`"sampledValue":[{"value":%d.%d,"context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","location":"Outlet","unitOfMeasure":{"unit":"Wh"}},`+
			`{"value":%d.%d,"context":"Sample.Periodic","measurand":"Power.Active.Import","location":"Outlet","unitOfMeasure":{"unit":"W"}},`+
			`{"value":%d.%02d,"context":"Sample.Periodic","measurand":"Current.Import","phase":"L1","location":"Outlet","unitOfMeasure":{"unit":"A"}}]}]}`,
			at, s.seqNo, s.transaction, at, s.energy, w.random.IntN(10), power, w.random.IntN(10), power/690, w.random.IntN(100)), `{}`
	case n < 95:
		return "Heartbeat", `{}`, `{"currentTime":"` + w.now.Format(form) + `"}`
	default:
		return "StatusNotification", `{"timestamp":"` + at + `","connectorStatus":"Occupied","evseId":1,"connectorId":1}`, `{}`
	}
}
