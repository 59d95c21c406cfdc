package session

import (
	_ "pylon/internal/domain/station"
	_ "pylon/internal/kernel/unit"
)
