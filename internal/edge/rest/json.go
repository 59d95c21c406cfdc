package rest

import (
	"io"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// JSON is a value of any shape that passes through as it is; none is null.
type JSON []byte

// MarshalJSONTo writes the value.
func (j JSON) MarshalJSONTo(enc *jsontext.Encoder) error {
	if len(j) == 0 {
		return enc.WriteToken(jsontext.Null)
	}
	return enc.WriteValue(jsontext.Value(j))
}

// UnmarshalJSONFrom reads a value.
func (j *JSON) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	*j = JSON(v.Clone())
	return err
}

// Schema tells the OpenAPI document that any value is right.
func (JSON) Schema(huma.Registry) *huma.Schema { return &huma.Schema{} }

// format is how huma reads and writes JSON: by the strict decoder, whose
// integers stay integers and whose empty lists are lists.
func format(registry huma.Registry) huma.Format {
	return huma.Format{
		Marshal: func(w io.Writer, v any) error { return json.MarshalWrite(w, v) },
		Unmarshal: func(data []byte, v any) error {
			if body, ok := v.(interface {
				read(r huma.Registry, data []byte)
			}); ok {
				body.read(registry, data)
				return nil
			}
			return json.Unmarshal(data, v)
		},
	}
}
