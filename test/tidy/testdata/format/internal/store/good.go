package store

const one = 1
