package ocppj_test

import (
	"testing"

	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

func TestCodeOf(t *testing.T) {
	tests := []struct {
		rule    schema.Rule
		v16, v2 ocppj.ErrorCode
	}{
		{schema.RuleSyntax, "FormationViolation", "FormatViolation"},
		{schema.RuleType, "TypeConstraintViolation", "TypeConstraintViolation"},
		{schema.RuleRequired, "OccurenceConstraintViolation", "OccurrenceConstraintViolation"},
		{schema.RuleEnum, "PropertyConstraintViolation", "PropertyConstraintViolation"},
		{schema.RuleLength, "PropertyConstraintViolation", "PropertyConstraintViolation"},
		{schema.RuleRange, "PropertyConstraintViolation", "PropertyConstraintViolation"},
		{schema.RuleItems, "OccurenceConstraintViolation", "OccurrenceConstraintViolation"},
		{schema.RuleUnknown, "FormationViolation", "ProtocolError"},
		{schema.RuleFormat, "PropertyConstraintViolation", "PropertyConstraintViolation"},
	}
	for _, tt := range tests {
		t.Run(tt.rule.String(), func(t *testing.T) {
			if got := ocppj.CodeOf(ocppj.V16, tt.rule); got != tt.v16 {
				t.Errorf("1.6: got %s, want %s", got, tt.v16)
			}
			for _, v := range two {
				if got := ocppj.CodeOf(v, tt.rule); got != tt.v2 {
					t.Errorf("%v: got %s, want %s", v, got, tt.v2)
				}
			}
		})
	}
}

func TestRefusalNamesFieldAndRule(t *testing.T) {
	got := ocppj.Refusal(ocppj.V16, schema.Violations{
		{Path: "idTag", Rule: schema.RuleRequired, Detail: "is missing"},
		{Path: "connectorId", Rule: schema.RuleType, Detail: "must be an integer"},
	})
	if want := "OccurenceConstraintViolation: idTag is missing (required); connectorId must be an integer (type)"; got.Error() != want {
		t.Errorf("\n got %s\nwant %s", got.Error(), want)
	}
}
