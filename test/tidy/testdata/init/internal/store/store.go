package store

func init() {}

type driver struct{}

func (driver) init() {}
