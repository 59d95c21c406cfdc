package metering

import "slices"

// Code names a problem; it is stable.
type Code string

// Problems of a value.
const (
	EncodingUnknown    Code = "encoding_unknown"    // not OCMF
	KeyMissing         Code = "key_missing"         // none known, none sent
	KeyUnreadable      Code = "key_unreadable"      // or on a curve that we do not have
	MethodUnknown      Code = "method_unknown"      // signed in a way that we cannot check
	TooMany            Code = "too_many"            // more values than are checked at once
	Malformed          Code = "malformed"           // OCMF that breaks its rules
	SignatureMalformed Code = "signature_malformed" // no signature by its form
	SignatureWrong     Code = "signature_wrong"     // of another key, or over other data
	KeyOtherCurve      Code = "key_other_curve"     // the key cannot have signed it
)

// Problems of a session.
const (
	NoValues        Code = "no_values"
	BeginMissing    Code = "begin_missing"
	EndMissing      Code = "end_missing"
	BeginTwice      Code = "begin_twice" // and not the same
	EndTwice        Code = "end_twice"
	PageGap         Code = "page_gap"
	PageRepeated    Code = "page_repeated" // one number for two sets
	MeterDiffers    Code = "meter_differs"
	GatewayDiffers  Code = "gateway_differs"
	SerialMissing   Code = "serial_missing"
	KeyDiffers      Code = "key_differs"
	UserDiffers     Code = "user_differs"
	UserInvalid     Code = "user_invalid" // the device says that the user is not who he says
	RegisterUnknown Code = "register_unknown"
	RegisterSeveral Code = "register_several" // and none of them the one to take
	UnitUnknown     Code = "unit_unknown"
	TooFine         Code = "too_fine" // digits below a milliwatt-hour
	EnergyBack      Code = "energy_back"
	TimeBack        Code = "time_back"
	Unusable        Code = "unusable" // an error flag says so
	MeterState      Code = "meter_state"
	ExceptionRead   Code = "exception"
	UnsignedDiffers Code = "unsigned_differs" // from what the station reported without signature
	TokenDiffers    Code = "token_differs"    // from the one that the session is of
	KeyNotKnown     Code = "key_not_known"    // for the EVSE: it came with the values
	ValueIgnored    Code = "value_ignored"    // not verifiable, and not needed
)

// gravity is how much a problem weighs.
type gravity int

const (
	notice   gravity = iota
	review           // the energy is right as signed, but somebody should look before it is billed
	unproven         // nothing is known to be wrong, but too little is known
	fatal            // something is wrong
)

func (c Code) gravity() gravity {
	switch {
	case slices.Contains([]Code{KeyNotKnown, ValueIgnored}, c):
		return notice
	case slices.Contains([]Code{UnsignedDiffers, TokenDiffers}, c):
		return review
	case slices.Contains([]Code{
		EncodingUnknown, KeyMissing, KeyUnreadable, MethodUnknown, TooMany,
		NoValues, BeginMissing, EndMissing, SerialMissing, RegisterUnknown, RegisterSeveral, UnitUnknown, TooFine,
	}, c):
		return unproven
	}
	return fatal
}

// Problem is what stands against a session, or should be known of it.
type Problem struct {
	Code   Code
	Value  int      // index of the value that it is about; -1: of none
	Values []string // name, value, name, value …
}

// Verdict returns the verdict that the code alone leads to.
func (c Code) Verdict() Verdict {
	switch c.gravity() {
	case fatal:
		return Failed
	case unproven:
		return NotVerifiable
	}
	return Verified
}

// Codes returns all codes there are, so that a catalogue can be complete.
func Codes() []Code {
	return []Code{
		EncodingUnknown, KeyMissing, KeyUnreadable, MethodUnknown, TooMany, Malformed, SignatureMalformed, SignatureWrong, KeyOtherCurve,
		NoValues, BeginMissing, EndMissing, BeginTwice, EndTwice, PageGap, PageRepeated, MeterDiffers, GatewayDiffers, SerialMissing, KeyDiffers,
		UserDiffers, UserInvalid, RegisterUnknown, RegisterSeveral, UnitUnknown, TooFine, EnergyBack, TimeBack, Unusable, MeterState,
		ExceptionRead, UnsignedDiffers, TokenDiffers, KeyNotKnown, ValueIgnored,
	}
}
