package document_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

func number(text string) decimal.Decimal {
	d, err := decimal.Parse(text)
	if err != nil {
		panic(err)
	}
	return d
}

func price(text string) *decimal.Decimal {
	d := number(text)
	return &d
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

// settle reckons taxes and totals of a document's lines, as the rating's rounding has it.
func settle(d *billing.Document) *billing.Document {
	sums, rates := map[string]int64{}, map[string]decimal.Decimal{}
	for i := range d.Lines {
		key := exact.Of(d.Lines[i].VAT).String()
		sums[key] += d.Lines[i].Amount
		rates[key] = d.Lines[i].VAT
	}
	d.Taxes, d.Net, d.Tax = nil, 0, 0
	for key, sum := range sums {
		rate := exact.Of(rates[key]).Quo(exact.Int(100))
		t := rating.Tax{Rate: rates[key], Taxable: sum}
		if d.Gross {
			t.Tax = minor(exact.Int(sum).Mul(rate).Quo(exact.Int(1).Add(rate)))
			t.Taxable = sum - t.Tax
		} else {
			t.Tax = minor(exact.Int(sum).Mul(rate))
		}
		d.Taxes = append(d.Taxes, t)
		d.Net, d.Tax = d.Net+t.Taxable, d.Tax+t.Tax
	}
	slices.SortFunc(d.Taxes, func(a, b rating.Tax) int { return cmp.Or(a.Rate.Cmp(b.Rate)) })
	d.Total = d.Net + d.Tax
	return d
}

// minor rounds to a whole number.
func minor(n exact.Number) int64 {
	d, err := money.Digits(n, 0)
	if err != nil {
		panic(err)
	}
	whole, _, err := d.Scaled(0)
	if err != nil {
		panic(err)
	}
	return whole
}

func issuer() billing.Party {
	return billing.Party{
		Name: "Stadtstrom Nord GmbH", Street: "Hafenstraße 12", PostalCode: "20457", City: "Hamburg", Country: "DE",
		TaxID: "DE811234569", Registration: "HRB 104711 Hamburg", Endpoint: "0088:4012345000009",
		Mail: "rechnung@stadtstrom.example", Phone: "+49 40 123456-0", IBAN: "DE02120300000000202051",
	}
}

func fleet() billing.Party {
	return billing.Party{
		Name: "Brûlerie Zoë Lieferdienste AG", Street: "Speicherstadt 3", PostalCode: "20457", City: "Hamburg", Country: "DE",
		TaxID: "DE136695976", Endpoint: "9930:DE136695976", Mail: "buchhaltung@zoe.example",
	}
}

func charge() billing.Charge {
	return billing.Charge{
		Session: "ses_01k9x3v7m8c5q2r4t6w8y0z1a3", Site: "Parkhaus Elbtor", Address: "Am Sandtorkai 41, 20457 Hamburg",
		Station: "HH-ELB-07", EVSE: "DE*SNO*E00407*1", Connector: "IEC_62196_T2_COMBO", Zone: "Europe/Berlin",
		Start: at("2026-11-14T17:03:12Z"), End: at("2026-11-14T17:44:40Z"),
		Begin: 48_213_407_000, Finish: 48_254_644_000, Energy: 41_237_000,
		Tariff: "0,59 € je kWh.\nNach 45 Minuten ohne Laden 0,10 € je Minute, höchstens 12,00 €.\nAlle Preise enthalten 19 % Umsatzsteuer.",
		Steps:  steps(),
		Signed: []billing.SignedReading{
			{
				Nature: "begin", At: at("2026-11-14T17:03:12Z"), Energy: 48_213_407_000, Format: "OCMF", Verdict: "verified",
				Data:      `OCMF|{"FV":"1.0","GI":"SNO-METER","GS":"0407","PG":"T123","MV":"SNO","MM":"EM-3","IS":true,"RD":[{"TM":"2026-11-14T18:03:12,000+0100 S","TX":"B","RV":48213.407,"RI":"1-0:1.8.0","RU":"kWh","ST":"G"}]}|{"SD":"304402201455BF1082C9EB8B1272D7FA838EB44286B03AC96E8BAFC5E79E30C5B3E1B872022006286CA81AEE0FAFCB1D6A137FFB2C0DD014727E2AEC149F30CD5A7E87619139"}`,
				PublicKey: "3059301306072A8648CE3D020106082A8648CE3D030107034200044BFD02C1D85272CEEA9977DB26D72CC401D9E5602FAEEE7EC7B6B62F9C0CCE34AD8D345D5AC0E8F65DEB5FF0BB402B1B87926BD1B7FC2DBC3A9774E8E70C7254",
			},
			{
				Nature: "end", At: at("2026-11-14T17:44:40Z"), Energy: 48_254_644_000, Format: "OCMF", Verdict: "verified",
				Data:      `OCMF|{"FV":"1.0","GI":"SNO-METER","GS":"0407","PG":"T124","MV":"SNO","MM":"EM-3","IS":true,"RD":[{"TM":"2026-11-14T18:44:40,000+0100 S","TX":"E","RV":48254.644,"RI":"1-0:1.8.0","RU":"kWh","ST":"G"}]}|{"SD":"3046022100E3C0B1C7C6A5F1A4E2B4C0B1F7C1D2E3F405162738495A6B7C8D9EAFB0C1D2022100A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5F60718293A4B5C6D7E8F90"}`,
				PublicKey: "3059301306072A8648CE3D020106082A8648CE3D030107034200044BFD02C1D85272CEEA9977DB26D72CC401D9E5602FAEEE7EC7B6B62F9C0CCE34AD8D345D5AC0E8F65DEB5FF0BB402B1B87926BD1B7FC2DBC3A9774E8E70C7254",
			},
		},
	}
}

// steps are those of the receipt, as the rater tells them.
func steps() []rating.Step {
	step := func(code string, values ...string) rating.Step { return rating.Step{Code: code, Values: values} }
	return []rating.Step{
		step("tariff", "currency", "EUR", "tax_included", "YES", "zone", "Europe/Berlin", "elements", "2"),
		step("session", "start", "2026-11-14T17:03:12Z", "end", "2026-11-14T17:44:40Z", "seconds", "2488", "from", "TIMELINE"),
		step("reading", "at", "2026-11-14T17:03:12Z", "kwh", "48213.407", "role", "BEGIN"),
		step("reading", "at", "2026-11-14T17:44:40Z", "kwh", "48254.644", "role", "END"),
		step("period", "number", "1", "start", "2026-11-14T17:03:12Z", "end", "2026-11-14T17:44:40Z", "kwh", "41.237", "charging", "2488", "parking", "0"),
		step("element", "phase", "SESSION", "dimension", "ENERGY", "element", "1", "from", "2026-11-14T17:03:12Z", "to", "2026-11-14T17:44:40Z",
			"price", "0.59", "vat", "19", "consumed", "0", "elapsed", "0", "local_time", "18:03:12", "weekday", "SATURDAY", "start_time", "07:00", "end_time", "22:00"),
		step("line", "number", "1", "phase", "SESSION", "dimension", "ENERGY", "element", "1", "quantity", "41.237", "price", "0.59", "amount", "24.32983", "vat", "19"),
		step("extra", "number", "2", "kind", "adjustment", "id", "", "dimension", "FLAT", "quantity", "1", "price", "0.35", "amount", "0.35", "vat", "19"),
		step("limit", "side", "MAX_INCL", "limit", "24", "before", "24.05"),
		step("limit_factor", "factor", "2400/2405"),
		step("round", "number", "1", "exact", "24.32983", "rounded", "24.33"),
		step("tax", "rate", "19", "taxable", "20.17", "tax", "3.83"),
		step("total", "net", "20.17", "tax", "3.83", "gross", "24.00"),
	}
}

// receipt is what a driver gets who paid by card at the station.
func receipt() *billing.Document {
	return settle(&billing.Document{
		Kind: billing.Receipt, Number: "SN-2026-004711", IssuedAt: at("2026-11-14T17:45:02Z"), Zone: "Europe/Berlin", Language: "de",
		Issuer: issuer(), Currency: "EUR", Gross: true,
		Lines: []billing.Line{
			{Item: billing.ItemEnergy, Quantity: number("41.237"), Unit: billing.KilowattHour, Price: price("0.59"), VAT: number("19"), Amount: 2433},
			{Item: billing.ItemFixed, Quantity: number("1"), Unit: billing.Piece, Price: price("0.35"), VAT: number("19"), Amount: 35},
			{Item: billing.ItemSolar, Quantity: number("1"), Unit: billing.Piece, VAT: number("19"), Amount: -63},
			{Item: billing.ItemPriceLimit, Quantity: number("1"), Unit: billing.Piece, VAT: number("19"), Amount: -5},
		},
		Paid:    []billing.Payment{{Method: "terminal", Reference: "pi_3QK8x2 · Girocard •••• 4242", At: at("2026-11-14T17:45:01Z"), Held: 6000, Amount: 2400}},
		Charges: []billing.Charge{charge()},
	})
}

// invoice is one to a company, of three sessions in two countries, net, with two rates of tax.
func invoice() *billing.Document {
	d := &billing.Document{
		Kind: billing.Invoice, Number: "SN-R-2026-00042", IssuedAt: at("2026-12-01T08:00:00Z"), DueAt: at("2026-12-15T08:00:00Z"),
		Zone: "Europe/Berlin", Language: "en", Issuer: issuer(), Customer: fleet(), BuyerReference: "PO-7781",
		From: at("2026-10-31T23:00:00Z"), To: at("2026-11-30T23:00:00Z"), Currency: "EUR",
		Replaces: billing.Reference{Number: "SN-R-2026-00040", IssuedAt: at("2026-11-28T09:00:00Z")},
	}
	first, second, third := charge(), charge(), charge()
	first.Tariff, first.Signed = "€0.4958 per kWh before VAT.", nil
	second.Signed, second.Tariff = nil, "€0.4958 per kWh before VAT. Connected without charging: €0.08 per minute after 45 minutes."
	second.Start, second.End = at("2026-11-20T06:12:00Z"), at("2026-11-20T09:31:00Z")
	second.Session, second.Station, second.EVSE = "ses_01k9x3v7m8c5q2r4t6w8y0z1b4", "HH-ELB-02", "DE*SNO*E00402*2"
	second.Begin, second.Finish, second.Energy = 1_002_000_000, 1_064_310_000, 62_310_000
	third.Signed, third.Steps = nil, nil
	third.Site, third.Address, third.Station, third.EVSE, third.Zone = "Hotel Kungsträdgården", "Västra Trädgårdsgatan 11 B, Stockholm", "STO-01", "SE*SNO*E0001*1", "Europe/Stockholm"
	third.Start, third.End, third.Connector = at("2026-11-28T20:55:00Z"), at("2026-11-29T05:10:00Z"), "IEC_62196_T2"
	third.Session, third.Tariff = "ses_01k9x3v7m8c5q2r4t6w8y0z1c5", "€0.40 per kWh before VAT (25 %)."
	third.Begin, third.Finish, third.Energy = 77_000_000, 95_500_000, 18_500_000
	d.Charges = []billing.Charge{first, second, third}
	d.Lines = []billing.Line{
		{Item: billing.ItemEnergy, Quantity: number("41.237"), Unit: billing.KilowattHour, Price: price("0.4958"), VAT: number("19"), Amount: 2045},
		{Charge: 1, Item: billing.ItemEnergy, Quantity: number("62.31"), Unit: billing.KilowattHour, Price: price("0.4958"), VAT: number("19"), Amount: 3089},
		{Charge: 1, Item: billing.ItemIdle, Quantity: number("38"), Unit: billing.Minute, Price: price("0.08"), VAT: number("19"), Amount: 304},
		{Charge: 1, Item: billing.ItemDiscount, Name: "Night owl", Quantity: number("1"), Unit: billing.Piece, VAT: number("19"), Amount: -309},
		{Charge: 2, Item: billing.ItemEnergy, Quantity: number("18.5"), Unit: billing.KilowattHour, Price: price("0.4"), VAT: number("25"), Amount: 740},
		{Charge: -1, Item: billing.ItemSubscription, Name: "Fleet 50", Quantity: number("1"), Unit: billing.Piece, Price: price("49"), VAT: number("19"), Amount: 4900},
		{Charge: -1, Item: billing.ItemVoucher, Name: "WELCOME10", Quantity: number("1"), Unit: billing.Piece, VAT: number("19"), Amount: -1000},
	}
	return settle(d)
}

// creditNote takes the receipt's session back, in French, and is paid back.
func creditNote() *billing.Document {
	d := receipt()
	d.Kind, d.Number, d.Language = billing.CreditNote, "SN-G-2026-000007", "fr"
	d.IssuedAt = at("2026-11-16T10:20:00Z")
	d.Credits = billing.Reference{Number: "SN-2026-004711", IssuedAt: at("2026-11-14T17:45:02Z")}
	d.Reason = "Chargé avec la carte d’un collègue"
	d.Customer, d.BuyerReference = fleet(), "PO-7781"
	d.Paid = []billing.Payment{{Method: "card", Reference: "re_3QK8x2", At: at("2026-11-16T10:20:00Z"), Amount: 2400}}
	d.Charges[0].Signed, d.Charges[0].Steps = nil, nil
	d.Charges[0].Tariff = "0,59 € par kWh TTC."
	return d
}

// statement is a month of a fleet: so many sessions of three lines, in three cost centres and without one.
func statement(sessions int, language string) *billing.Document {
	d := &billing.Document{
		Kind: billing.Invoice, Number: "SN-M-2026-11-0815", IssuedAt: at("2026-12-01T08:00:00Z"), DueAt: at("2026-12-31T08:00:00Z"),
		Zone: "Europe/Berlin", Language: language, Issuer: issuer(), Customer: fleet(), BuyerReference: "PO-7781",
		From: at("2026-10-31T23:00:00Z"), To: at("2026-11-30T23:00:00Z"), Currency: "EUR", Gross: true,
	}
	centres := []string{"4100 Auslieferung", "4200 Außendienst", "", "4300 Leitung & Verwaltung"}
	for i := range sessions {
		c := charge()
		c.Session = fmt.Sprintf("ses_%026d", i)
		c.Start = d.From.Add(time.Duration(i) * 29 * 24 * time.Hour / time.Duration(sessions))
		c.End = c.Start.Add(50 * time.Minute)
		c.Energy = unit.MilliWattHour(7_000_000 + (i%37)*1_111_000)
		c.Begin = unit.MilliWattHour(i) * 50_000_000
		c.Finish = c.Begin + c.Energy
		c.EVSE = fmt.Sprintf("DE*SNO*E%05d*%d", 400+i%12, 1+i%2)
		c.Steps, c.Signed, c.Tariff = nil, nil, "0,59 € je kWh, 0,35 € je Ladevorgang, nach 45 Minuten 0,10 € je Minute."
		d.Charges = append(d.Charges, c)
		energy := decimal.FromInt(int64(c.Energy/1000), 3)
		line := func(item billing.Item, quantity decimal.Decimal, u billing.Unit, each string) {
			amount, err := money.Round(exact.Of(quantity).Mul(exact.Of(number(each))), d.Currency)
			if err != nil {
				panic(err)
			}
			d.Lines = append(d.Lines, billing.Line{
				Charge: i, Item: item, CostCentre: centres[i%len(centres)], Quantity: quantity, Unit: u, Price: price(each),
				VAT: number("19"), Amount: amount.Minor,
			})
		}
		line(billing.ItemEnergy, energy, billing.KilowattHour, "0.59")
		line(billing.ItemFixed, number("1"), billing.Piece, "0.35")
		line(billing.ItemIdle, number("5"), billing.Minute, "0.10")
	}
	return settle(d)
}

// foreign is a receipt in a currency of other digits.
func foreign(currency money.Currency, language string) *billing.Document {
	d := receipt()
	d.Currency, d.Language, d.Lines = currency, language, d.Lines[:1]
	d.Lines[0].VAT, d.Lines[0].Price = number("10"), price("42.5")
	d.Lines[0].Amount = money.Of(1753, currency).Minor
	d.Paid = nil
	return settle(d)
}

func samples() map[string]*billing.Document {
	return map[string]*billing.Document{
		"receipt": receipt(), "invoice": invoice(), "credit_note": creditNote(), "statement": statement(24, "sv"),
		"receipt_jpy": foreign("JPY", "en"), "receipt_kwd": foreign("KWD", "nl"), "receipt_es": foreign("EUR", "es"),
	}
}

func clone(t *testing.T, d *billing.Document) *billing.Document {
	t.Helper()
	out := *d
	out.Lines, out.Charges, out.Paid = slices.Clone(d.Lines), slices.Clone(d.Charges), slices.Clone(d.Paid)
	out.Taxes = slices.Clone(d.Taxes)
	return &out
}
