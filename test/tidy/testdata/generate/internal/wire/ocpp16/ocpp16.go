package ocpp16

//go:generate go run ../generate
