package clock

import "time"

var Now = time.Now
