package billing

import "pylon/internal/domain/billing/json"

type body struct {
	Name string
	Any  map[string]any
}

type exact struct {
	Name  string
	Minor int64
}

func read(text []byte) error {
	var loose body
	if err := json.Unmarshal(text, &loose); err != nil {
		return err
	}
	var strict exact
	return json.Unmarshal(text, &strict)
}
