package unit

import _ "pylon/internal/domain/station"
