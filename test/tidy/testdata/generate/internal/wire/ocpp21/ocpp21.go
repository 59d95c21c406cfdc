package ocpp21

//go:generate go run ../generate
