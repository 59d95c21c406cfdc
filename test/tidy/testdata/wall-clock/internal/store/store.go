package store

import (
	wall "time"
)

func age(t wall.Time) wall.Duration {
	<-wall.After(wall.Second)
	return wall.Now().Sub(t)
}
