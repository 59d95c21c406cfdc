package store

var update bool
