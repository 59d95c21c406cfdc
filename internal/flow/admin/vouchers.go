package admin

import (
	"context"
	"strconv"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/plan"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// NewVouchers are vouchers to be made, all alike.
type NewVouchers struct {
	Name     string
	Batch    string
	Value    plan.Value
	From     time.Time
	Until    time.Time
	Customer ident.CustomerID // "": anybody
	Holders  int64            // how many customers may redeem each; 0: one
	Code     string           // of one that somebody chose; "": a fresh one for each
	Count    int              // how many; 0: one
}

// vouchersMax bounds the vouchers that are made at once: they and their events are
// one commit. For more there are more batches.
const vouchersMax = 500

// CodedVoucher is a voucher with its code, which is nowhere else.
type CodedVoucher struct {
	plan.Voucher
	Code string
}

// VoucherPatch is what changes of a voucher; nil fields stay, a zero time is none.
type VoucherPatch struct {
	Name  *string    `json:"name,omitzero"`
	Until *time.Time `json:"valid_until,omitzero"`
}

// VoucherNotice is the data of a voucher event.
type VoucherNotice struct {
	ID       ident.VoucherID  `json:"id"`
	Batch    string           `json:"batch,omitzero"`
	Customer ident.CustomerID `json:"customer_id,omitzero"` // who has redeemed it
}

// voucherAudit is what an audit line tells: codes are money.
type voucherAudit struct {
	Batch    string           `json:"batch,omitzero"`
	Value    plan.Value       `json:"value"`
	From     string           `json:"valid_from,omitzero"`
	Until    string           `json:"valid_until,omitzero"`
	Customer ident.CustomerID `json:"customer_id,omitzero"`
	Holders  int64            `json:"holders_max"`
	Count    int              `json:"count"`
}

// CreateVouchers makes vouchers and returns them with their codes. A code that there
// is already is voucher_exists ([fault.Conflict]).
func (s *Service) CreateVouchers(ctx context.Context, by account.Actor, in NewVouchers, keep Keep[[]plan.Voucher]) ([]CodedVoucher, error) {
	if err := by.Can(account.VouchersWrite); err != nil {
		return nil, err
	}
	in.Holders, in.Count = max(in.Holders, 1), max(in.Count, 1)
	if err := s.sound(ctx, by, &in); err != nil {
		return nil, err
	}
	now := s.clock.Now()
	var made []CodedVoucher
	var rows []plan.Voucher
	var events []event.Event
	for range in.Count {
		code := in.Code
		if code == "" {
			code = plan.NewCode()
		}
		v := plan.Voucher{
			ID: ident.New[ident.VoucherID](now), Organisation: by.Organisation, Name: in.Name, Batch: in.Batch, Value: in.Value, From: in.From, Until: in.Until,
			Customer: in.Customer, HoldersMost: in.Holders, CreatedAt: now, Version: 1,
		}.Coded(code)
		if err := v.Check(); err != nil {
			return nil, err
		}
		e := voucherEvent(event.VoucherCreated, &v, "")
		e.At = now
		made, rows, events = append(made, CodedVoucher{v, code}), append(rows, v), append(events, e)
	}
	d := deed{"voucher.create", events[0], voucherAudit{in.Batch, in.Value, moment(&in.From), moment(&in.Until), in.Customer, in.Holders, in.Count}}
	err := s.commit(ctx, by, d, &change.Set{Vouchers: rows, Events: events[1:], Idempotency: keep.of(rows)})
	return made, otherwise(err, fault.New(fault.Conflict, "voucher_exists"))
}

// sound refuses what the vouchers themselves do not tell.
func (s *Service) sound(ctx context.Context, by account.Actor, in *NewVouchers) error {
	switch {
	case in.Count > vouchersMax:
		return fault.InvalidField("/count", "range", "is at most "+strconv.Itoa(vouchersMax))
	case in.Code != "" && in.Count > 1:
		return fault.InvalidField("/code", "ambiguous", "is the code of one voucher")
	}
	if in.Code != "" {
		if err := plan.CheckCode("/code", in.Code); err != nil {
			return err
		}
	}
	if in.Customer == "" {
		return nil
	}
	_, err := s.store.Customer(ctx, by.Organisation, in.Customer)
	return unknown("/customer_id", err)
}

// UpdateVoucher changes how a voucher is called, and until when it is valid. A
// version other than 0 must be the one that stands ([fault.Stale] otherwise).
func (s *Service) UpdateVoucher(ctx context.Context, by account.Actor, id ident.VoucherID, p VoucherPatch, version int64) (plan.Voucher, error) {
	if err := by.Can(account.VouchersWrite); err != nil {
		return plan.Voucher{}, err
	}
	var next plan.Voucher
	err := decide(version, func() error {
		was, err := s.store.Voucher(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		next = was
		set(&next.Name, p.Name)
		set(&next.Until, p.Until)
		if err := next.Check(); err != nil {
			return err
		}
		next.Version++
		d := deed{"voucher.update", voucherEvent(event.VoucherUpdated, &next, ""), p}
		return s.commit(ctx, by, d, &change.Set{Vouchers: []plan.Voucher{next}})
	})
	return next, err
}

// LookUpVoucher returns the voucher that a code is of; an unknown code is
// [fault.Invalid].
func (s *Service) LookUpVoucher(ctx context.Context, by account.Actor, code string) (plan.Voucher, error) {
	if err := by.Can(account.VouchersRead); err != nil {
		return plan.Voucher{}, err
	}
	return s.voucherOf(ctx, by, code)
}

func (s *Service) voucherOf(ctx context.Context, by account.Actor, code string) (plan.Voucher, error) {
	v, err := s.store.VoucherByHash(ctx, by.Organisation, plan.HashOf(by.Organisation, code))
	if fault.Is(err, fault.NotFound) {
		return v, plan.Unknown()
	}
	return v, err
}

// RedeemVoucher lets a customer hold the voucher that a code is of: it acts on his
// sessions that have not ended yet. Once each: else voucher_redeemed
// ([fault.Conflict]), as voucher_expired and voucher_used_up are.
func (s *Service) RedeemVoucher(ctx context.Context, by account.Actor, id ident.CustomerID, code string, keep Keep[plan.Held]) (plan.Held, error) {
	if err := by.Can(account.VouchersWrite); err != nil {
		return plan.Held{}, err
	}
	var made plan.Held
	err := decide(0, func() error {
		who, err := s.store.Customer(ctx, by.Organisation, id)
		if err != nil {
			return unknown("/customer_id", err)
		}
		v, err := s.voucherOf(ctx, by, code)
		if err != nil {
			return err
		}
		now := s.clock.Now()
		if err := s.pocket(ctx, by, id, now); err != nil {
			return err
		}
		next, r, err := v.Redeem(id, now)
		if err != nil {
			return err
		}
		made = plan.Held{Redemption: r, Of: next}
		d := deed{"voucher.redeem", voucherEvent(event.VoucherRedeemed, &next, id), struct {
			Customer ident.CustomerID `json:"customer_id"`
		}{id}}
		err = s.commit(ctx, by, d, &change.Set{
			Vouchers: []plan.Voucher{next}, Redemptions: []plan.Redemption{r}, Idempotency: keep.of(made),
			Reads: []change.Read{{Kind: change.KindCustomer, ID: string(who.ID), Version: who.Version}},
		})
		return otherwise(err, fault.New(fault.Conflict, "voucher_redeemed"))
	})
	return made, err
}

// pocket refuses one voucher more than a customer may hold.
func (s *Service) pocket(ctx context.Context, by account.Actor, id ident.CustomerID, now time.Time) error {
	held, err := s.store.Living(ctx, by.Organisation, id, now)
	if err == nil && len(held) >= plan.HeldMost {
		err = fault.New(fault.Conflict, "vouchers_held_max", "max", strconv.Itoa(plan.HeldMost))
	}
	return err
}

func voucherEvent(t event.Type, v *plan.Voucher, by ident.CustomerID) event.Event {
	return event.Event{
		Type: t, Organisation: v.Organisation, Subject: string(v.ID), Version: v.Version, Data: VoucherNotice{ID: v.ID, Batch: v.Batch, Customer: by},
	}
}
