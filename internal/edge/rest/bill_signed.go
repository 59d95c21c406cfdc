package rest

import (
	"context"
	"net/http"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/kernel/fault"
)

func (s *Server) transparencyOperation() {
	format := billFormat{
		media: "application/xml", suffix: "-meter.xml", placement: "attachment",
		write: func(_ Press, d *billing.Document) ([]byte, error) {
			body, err := s.meters(d)
			if err == nil && body == nil {
				err = fault.New(fault.NotFound, "nothing_signed")
			}
			return body, err
		},
	}
	handle(s, operation{
		id: "get-bill-transparency", method: http.MethodGet, path: "/bills/{billId}/transparency", tag: "billing", scope: account.BillsRead,
		summary: "Get what meters signed of a bill's charges", files: []string{format.media},
		detail: "The file with which a driver checks the signed meter values by himself, in the transparency program of S.A.F.E. e.V.: " +
			"each value byte for byte as the meter signed it, with its public key. 404 when the meters signed nothing.",
	}, func(ctx context.Context, by account.Actor, in *struct{ InBill }) (*File, error) {
		b, err := s.bill(ctx, by, in.InBill)
		if err != nil {
			return nil, err
		}
		return s.fileOf(&b, format)
	})
}
