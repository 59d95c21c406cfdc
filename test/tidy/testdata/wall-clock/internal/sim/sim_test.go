package sim

import (
	"testing/synctest"
	"time"
)

func world(f func()) { synctest.Test(nil, f) }

func rest() { world(func() { time.Sleep(time.Hour) }) }
