// Package unit holds quantities.
package unit
