package tariff

import "strings"

// Words tells the notice in English.
func (n *Notice) Words() string {
	text := words(n.Code)
	if n.Code == Gap {
		return text + n.when()
	}
	for i := 0; i+1 < len(n.Values); i += 2 {
		text = strings.ReplaceAll(text, "{"+n.Values[i]+"}", n.Values[i+1])
	}
	return text
}

// words returns the text of a code, with names of values in braces.
func words(c Code) string {
	switch c {
	case AFIREnergy:
		return "From 50 kW on, the ad hoc price must be per kWh (Regulation (EU) 2023/1804, Article 5(4)), and there is none."
	case AFIRTime:
		return "From 50 kW on, charging ad hoc must not be priced by time (Regulation (EU) 2023/1804, Article 5(4)); only occupying the place may be, per minute: PARKING_TIME, or an idle fee."
	case AFIRFlat:
		return "From 50 kW on, charging ad hoc must not cost a fixed fee (Regulation (EU) 2023/1804, Article 5(4)): the price is per kWh."
	case AFIRLeast:
		return "From 50 kW on, the ad hoc price must be per kWh (Regulation (EU) 2023/1804, Article 5(4)); a least price makes small charges cost more than that."
	case AFIROrder:
		return "Below 50 kW, ad hoc prices are told per kWh, then per minute, then per session, then all others (Regulation (EU) 2023/1804, Article 5(4)); here the order is another, and partners show it as it is."
	case AFIRPower:
		return "Which rules of Regulation (EU) 2023/1804, Article 5(4), hold depends on the power of the stations, which is not known here."
	case NEVIEnergy:
		return "At a NEVI station the price must be based on $/kWh (23 CFR 680.116(a)(1)), and there is no price per kWh."
	case NEVIFixed:
		return "At a NEVI station the price at the start of a session must not change during it (23 CFR 680.116(a)(2)), and this one may."
	case UKPence:
		return "In the United Kingdom the price of charging must be displayed in pence per kWh (Public Charge Point Regulations 2023, regulation 11), and there is no price per kWh."
	case UKTotal:
		return "In the United Kingdom the total price of charging must be displayed in pence per kWh (Public Charge Point Regulations 2023, regulation 11): what is shown must have this price in it, too."
	case UKCurrency:
		return "In the United Kingdom the price of charging must be displayed in pence per kWh (Public Charge Point Regulations 2023, regulation 11); the currency is not GBP."
	case NetPrices:
		return "Consumers must be told prices with tax (in the European Union Directive 2011/83/EU, Article 5(1)(c)), and these are without."
	case GermanEnergy:
		return "In Germany the price of charging ad hoc must be told per kWh (Preisangabenverordnung, section 14(2) and (4)), and there is none."
	case EichrechtClock:
		return "In Germany time must not be billed that no certified clock has measured (Mess- und Eichgesetz, section 33(1))."
	case EichrechtLength:
		return "In Germany a price must not depend on time that no certified clock has measured (Mess- und Eichgesetz, section 33(1))."
	case EichrechtEnergy:
		return "In Germany energy must not be billed that the meter has not signed for the driver to check (MessEG section 33); the tariff does not demand it."
	case CertifiedNone:
		return "The tariff demands energy that the meter has signed, and has no price per kWh: sessions without proof are not billed all the same."
	case VATMissing:
		return "There is no rate of tax for this price, so the sum before or after tax is not known and no bill can be made. Name the rate, 0 too, or one for the whole tariff."
	case LimitOneSide:
		return "The limit has one side only. The sums before and after tax are limited each by itself, so the other side has no limit."
	default:
		return moreWords(c)
	}
}

func moreWords(c Code) string {
	switch c {
	case StepLarge:
		return "A step of {step} {unit} costs {cost} {currency}, which whoever begins one pays whole."
	case StepDiffers:
		return "The step is {step} here and {other} in an earlier element. What is charged last decides by which one the whole session is rounded."
	case StepParking:
		return "The step is {step} for PARKING_TIME and {other} for TIME. Where somebody parks and charges, that of parking rounds both."
	case Gap:
		return "Charging has no price, and costs nothing, "
	case Overlap:
		return "Where this element and element {first} both apply, their prices differ, and that of element {first} is taken because it comes first."
	case Unreachable:
		return "This price is never used: where its element applies, an earlier one does, too, or it never applies."
	case TooManyCases:
		return "The elements have too many combinations of restrictions to look for gaps and for prices that are never used."
	case ClockEdge:
		return "On {date} the clock shows {time} twice, so the price goes forth, back and forth again."
	case ClockRepeated:
		return "On {date} the clock goes through this window twice, so it lasts twice as long."
	case ClockSkipped:
		return "On {date} the clock leaves this window out, so the price is never used that day."
	case ZoneUnknown:
		return "There is no time zone {zone}, so changes of the clocks were not looked at."
	default:
		return string(c)
	}
}

// when tells a case of [grid.tell].
func (n *Notice) when() string {
	var said []string
	rest := ""
	for i := 0; i+1 < len(n.Values); i += 2 {
		name, value := n.Values[i], n.Values[i+1]
		switch name {
		case "cases":
			if value != "1" {
				rest = " (and in other cases)"
			}
		case "start_date", "start_time":
			said = append(said, "from "+value)
		case "end_date", "end_time":
			said = append(said, "until "+value)
		case "day_of_week":
			said = append(said, "on "+value)
		case "unreported":
			said = append(said, "where the station does not report the "+value+", or it crosses a limit")
		default:
			bound, what, _ := strings.Cut(name, "_")
			said = append(said, map[string]string{"min": "from ", "max": "below "}[bound]+value+" "+unitOf(what))
		}
	}
	return strings.Join(said, ", ") + rest + "."
}

func unitOf(what string) string {
	switch what {
	case "kwh":
		return "kWh"
	case "duration":
		return "s"
	case "current":
		return "A"
	case "power":
		return "kW"
	}
	return what
}
