package rest

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// timeLayout is how the API writes a moment: RFC 3339 with milliseconds, UTC.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Time is a moment; the zero Time is null.
type Time struct{ time.Time }

// MarshalJSONTo writes t in [timeLayout].
func (t Time) MarshalJSONTo(enc *jsontext.Encoder) error {
	if t.IsZero() {
		return enc.WriteToken(jsontext.Null)
	}
	return enc.WriteToken(jsontext.String(t.UTC().Format(timeLayout)))
}

// UnmarshalJSONFrom reads RFC 3339 with any zone and fraction.
func (t *Time) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var s *string
	if err := json.UnmarshalDecode(dec, &s); err != nil || s == nil {
		return err
	}
	parsed, err := time.Parse(time.RFC3339Nano, *s)
	t.Time = parsed.UTC()
	return err
}

// Schema tells the OpenAPI document what a Time is.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Format: "date-time", Nullable: true,
		Description: "RFC 3339, UTC, milliseconds", Examples: []any{"2026-03-01T08:15:30.000Z"},
	}
}

// orNull is s, or null when there is none.
func orNull[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	text := string(s)
	return &text
}
