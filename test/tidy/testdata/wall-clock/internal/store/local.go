package store

type fake struct{}

func (fake) Now() int { return 0 }

func local(time fake) int { return time.Now() }
