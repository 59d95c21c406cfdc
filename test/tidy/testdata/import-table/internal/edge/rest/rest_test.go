package rest_test

import _ "pylon/internal/store"
