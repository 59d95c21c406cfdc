package rest

import _ "pylon/internal/store"
