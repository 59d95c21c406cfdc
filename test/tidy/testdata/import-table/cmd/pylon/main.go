package main

import (
	_ "pylon/internal/app"
	_ "pylon/internal/store"
)

func main() {}
