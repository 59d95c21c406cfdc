package excused

import "sync"

var pool = sync.Pool{}
