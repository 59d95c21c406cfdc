package ocpi_test

import (
	"bytes"
	"testing"

	"pylon/internal/kernel/trade"
	"pylon/internal/wire/ocpi"
	"pylon/internal/wire/ocpi221"
	"pylon/internal/wire/ocpi230"
)

// stable demands that what was read and written again stays as it is.
func stable(t *testing.T, data []byte, k kind) (ocpi.Object, bool) {
	t.Helper()
	object := k.make()
	if ocpi.Decode(data, object) != nil {
		return nil, false
	}
	first, err := ocpi.Encode(object)
	if err != nil {
		t.Fatalf("%s was read and cannot be written: %v", k.name(), err)
	}
	again := k.make()
	if err := ocpi.Decode(first, again); err != nil {
		t.Fatalf("%s was written and cannot be read: %v", k.name(), err)
	}
	second, err := ocpi.Encode(again)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("%s is another when it is read again: %v\n%s\n%s", k.name(), err, first, second)
	}
	return object, true
}

// FuzzTariff demands that a tariff that was taken can be priced by and, where it keeps our own rules, sent.
func FuzzTariff(f *testing.F) {
	f.Add([]byte(tariff230))
	f.Add([]byte(tariff221))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, k := range kinds() {
			if object, ok := stable(t, data, k); ok {
				goesOut(t, object)
			}
		}
	})
}

// FuzzCDR demands that a CDR that was taken is understood and, where it keeps our own rules, can be sent.
func FuzzCDR(f *testing.F) {
	f.Add([]byte(cdr230))
	f.Add([]byte(cdr221))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, k := range kinds() {
			if object, ok := stable(t, data, k); ok {
				goesOut(t, object)
			}
		}
	})
}

// goesOut demands that an object that was taken is understood, and is understood again when it
// goes on to another partner.
func goesOut(t *testing.T, object ocpi.Object) {
	t.Helper()
	switch object := object.(type) {
	case interface{ Trade() (trade.Tariff, error) }:
		general, err := object.Trade()
		if err != nil {
			t.Fatalf("a tariff was taken and is not understood: %v", err)
		}
		if newer, err := ocpi230.TariffOf(&general); err == nil {
			understood(t, newer, newer.Trade)
		}
		if older, err := ocpi221.TariffOf(&general); err == nil {
			understood(t, older, older.Trade)
		}
	case interface{ Trade() (*trade.CDR, error) }:
		general, err := object.Trade()
		if err != nil {
			return // its taxes may have no sum
		}
		if newer, err := ocpi230.CDROf(general); err == nil {
			understood(t, newer, newer.Trade)
		}
		if older, err := ocpi221.CDROf(general); err == nil {
			understood(t, older, older.Trade)
		}
	}
}

// understood demands that what we send is understood.
func understood[T any](t *testing.T, object ocpi.Object, read func() (T, error)) {
	t.Helper()
	if _, err := read(); err != nil {
		t.Errorf("%T is sent and not understood: %v", object, err)
	}
}
