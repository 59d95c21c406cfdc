package sim

import "time"

func rest() { time.Sleep(time.Hour) }
