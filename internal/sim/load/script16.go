package load

import (
	"bytes"
	"errors"
	"strconv"
)

// script16 is OCPP 1.6: one connector; a reading has the four values that most
// wall boxes send.
type script16 struct{}

func (script16) boot(dst []byte, s *Station) []byte {
	dst = append(dst, `"BootNotification",{"chargePointVendor":"Load","chargePointModel":"L16","firmwareVersion":"1.0.0","chargePointSerialNumber":"`...)
	dst = append(dst, s.serial()...)
	return append(dst, `"}`...)
}

func (script16) status(dst []byte, s *Station) []byte {
	dst = append(dst, `"StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"`...)
	dst = append(dst, s.state...)
	dst = append(dst, `","timestamp":`...)
	dst = appendTime(dst, s.now)
	return append(dst, '}')
}

func (script16) authorize(dst []byte, s *Station) []byte {
	dst = append(dst, `"Authorize",{"idTag":"`...)
	dst = append(dst, s.Token...)
	return append(dst, `"}`...)
}

func (script16) start(dst []byte, s *Station) []byte {
	dst = append(dst, `"StartTransaction",{"connectorId":1,"idTag":"`...)
	dst = append(dst, s.Token...)
	dst = append(dst, `","meterStart":`...)
	dst = strconv.AppendInt(dst, s.meter.energyWh(), 10)
	dst = append(dst, `,"timestamp":`...)
	dst = appendTime(dst, s.now)
	return append(dst, '}')
}

func (script16) reading(dst []byte, s *Station) []byte {
	const context = `","context":"Sample.Periodic","format":"Raw","measurand":"`
	dst = append(dst, `"MeterValues",{"connectorId":1,"transactionId":`...)
	dst = append(dst, s.transaction...)
	dst = append(dst, `,"meterValue":[{"timestamp":`...)
	dst = appendTime(dst, s.now)
	dst = append(dst, `,"sampledValue":[{"value":"`...)
	dst = appendDecimal(dst, s.meter.energyWh(), 3)
	dst = append(dst, context+`Energy.Active.Import.Register","location":"Outlet","unit":"kWh"},{"value":"`...)
	dst = appendDecimal(dst, s.meter.powerW/10, 2)
	dst = append(dst, context+`Power.Active.Import","location":"Outlet","unit":"kW"},{"value":"`...)
	dst = appendDecimal(dst, s.meter.amp100, 2)
	dst = append(dst, context+`Current.Import","phase":"L1","location":"Outlet","unit":"A"},{"value":"`...)
	dst = appendDecimal(dst, s.meter.volt10, 1)
	return append(dst, context+`Voltage","phase":"L1-N","location":"Outlet","unit":"V"}]}]}`...)
}

func (script16) stop(dst []byte, s *Station) []byte {
	dst = append(dst, `"StopTransaction",{"transactionId":`...)
	dst = append(dst, s.transaction...)
	dst = append(dst, `,"idTag":"`...)
	dst = append(dst, s.Token...)
	dst = append(dst, `","meterStop":`...)
	dst = strconv.AppendInt(dst, s.meter.energyWh(), 10)
	dst = append(dst, `,"reason":"Local","timestamp":`...)
	dst = appendTime(dst, s.now)
	return append(dst, '}')
}

func (script16) heartbeat(dst []byte, _ *Station) []byte { return heartbeat(dst) }

// started keeps the number that the server gave the transaction.
func (script16) started(answer []byte, s *Station) error {
	_, rest, found := bytes.Cut(answer, []byte(`"transactionId":`))
	end := bytes.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if !found || end <= 0 {
		return errors.New("StartTransaction: answer has no transactionId")
	}
	s.transaction = string(rest[:end])
	return nil
}

func (script16) statuses() (free, taken string) { return "Available", "Preparing" }
