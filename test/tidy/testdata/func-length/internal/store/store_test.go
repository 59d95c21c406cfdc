package store

func table() {
	_ = []int{
		1,
		1,
		1,
		1,
		1,
		1,
		1,
		1,
	}
	_ = 1
}

func long() {
	_ = 1
	_ = 1
	_ = 1
	_ = 1
	_ = 1
	_ = 1
}
