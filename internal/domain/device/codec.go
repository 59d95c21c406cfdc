package device

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
)

// body is what of a [Document] is kept as one text. It is meant for a
// compressor, to which long names cost nothing.
type body struct {
	Variables []Variable `json:"variables"`
	Monitors  []Monitor  `json:"monitors,omitzero"`
}

// AppendBody appends the variables and monitors of a document to dst.
// [ParseBody] makes the same again.
func AppendBody(dst []byte, d *Document) ([]byte, error) {
	text, err := json.Marshal(body{d.Variables, d.Monitors})
	if err != nil {
		return nil, fmt.Errorf("document of EVSE %d: %w", d.EVSE, err)
	}
	return append(dst, text...), nil
}

// ParseBody reads what [AppendBody] wrote into d. Damaged data is an error.
func ParseBody(text []byte, d *Document) error {
	var b body
	if err := json.Unmarshal(text, &b); err != nil {
		return fmt.Errorf("document of EVSE %d: %w", d.EVSE, err)
	}
	if !slices.IsSortedFunc(b.Variables, func(v, w Variable) int { return v.Compare(w.Name) }) {
		return fmt.Errorf("document of EVSE %d: its variables are not in order", d.EVSE)
	}
	d.Variables, d.Monitors = b.Variables, b.Monitors
	return nil
}
