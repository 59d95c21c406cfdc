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

func subtests(t *testing.T) {
	t.Run("short", func(t *testing.T) {
		_ = 1
		_ = 1
		_ = 1
	})
	t.Run("long", func(t *testing.T) {
		_ = 1
		_ = 1
		_ = 1
		_ = 1
		_ = 1
		_ = 1
	})
}
