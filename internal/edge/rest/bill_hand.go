package rest

import (
	"context"
	"net/http"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
)

// NewTakeBack says why a bill is taken back.
type NewTakeBack struct {
	Reason string `json:"reason" minLength:"1" maxLength:"200" example:"Charged with a colleague's card" doc:"Told to the customer on the credit note"`
}

// settledTab is the answer to whoever has a session settled.
func settledTab(t billing.Tab) Created[Tab] {
	return Created[Tab]{Location: prefix + "/sessions/" + string(t.Session) + "/tab", ETag: etag(t.Version), Body: viewTab(t)}
}

// handOperations are what people do of what billing leaves to them.
func (s *Server) handOperations() {
	refuses := []int{http.StatusConflict}
	handle(s, operation{
		id: "release-session-tab", method: http.MethodPost, path: "/sessions/{sessionId}/tab/release", tag: "billing", scope: account.BillsWrite,
		summary: "Have a session billed that waits for somebody",
		detail: "One that is held for review is billed as it is; of one whose bill was taken back another is made. " +
			"What else holds it goes on to do so unless it was mended; the answer says.",
		onceKey: keyTaken, refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct{ InSession }) (*One[Tab], error) {
		of, err := s.session(ctx, by, in.InSession)
		if err != nil {
			return nil, err
		}
		t, err := s.desk.Release(ctx, by, of.ID, keep(ctx, http.StatusOK, settledTab))
		return &One[Tab]{ETag: etag(t.Version), Body: viewTab(t)}, err
	})
	handle(s, operation{
		id: "take-bill-back", method: http.MethodPost, path: "/bills/{billId}/take-back", tag: "billing", scope: account.BillsWrite,
		summary: "Take a session's bill back", detail: "A credit note takes back the whole of it. The session is free until somebody releases its tab; what comes late does not bill it.",
		example: map[string]any{"reason": "Charged with a colleague's card"}, onceKey: keyTaken, refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InBill
		Payload[NewTakeBack]
	},
	) (*One[Tab], error) {
		b, err := s.bill(ctx, by, in.InBill)
		if err != nil {
			return nil, err
		}
		t, err := s.desk.TakeBack(ctx, by, b.ID, in.Body.value.Reason, keep(ctx, http.StatusOK, settledTab))
		return &One[Tab]{ETag: etag(t.Version), Body: viewTab(t)}, err
	})
}
