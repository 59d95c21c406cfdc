package rest

import (
	_ "pylon/internal/edge/ocpp"
	_ "pylon/internal/edge/rest/problem"
	_ "pylon/internal/flow/command"
	_ "pylon/internal/store"
)
