package ocpp16_test

import (
	_ "embed"
	"testing"

	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/schema/schematest"
)

//go:embed testdata/messages.txt
var corpus string

func TestDirectory(t *testing.T) { messages().Directory(t) }

func TestVerdicts(t *testing.T) { messages().Verdicts(t) }

func FuzzDecode(f *testing.F) { messages().Fuzz(f) }

func messages() schematest.Package {
	return schematest.Package{Actions: ocpp16.Actions, NewRequest: ocpp16.NewRequest, NewResponse: ocpp16.NewResponse, Corpus: corpus}
}
