package signed

import (
	"strings"

	"pylon/internal/domain/metering"
)

// Explain tells a problem in words, for people who look after meters and not for customers: the
// documents have catalogues of their own.
func Explain(p metering.Problem) string {
	text := words(p.Code)
	var values []string
	for i := 0; i+1 < len(p.Values); i += 2 {
		values = append(values, strings.TrimSuffix(p.Values[i], "_mwh")+" "+inWords(p.Values[i], p.Values[i+1]))
	}
	if len(values) > 0 {
		text += " (" + strings.Join(values, ", ") + ")"
	}
	return text
}

// inWords returns a value with its unit, when its name has one.
func inWords(name, value string) string {
	if strings.HasSuffix(name, "_mwh") {
		return value + " mWh"
	}
	return value
}

func words(code metering.Code) string {
	if text := ofValue(code); text != "" {
		return text
	}
	return ofSession(code)
}

func ofValue(code metering.Code) string {
	switch code {
	case metering.EncodingUnknown:
		return "the value is not in OCMF, and no other format can be checked here"
	case metering.KeyMissing:
		return "there is no public key to check the value with"
	case metering.KeyUnreadable:
		return "the public key cannot be read"
	case metering.MethodUnknown:
		return "the value is signed in a way that cannot be checked here"
	case metering.TooMany:
		return "there are more values than are checked at once"
	case metering.Malformed:
		return "the value breaks the rules of OCMF"
	case metering.SignatureMalformed:
		return "what stands for the signature is none"
	case metering.SignatureWrong:
		return "the signature is not of this key over this data: something was changed, or another meter has signed"
	case metering.KeyOtherCurve:
		return "the public key cannot have made the signature: it is on another curve"
	case metering.ValueIgnored:
		return "a value cannot be checked, and the others are enough"
	default:
		return ""
	}
}

func ofSession(code metering.Code) string {
	switch code {
	case metering.NoValues:
		return "there is no verified value of a transaction"
	case metering.BeginMissing:
		return "no verified reading says that the transaction begins"
	case metering.EndMissing:
		return "no verified reading says that the transaction ends"
	case metering.BeginTwice:
		return "two different readings say that the transaction begins"
	case metering.EndTwice:
		return "two different readings say that the transaction ends"
	case metering.PageGap:
		return "the meter has signed something between that is missing"
	case metering.PageRepeated:
		return "two different data sets have the same page number"
	case metering.MeterDiffers:
		return "the values are not all of the meter that they should be of"
	case metering.GatewayDiffers:
		return "the values are not all signed by one device"
	case metering.SerialMissing:
		return "neither meter nor signing device has a serial number"
	case metering.KeyDiffers:
		return "the values are signed with different keys"
	case metering.UserDiffers:
		return "the values name different users"
	case metering.UserInvalid:
		return "the meter says that the user is not who he says"
	case metering.TokenDiffers:
		return "the values name another user than the session"
	case metering.KeyNotKnown:
		return "the key came with the values: nobody has said that it is this meter's"
	default:
		return ofReadings(code)
	}
}

func ofReadings(code metering.Code) string {
	switch code {
	case metering.RegisterUnknown:
		return "no register of imported energy has both a begin and an end"
	case metering.RegisterSeveral:
		return "several registers could be billed, and nothing says which"
	case metering.UnitUnknown:
		return "the unit of the register is neither Wh nor kWh"
	case metering.TooFine:
		return "the register is out of range, or finer than a milliwatt-hour"
	case metering.EnergyBack:
		return "the register goes back"
	case metering.TimeBack:
		return "the end is before the begin"
	case metering.Unusable:
		return "the meter says that a quantity is not good for billing"
	case metering.MeterState:
		return "the meter was not in order at a reading"
	case metering.ExceptionRead:
		return "an error during the charge ended what can be billed"
	case metering.UnsignedDiffers:
		return "the energy differs from what the station reported without signature"
	default:
		return string(code)
	}
}
