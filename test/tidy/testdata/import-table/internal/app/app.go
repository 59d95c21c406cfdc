package app

import (
	_ "pylon/internal/edge/ocpp"
	_ "pylon/internal/store"
)
