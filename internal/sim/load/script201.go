package load

import "strconv"

// script201 is OCPP 2.0.1: one EVSE with one connector; a reading is a
// TransactionEvent with three values.
type script201 struct{}

func (script201) boot(dst []byte, s *Station) []byte {
	dst = append(dst, `"BootNotification",{"reason":"PowerUp","chargingStation":{"vendorName":"Load","model":"L201","firmwareVersion":"1.0.0","serialNumber":"`...)
	dst = append(dst, s.serial()...)
	return append(dst, `"}}`...)
}

func (script201) status(dst []byte, s *Station) []byte {
	dst = append(dst, `"StatusNotification",{"evseId":1,"connectorId":1,"connectorStatus":"`...)
	dst = append(dst, s.state...)
	dst = append(dst, `","timestamp":`...)
	dst = appendTime(dst, s.now)
	return append(dst, '}')
}

func (script201) authorize(dst []byte, s *Station) []byte {
	dst = append(dst, `"Authorize",{`...)
	return append(s.appendToken(dst), '}')
}

func (script201) start(dst []byte, s *Station) []byte {
	s.transaction, s.seqNo = s.newTransaction(), 0
	dst = s.appendEvent(dst, "Started", "Authorized", `"chargingState":"EVConnected"`)
	dst = append(s.appendToken(append(dst, ',')), `,"evse":{"id":1,"connectorId":1}`...)
	return append(s.appendValues(dst, "Transaction.Begin"), '}')
}

func (script201) reading(dst []byte, s *Station) []byte {
	dst = s.appendEvent(dst, "Updated", "MeterValuePeriodic", `"chargingState":"Charging"`)
	return append(s.appendValues(dst, "Sample.Periodic"), '}')
}

func (script201) stop(dst []byte, s *Station) []byte {
	dst = s.appendEvent(dst, "Ended", "StopAuthorized", `"chargingState":"Idle","stoppedReason":"Local"`)
	dst = s.appendToken(append(dst, ','))
	return append(s.appendValues(dst, "Transaction.End"), '}')
}

func (script201) heartbeat(dst []byte, _ *Station) []byte { return heartbeat(dst) }

func (script201) started([]byte, *Station) error { return nil }

func (script201) statuses() (free, taken string) { return "Available", "Occupied" }

// appendEvent appends a TransactionEvent without its closing brace, and counts it.
func (s *Station) appendEvent(dst []byte, kind, trigger, info string) []byte {
	dst = append(dst, `"TransactionEvent",{"eventType":"`...)
	dst = append(dst, kind...)
	dst = append(dst, `","triggerReason":"`...)
	dst = append(dst, trigger...)
	dst = append(dst, `","seqNo":`...)
	dst = strconv.AppendInt(dst, s.seqNo, 10)
	s.seqNo++
	if s.offline {
		dst = append(dst, `,"offline":true`...)
	}
	dst = append(dst, `,"timestamp":`...)
	dst = appendTime(dst, s.now)
	dst = append(dst, `,"transactionInfo":{"transactionId":"`...)
	dst = append(dst, s.transaction...)
	dst = append(dst, `",`...)
	dst = append(dst, info...)
	return append(dst, '}')
}

func (s *Station) appendToken(dst []byte) []byte {
	dst = append(dst, `"idToken":{"idToken":"`...)
	dst = append(dst, s.Token...)
	return append(dst, `","type":"ISO14443"}`...)
}

// appendValues appends what the meter shows, as another field of a
// TransactionEvent.
func (s *Station) appendValues(dst []byte, context string) []byte {
	value := func(v int64, places int, measurand string) {
		dst = append(dst, `{"value":`...)
		dst = appendDecimal(dst, v, places)
		dst = append(dst, `,"context":"`...)
		dst = append(dst, context...)
		dst = append(dst, `","measurand":`...)
		dst = append(dst, measurand...)
	}
	dst = append(dst, `,"meterValue":[{"timestamp":`...)
	dst = appendTime(dst, s.now)
	dst = append(dst, `,"sampledValue":[`...)
	value(s.meter.energyWh(), 3, `"Energy.Active.Import.Register","unitOfMeasure":{"unit":"kWh"}},`)
	value(s.meter.powerW/10, 2, `"Power.Active.Import","unitOfMeasure":{"unit":"kW"}},`)
	value(s.meter.amp100, 2, `"Current.Import","phase":"L1","unitOfMeasure":{"unit":"A"}}`)
	return append(dst, `]}]`...)
}
