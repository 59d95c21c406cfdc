package ocpp

import (
	"pylon/internal/domain/station"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// dialect21 is OCPP 2.1 as far as it is 2.0.1. A request is checked as 2.1 has
// it and then read as 2.0.1, which finds all the fields that it knows: 2.1
// added fields and words, and changed none. What 2.0.1's schema has against
// the additions is of no interest. Actions that are new are not supported yet.
func dialect21(m *Metrics) *dialect {
	d := &dialect{
		version: ocppj.V21, name: station.OCPP21,
		request: ocpp21.NewRequest, reply: ocpp21.NewResponse,
		actions: action2, compose: compose2,
	}
	routes := answers2()
	for action, r := range routes {
		routes[action] = checkedAs21(action, r)
	}
	d.table(m, ocpp21.Actions(), routes)
	return d
}

func checkedAs21(action string, r route) route {
	read := r.decode
	r.decode = func(payload []byte) (schema.Message, schema.Violations) {
		request, ok := ocpp21.NewRequest(action)
		if !ok {
			panic("ocpp: 2.1 has no action " + action)
		}
		if violations := schema.Decode(payload, request); !violations.Tolerable() {
			return nil, violations
		} else {
			same, _ := read(payload)
			return same, violations
		}
	}
	return r
}
