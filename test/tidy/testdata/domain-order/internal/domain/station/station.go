package station

import (
	_ "pylon/internal/domain/event"
	_ "pylon/internal/domain/session"
)
