package app

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"pylon/internal/app/receipts"
	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/tariff"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// Receipts returns the page on which a demonstration keeps its newest receipts.
func (n *Node) Receipts() (string, error) {
	folder, err := filepath.Abs(filepath.Join(n.config.Data, "receipts"))
	return receipts.Index(folder), err
}

// keepReceipts writes receipts to where [Node.Receipts] says, until ctx ends.
func (n *Node) keepReceipts(ctx context.Context) error {
	org, err := n.store.FirstOrganisation(ctx)
	if err != nil {
		return err
	}
	at, err := n.Receipts()
	if err != nil {
		return err
	}
	return receipts.New(receipts.Options{
		Store: n.store, Press: n.press, Organisation: org.ID, Folder: filepath.Dir(at), Clock: n.clock, Log: n.log,
	}).Run(ctx)
}

// furnishPrices says who bills, and gives everybody the demonstration's tariff,
// unless there are tariffs already.
func (n *Node) furnishPrices(ctx context.Context, by account.Actor) error {
	known, err := n.store.Tariffs(ctx, by.Organisation, page.Query{Limit: 1})
	if err != nil || len(known.Items) > 0 {
		return err
	}
	_, err = n.admin.SetProfile(ctx, by, billing.Profile{Language: "en", Issuer: billing.Party{
		Name: "Pylon Demo Charging GmbH", Street: "Am Hafen 1", PostalCode: "20457", City: "Hamburg", Country: "DE",
		TaxID: "DE123456789", Mail: "receipts@demo.example", IBAN: "DE89370400440532013000",
	}}, 0)
	if err != nil {
		return fmt.Errorf("billing profile: %w", err)
	}
	draft, err := demoPrices()
	if err != nil {
		return err
	}
	name, regular := "Demo", trade.TariffRegular
	made, err := n.admin.CreateTariff(ctx, by, admin.TariffPatch{Name: &name, Type: &regular, Draft: new(draft)}, nil)
	if err != nil {
		return fmt.Errorf("tariff: %w", err)
	}
	if _, err := n.admin.PublishTariff(ctx, by, made.ID, 0); err != nil {
		return fmt.Errorf("tariff: publish: %w", err)
	}
	if _, err := n.admin.CreateAssignment(ctx, by, admin.AssignmentPatch{Tariff: &made.ID}, nil); err != nil {
		return fmt.Errorf("assignment: %w", err)
	}
	return nil
}

// demoGrace is short, for the demonstration's people are quick.
const demoGrace = 2 * time.Minute

// demoPrices are 0.49 EUR a kilowatt-hour and, for a car that is full and stays, 0.10 EUR
// a minute, with 19 % tax in them.
func demoPrices() (*tariff.Draft, error) {
	numbers := map[string]decimal.Decimal{}
	for _, text := range []string{"0.49", "0.10", "12.00", "19"} {
		d, err := decimal.Parse(text)
		if err != nil {
			return nil, err
		}
		numbers[text] = d
	}
	kwh, minute, most, vat := numbers["0.49"], numbers["0.10"], numbers["12.00"], numbers["19"]
	return &tariff.Draft{Terms: tariff.Terms{
		Priced: rating.Tariff{
			Currency: "EUR", TaxIncluded: rating.TaxYes,
			Elements: []rating.Element{{Components: []rating.Component{{Dimension: rating.Energy, Price: kwh, VAT: &vat, StepSize: 1}}}},
		},
		DefaultVAT: &vat,
		Extras: []tariff.Extra{{Adjustment: rating.Adjustment{
			ID: "idle", VAT: &vat,
			Idle: &rating.IdleFee{PerMinute: minute, Grace: rating.Nanoseconds(demoGrace), Most: &most, Quiet: []rating.Window{{Start: "22:00", End: "07:00"}}},
		}}},
		Texts: demoTexts(),
	}}, nil
}

// demoTexts are the prices in words, in every language that a receipt can have.
func demoTexts() []trade.Text {
	return []trade.Text{
		{Language: "en", Text: "0.49 EUR per kWh. From the third minute after your car is full, 0.10 EUR per minute, 12 EUR at most, not from 22:00 to 07:00. Tax is included."},
		{Language: "de", Text: "0,49 EUR je kWh. Ab der dritten Minute, in der Ihr Auto voll ist, 0,10 EUR je Minute, höchstens 12 EUR, nicht von 22:00 bis 07:00 Uhr. Inklusive Umsatzsteuer."},
		{Language: "es", Text: "0,49 EUR por kWh. A partir del tercer minuto con el coche lleno, 0,10 EUR por minuto, 12 EUR como máximo, salvo de 22:00 a 07:00. Impuestos incluidos."},
		{Language: "fr", Text: "0,49 EUR par kWh. Dès la troisième minute après la fin de la charge, 0,10 EUR par minute, 12 EUR au plus, sauf de 22 h 00 à 7 h 00. TVA comprise."},
		{Language: "nl", Text: "0,49 EUR per kWh. Vanaf de derde minuut nadat uw auto vol is 0,10 EUR per minuut, ten hoogste 12 EUR, niet van 22:00 tot 07:00 uur. Inclusief btw."},
		{Language: "sv", Text: "0,49 EUR per kWh. Från den tredje minuten efter att bilen är full 0,10 EUR per minut, högst 12 EUR, inte mellan 22:00 och 07:00. Inklusive moms."},
	}
}
