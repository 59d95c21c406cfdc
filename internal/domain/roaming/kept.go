package roaming

import (
	"time"

	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/trade"
)

// Kept is a CDR of ours as it is kept. It is written once, so it never changes, whatever becomes of
// the bill, the tariff and the site. What names a person is left out, and stands in the token's own row:
// [Kept.Told] puts it in.
type Kept struct {
	CDR          trade.CDR // without the token's uid
	Organisation ident.OrganisationID
	Session      ident.SessionID
	Token        ident.TokenID // "": the station named none
}

// Told returns the CDR as a partner gets it. uid is the token's; "" says that it is not known any
// more, or that there was none.
func (k *Kept) Told(uid string) *trade.CDR {
	c := k.CDR
	c.Token.UID = uid
	if uid == "" {
		c.Token.UID = trade.NotAvailable
	}
	return &c
}

// Filter chooses CDRs of an organisation; a zero field does not choose.
type Filter struct {
	From, To time.Time // of the last change; From inclusive, To exclusive
	Session  ident.SessionID
}
