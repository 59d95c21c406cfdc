package rest

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/plan"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
)

// Voucher is worth something to whoever redeems its code.
type Voucher struct {
	ID         string       `json:"id" example:"vch_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Name       *string      `json:"name" example:"Summer" doc:"As bills have it; null: the end of the code"`
	Batch      *string      `json:"batch" doc:"Of vouchers that were made together"`
	Hint       *string      `json:"hint" example:"7K2M" doc:"The end of the code; null: it is short"`
	Value      VoucherValue `json:"value"`
	ValidFrom  Time         `json:"valid_from" doc:"For sessions that begin from then on; null: any"`
	ValidUntil Time         `json:"valid_until" doc:"Exclusive; null: for ever"`
	CustomerID *string      `json:"customer_id" doc:"Who alone may redeem it; null: anybody"`
	HoldersMax int64        `json:"holders_max" doc:"How many customers may redeem it; each has the whole value"`
	Holders    int64        `json:"holders" doc:"How many have"`
	CreatedAt  Time         `json:"created_at" nullable:"false"`
}

// VoucherValue is an amount, energy or a share of what sessions cost.
type VoucherValue struct {
	AmountMinor int64    `json:"amount_minor,omitzero" minimum:"0" doc:"As the tariff's prices are: with tax where they include it"`
	Currency    string   `json:"currency,omitzero" maxLength:"3" example:"EUR" doc:"Of an amount"`
	KWh         *Decimal `json:"kwh,omitzero"`
	Percent     *Decimal `json:"percent,omitzero" doc:"Of several, the greatest acts"`
	SessionsMax int64    `json:"sessions_max,omitzero" minimum:"0" doc:"It acts on so many sessions at most; left out: any number"`
}

// CodedVoucher is a new voucher with its code.
type CodedVoucher struct {
	Voucher
	Code *string `json:"code" example:"3F7K-9QWE-RT5M-7K2M" doc:"Shown this once; null when the answer is repeated"`
}

// VoucherBatch is vouchers that were made together.
type VoucherBatch struct {
	Batch *string        `json:"batch"`
	Data  []CodedVoucher `json:"data"`
}

// NewVoucherValue is a value in a request, closed where [VoucherValue] is open.
type NewVoucherValue VoucherValue

// NewVoucher is a voucher to be made.
type NewVoucher struct {
	Name       *string         `json:"name,omitzero" nullable:"false" maxLength:"100"`
	Value      NewVoucherValue `json:"value"`
	ValidFrom  *time.Time      `json:"valid_from,omitzero"`
	ValidUntil *time.Time      `json:"valid_until,omitzero"`
	CustomerID *string         `json:"customer_id,omitzero" nullable:"false" maxLength:"64"`
	HoldersMax *int64          `json:"holders_max,omitzero" nullable:"false" minimum:"1" doc:"1 when left out"`
	Code       *string         `json:"code,omitzero" nullable:"false" maxLength:"64" doc:"6 to 32 letters and digits that you choose, such as SUMMER26; left out: one that nobody guesses"`
}

// NewVoucherBatch is vouchers to be made, all alike.
type NewVoucherBatch struct {
	Batch      string          `json:"batch" minLength:"1" maxLength:"100" example:"fair 2026"`
	Count      int             `json:"count" minimum:"1" maximum:"500"`
	Name       *string         `json:"name,omitzero" nullable:"false" maxLength:"100"`
	Value      NewVoucherValue `json:"value"`
	ValidFrom  *time.Time      `json:"valid_from,omitzero"`
	ValidUntil *time.Time      `json:"valid_until,omitzero"`
	HoldersMax *int64          `json:"holders_max,omitzero" nullable:"false" minimum:"1" doc:"1 when left out"`
}

// VoucherPatch is a merge patch of a voucher.
type VoucherPatch struct {
	Name       Edit[string]    `json:"name,omitzero" maxLength:"100"`
	ValidUntil Edit[time.Time] `json:"valid_until,omitzero" doc:"In the past: it is worth nothing any more, but to sessions that it was used for"`
}

// NewVoucherLookup is a code that somebody has.
type NewVoucherLookup struct {
	Code string `json:"code" minLength:"1" maxLength:"64"`
}

// NewRedemption says who redeems a code.
type NewRedemption struct {
	CustomerID string `json:"customer_id" minLength:"1" maxLength:"64"`
	Code       string `json:"code" minLength:"1" maxLength:"64"`
}

// InVoucher is the path of one voucher.
type InVoucher struct {
	Voucher string `path:"voucherId" maxLength:"64" example:"vch_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func viewVoucher(v plan.Voucher) Voucher {
	return Voucher{
		ID: string(v.ID), Name: orNull(v.Name), Batch: orNull(v.Batch), Hint: orNull(v.Hint), Value: viewValue(&v.Value),
		ValidFrom: Time{v.From}, ValidUntil: Time{v.Until}, CustomerID: orNull(v.Customer), HoldersMax: v.HoldersMost, Holders: v.Holders, CreatedAt: Time{v.CreatedAt},
	}
}

func viewValue(v *plan.Value) VoucherValue {
	out := VoucherValue{AmountMinor: v.Amount, Currency: string(v.Currency), Percent: someDecimal(v.Percent), SessionsMax: v.Sessions}
	if v.Energy > 0 {
		out.KWh = new(kilo(v.Energy))
	}
	return out
}

func (v *NewVoucherValue) domain() (plan.Value, error) {
	energy, err := milli("/value/kwh", v.KWh)
	return plan.Value{Amount: v.AmountMinor, Currency: money.Currency(v.Currency), Energy: energy, Percent: or(v.Percent).Decimal, Sessions: v.SessionsMax}, err
}

func oneVoucher(v plan.Voucher) *One[Voucher] {
	return &One[Voucher]{ETag: etag(v.Version), Body: viewVoucher(v)}
}

// createdVoucher is the answer with a new voucher; the code is nil where it is stored for
// a repetition.
func createdVoucher(v plan.Voucher, code *string) Created[CodedVoucher] {
	return Created[CodedVoucher]{Location: prefix + "/vouchers/" + string(v.ID), ETag: etag(v.Version), Body: CodedVoucher{viewVoucher(v), code}}
}

func createdBatch(batch string, made []CodedVoucher) Created[VoucherBatch] {
	return Created[VoucherBatch]{Location: prefix + "/vouchers?" + url.Values{"batch": {batch}}.Encode(), Body: VoucherBatch{orNull(batch), made}}
}

// voucher returns the voucher of a path.
func (s *Server) voucher(ctx context.Context, by account.Actor, in InVoucher) (plan.Voucher, error) {
	id, err := pathID[ident.VoucherID](in.Voucher)
	if err != nil {
		return plan.Voucher{}, err
	}
	return s.store.Voucher(ctx, by.Organisation, id)
}

func (s *Server) voucherOperations() {
	handle(s, operation{
		id: "list-vouchers", method: http.MethodGet, path: "/vouchers", tag: "plans", scope: account.VouchersRead,
		summary: "List vouchers", detail: "The oldest first, without their codes, which are kept nowhere.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		Batch string `query:"batch" maxLength:"100"`
	},
	) (*Listed[Voucher], error) {
		found, err := s.store.Vouchers(ctx, by.Organisation, plan.VoucherFilter{Batch: in.Batch}, in.query(""))
		return listed(ctx, found, err, viewVoucher)
	})
	handle(s, operation{
		id: "get-voucher", method: http.MethodGet, path: "/vouchers/{voucherId}", tag: "plans", scope: account.VouchersRead, summary: "Get a voucher",
	}, func(ctx context.Context, by account.Actor, in *struct{ InVoucher }) (*One[Voucher], error) {
		v, err := s.voucher(ctx, by, in.InVoucher)
		return oneVoucher(v), err
	})
	handle(s, operation{
		id: "update-voucher", method: http.MethodPatch, path: "/vouchers/{voucherId}", tag: "plans", scope: account.VouchersWrite,
		summary: "Change how a voucher is called, or until when it is valid",
		example: map[string]any{"valid_until": "2026-12-31T23:00:00Z"}, refuses: []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InVoucher
		IfMatch
		Payload[VoucherPatch]
	},
	) (*One[Voucher], error) {
		there, err := s.voucher(ctx, by, in.InVoucher)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		b := in.Body.value
		v, err := s.admin.UpdateVoucher(ctx, by, there.ID, admin.VoucherPatch{Name: edited(b.Name, same), Until: edited(b.ValidUntil, same)}, version)
		return oneVoucher(v), err
	})
	s.voucherMaking()
	s.voucherCodes()
}

func (s *Server) voucherMaking() {
	handle(s, operation{
		id: "create-voucher", method: http.MethodPost, path: "/vouchers", tag: "plans", scope: account.VouchersWrite,
		status: http.StatusCreated, onceKey: keyTaken, refuses: []int{http.StatusConflict},
		summary: "Make a voucher", detail: "Its code is in the answer and nowhere else.",
		example: map[string]any{"name": "Summer", "value": map[string]any{"amount_minor": 2000, "currency": "EUR"}, "valid_until": "2027-08-31T22:00:00Z"},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewVoucher] }) (*Created[CodedVoucher], error) {
		b := &in.Body.value
		value, err := b.Value.domain()
		if err != nil {
			return nil, err
		}
		stored := keep(ctx, http.StatusCreated, func(made []plan.Voucher) Created[CodedVoucher] { return createdVoucher(made[0], nil) })
		made, err := s.admin.CreateVouchers(ctx, by, admin.NewVouchers{
			Name: or(b.Name), Value: value, From: or(b.ValidFrom), Until: or(b.ValidUntil), Customer: ident.CustomerID(or(b.CustomerID)),
			Holders: or(b.HoldersMax), Code: or(b.Code),
		}, admin.Keep[[]plan.Voucher](stored))
		if err != nil {
			return nil, err
		}
		return new(createdVoucher(made[0].Voucher, &made[0].Code)), nil
	})
	handle(s, operation{
		id: "create-voucher-batch", method: http.MethodPost, path: "/voucher-batches", tag: "plans", scope: account.VouchersWrite,
		status: http.StatusCreated, onceKey: keyTaken, refuses: []int{http.StatusConflict},
		summary: "Make many vouchers, all alike", detail: "500 at most. Their codes are in the answer and nowhere else.",
		example: map[string]any{"batch": "fair 2026", "count": 2, "value": map[string]any{"kwh": "20"}},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewVoucherBatch] }) (*Created[VoucherBatch], error) {
		b := &in.Body.value
		value, err := b.Value.domain()
		if err != nil {
			return nil, err
		}
		stored := keep(ctx, http.StatusCreated, func(made []plan.Voucher) Created[VoucherBatch] {
			bare := make([]CodedVoucher, len(made))
			for i := range made {
				bare[i].Voucher = viewVoucher(made[i])
			}
			return createdBatch(b.Batch, bare)
		})
		made, err := s.admin.CreateVouchers(ctx, by, admin.NewVouchers{
			Name: or(b.Name), Batch: b.Batch, Value: value, From: or(b.ValidFrom), Until: or(b.ValidUntil), Holders: or(b.HoldersMax), Count: b.Count,
		}, admin.Keep[[]plan.Voucher](stored))
		if err != nil {
			return nil, err
		}
		all := make([]CodedVoucher, len(made))
		for i := range made {
			all[i] = CodedVoucher{viewVoucher(made[i].Voucher), &made[i].Code}
		}
		return new(createdBatch(b.Batch, all)), nil
	})
}

func (s *Server) voucherCodes() {
	handle(s, operation{
		id: "look-up-voucher", method: http.MethodPost, path: "/vouchers/lookup", tag: "plans", scope: account.VouchersRead,
		summary: "Find the voucher that a code is of", detail: "However it is written: capitals, spaces and hyphens do not matter.",
		example: map[string]any{"code": "3F7K-9QWE-RT5M-7K2M"},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewVoucherLookup] }) (*One[Voucher], error) {
		v, err := s.admin.LookUpVoucher(ctx, by, in.Body.value.Code)
		return oneVoucher(v), err
	})
	handle(s, operation{
		id: "redeem-voucher", method: http.MethodPost, path: "/vouchers/redeem", tag: "plans", scope: account.VouchersWrite,
		status: http.StatusCreated, onceKey: keyTaken, refuses: []int{http.StatusConflict},
		summary: "Redeem a code for a customer", detail: "He holds it from then on: it acts on his sessions that have not ended, until nothing is left of it.",
		example: map[string]any{"customer_id": "cus_01JD3K6X5M8Q2V7T9WBNCRFHYZ", "code": "3F7K-9QWE-RT5M-7K2M"},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewRedemption] }) (*Created[HeldVoucher], error) {
		b := &in.Body.value
		h, err := s.admin.RedeemVoucher(ctx, by, ident.CustomerID(b.CustomerID), b.Code, keep(ctx, http.StatusCreated, createdHeld))
		if err != nil {
			return nil, err
		}
		return new(createdHeld(h)), nil
	})
}
