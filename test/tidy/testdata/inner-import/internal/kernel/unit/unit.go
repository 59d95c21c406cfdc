package unit

import (
	_ "database/sql/driver"
	_ "net"
)
