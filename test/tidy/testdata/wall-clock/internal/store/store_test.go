package store

import "time"

func rest(c interface{ SetReadDeadline(time.Time) }) {
	c.SetReadDeadline(time.Now().Add(time.Second))
	<-time.After(time.Second)
	time.Sleep(time.Second)
	_ = time.Now()
}
