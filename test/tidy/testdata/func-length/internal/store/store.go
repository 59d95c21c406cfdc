package store

func short() {
	_ = 1
	_ = 1
	_ = 1
	_ = 1
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
