package store_test

import "testing"

func TestPosting(*testing.T) {}

type suite struct{}

func (suite) TestGone(*testing.T) {}
