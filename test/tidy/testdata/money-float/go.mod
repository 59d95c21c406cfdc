module pylon

go 1.26
