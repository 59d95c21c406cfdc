package ocpp201_test

import (
	_ "embed"
	"testing"

	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/schema/schematest"
)

//go:embed testdata/messages.txt
var corpus string

func TestDirectory(t *testing.T) { messages().Directory(t) }

func TestVerdicts(t *testing.T) { messages().Verdicts(t) }

func FuzzDecode(f *testing.F) { messages().Fuzz(f) }

func messages() schematest.Package {
	return schematest.Package{Actions: ocpp201.Actions, NewRequest: ocpp201.NewRequest, NewResponse: ocpp201.NewResponse, Corpus: corpus}
}
