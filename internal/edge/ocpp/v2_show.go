package ocpp

import (
	"context"

	"pylon/internal/domain/screen"
	"pylon/internal/domain/session"
	"pylon/internal/domain/token"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/schema"
)

// show2 is what 2.x stations are sent: the running cost. What comes before and after
// is told in answers. Source: OCPP 2.0.1 part 2, I01, I02, I03.
func show2(x *screen.Shown) schema.Message {
	if x.Kind != screen.Running {
		return nil
	}
	return &ocpp201.CostUpdatedRequest{TotalCost: x.Cost, TransactionID: x.Transaction}
}

// languageMax is the longest language that a 2.x message has room for, and
// contentMax the longest text.
const (
	languageMax = 8
	contentMax  = 512
)

// offer2 tells whoever was authorised what charging costs. Source: I01.FR.01.
func (x *exchange) offer2(ctx context.Context, d *token.Decision, info *ocpp201.IDTokenInfo) {
	text, ok := x.owner.Words(ctx, *d)
	if !ok || len([]rune(text.Text)) > contentMax {
		return
	}
	info.PersonalMessage = &ocpp201.MessageContent{Format: ocpp201.MessageFormatUTF8, Content: text.Text}
	if len(text.Language) <= languageMax {
		info.PersonalMessage.Language = optional(text.Language)
	}
}

// owed2 tells what the transaction costs. Source: I02.FR.01, I03.FR.02.
func (x *exchange) owed2(ctx context.Context, kind session.ReportKind, a *session.Answer, response *ocpp201.TransactionEventResponse) (told bool) {
	if kind == session.Started {
		return false
	}
	cost, ok := x.owner.Owed(ctx, a.Session, kind == session.Ended)
	if ok {
		response.TotalCost = &cost
	}
	return ok
}
