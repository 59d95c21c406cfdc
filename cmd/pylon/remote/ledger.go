package remote

import (
	"context"

	"pylon/internal/client"
)

// Ledger is the noun, without what needs the database itself.
type Ledger struct {
	Connection `embed:""`

	Accounts ledgerAccounts `cmd:"" help:"List accounts with their balances." example:"pylon ledger accounts --class wallet"`
	Entries  ledgerEntries  `cmd:"" help:"What moved an account, the newest first."`
	Journals ledgerJournals `cmd:"" help:"What happened to money, the newest first."`
	Journal  ledgerJournal  `cmd:"" help:"Show journals with their transfers."`
	Balance  ledgerBalance  `cmd:"" name:"trial-balance" help:"What all accounts have, by class: debits are credits."`
}

type ledgerAccounts struct {
	Class string `help:"Of this class, such as receivable_driver."`
	Owner string `help:"Of this driver, partner, site host …"`
	Limit int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *ledgerAccounts) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, "/ledger/accounts", query("class", l.Class, "owner", l.Owner), l.Limit, []column{
		{"CLASS", "class", nil},
		{"OWNER", "owner", nil},
		{"BALANCE", "balance_minor", nil},
		{"UNIT", "unit", nil},
		{"SIDE", "side", nil},
		{"ACCOUNT", "id", nil},
	})
}

type ledgerEntries struct {
	Account string `arg:"" help:"Identifier, acc_…"`
	Limit   int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *ledgerEntries) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, client.Path("/ledger/accounts/", l.Account)+"/entries", nil, l.Limit, []column{
		{"POSTED", "posted_at", when},
		{"WHAT", "template", nil},
		{"OF", "source_type", nil},
		{"WHICH", "source_id", nil},
		{"AMOUNT", "amount_minor", nil},
		{"OTHER ACCOUNT", "other_account_id", nil},
	})
}

type ledgerJournals struct {
	Template string `help:"Of this kind, such as bill_issued."`
	Type     string `placeholder:"WORD" help:"About this type of thing, such as bill."`
	Of       string `placeholder:"ID" help:"About this thing."`
	Limit    int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *ledgerJournals) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, "/ledger/journals", query("template", l.Template, "source_type", l.Type, "source_id", l.Of), l.Limit, []column{
		{"JOURNAL", "id", nil},
		{"WHAT", "template", nil},
		{"OF", "source_type", nil},
		{"WHICH", "source_id", nil},
		{"POSTED", "posted_at", when},
		{"SERIES", "series", nil},
		{"NUMBER", "number", nil},
	})
}

type ledgerJournal struct {
	Journal []string `arg:"" help:"Identifiers, jnl_…"`
}

// Run shows.
func (g *ledgerJournal) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Journal, below("/ledger/journals/"))
}

type ledgerBalance struct{}

// Run shows.
func (*ledgerBalance) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, []string{"trial-balance"}, func(context.Context, *client.Client, string) (string, error) { return "/ledger/trial-balance", nil })
}
