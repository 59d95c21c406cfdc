module pylon

go 1.26.0

replace example.org/r => example.org/r v1.0.0

require example.org/alone v1.0.0

require (
	example.org/known v1.0.0
	example.org/known/v2 v2.0.0
	example.org/dragged v1.0.0 // indirect
)
