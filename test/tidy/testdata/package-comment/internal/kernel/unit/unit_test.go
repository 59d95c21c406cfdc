package unit_test
