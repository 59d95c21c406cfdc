package ocpp

import (
	"maps"

	"pylon/internal/domain/station"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/ocppj"
)

// dialect21 is OCPP 2.1. What it shares with 2.0.1 is answered alike.
func dialect21(m *Metrics) *dialect {
	d := &dialect{
		version: ocppj.V21, name: station.OCPP21,
		request: ocpp21.NewRequest, reply: ocpp21.NewResponse,
		actions: action2, compose: compose2, show: show2,
		asks: asks2, heard: ocpp21.NewResponse, learn: learn2,
	}
	routes := answers2()
	for action, r := range routes {
		routes[action] = judgedBy(ocpp21.NewRequest, action, r)
	}
	maps.Copy(routes, deviceAnswers2())
	maps.Copy(routes, answers21())
	d.table(m, ocpp21.Actions(), routes)
	return d
}
