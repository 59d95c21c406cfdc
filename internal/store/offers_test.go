package store_test

import (
	"reflect"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/plan"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Plans, subscriptions and vouchers come back as they were written.
func TestOffers(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		p := plan.Plan{
			ID: newID[ident.PlanID](), Organisation: org.ID, Name: "Home", Currency: "EUR", From: t0, CreatedAt: t0, Version: 1,
			Terms: plan.Terms{Fee: plan.Fee{Amount: 990, VAT: decimal.FromInt(190, 1), Gross: true}, Allowance: &plan.Allowance{Energy: 7}},
		}
		s := plan.Subscription{
			ID: newID[ident.SubscriptionID](), Organisation: org.ID, Customer: "cus_a", Plan: p.ID, From: t0, Pauses: []plan.Pause{{From: t0.Add(time.Hour)}},
			Next: "2026-05", DueAt: t0.Add(time.Hour), CreatedAt: t0, Version: 1,
		}
		v := plan.Voucher{
			ID: newID[ident.VoucherID](), Organisation: org.ID, Name: "Gift", Batch: "b", Value: plan.Value{Amount: 1, Currency: "EUR"}, Until: t0.Add(time.Hour),
			HoldersMost: 2, CreatedAt: t0, Version: 1,
		}.Coded("ABCD-EFGH-JKMN-PQRS")
		db.commit(&change.Set{Plans: []plan.Plan{p}, Subscriptions: []plan.Subscription{s}, Vouchers: []plan.Voucher{v}})
		same := func(name string, got, want any, err error) {
			t.Helper()
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
			}
		}
		offer, err := db.Offer(t.Context(), org.ID, p.ID)
		same("plan", offer, p, err)
		sub, err := db.Subscription(t.Context(), org.ID, s.ID)
		same("subscription", sub, s, err)
		found, err := db.VoucherByHash(t.Context(), org.ID, plan.HashOf(org.ID, "abcdefghjkmnpqrs"))
		same("voucher", found, v, err)
		if _, err := db.VoucherByHash(t.Context(), "org_other", v.Hash); !fault.Is(err, fault.NotFound) {
			t.Errorf("another's code: got %v", err)
		}
		second := s
		second.ID = newID[ident.SubscriptionID]()
		if err := db.Commit(t.Context(), &change.Set{Subscriptions: []plan.Subscription{second}}); !fault.Is(err, fault.Conflict) {
			t.Errorf("two that go on: got %v", err)
		}
		for limit, want := range map[time.Duration]int{0: 0, time.Hour: 1} {
			if due, err := db.DueSubscriptions(t.Context(), t0.Add(limit), 9); err != nil || len(due) != want {
				t.Errorf("due after %s: got %d, %v, want %d", limit, len(due), err, want)
			}
		}
	})
}

// What was used is written anew, and whoever read an older row is refused.
func TestUses(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		v := plan.Voucher{ID: newID[ident.VoucherID](), Organisation: org.ID, Value: plan.Value{Energy: 9}, HoldersMost: 1, CreatedAt: t0, Version: 1}.Coded("SUMMER26")
		next, r, err := v.Redeem("cus_a", t0)
		if err != nil {
			t.Fatal(err)
		}
		db.commit(&change.Set{Vouchers: []plan.Voucher{v}})
		db.commit(&change.Set{Vouchers: []plan.Voucher{next}, Redemptions: []plan.Redemption{r}})
		month := plan.Usage{Subscription: "sub_a", Month: "2026-05", Organisation: org.ID, Customer: "cus_a", Energy: 5, Sessions: 1, Covered: 4, Version: 1}
		use := plan.Use{Source: "sub_a", Session: "ses_a", Organisation: org.ID, Customer: "cus_a", Month: "2026-05", Energy: 5, Covered: 4, Sessions: 1, At: t0}
		held := plan.Held{Redemption: r, Of: next}
		other := plan.Use{Source: string(r.ID), Session: "ses_a", Organisation: org.ID, Customer: "cus_a", Covered: 9, Sessions: 1, At: t0}
		held.Take(&other)
		held.Version++
		set := &change.Set{Usages: []plan.Usage{month}, Uses: []plan.Use{use, other}, Redemptions: []plan.Redemption{held.Redemption}}
		db.commit(set)
		for _, again := range []*change.Set{{Redemptions: set.Redemptions}, {Usages: set.Usages}} {
			if err := db.Commit(t.Context(), again); !fault.Is(err, fault.Stale) && !fault.Is(err, fault.Conflict) {
				t.Errorf("from an older row: got %v", err)
			}
		}
		if living, err := db.Living(t.Context(), org.ID, "cus_a", t0); err != nil || len(living) != 0 {
			t.Errorf("what is spent: got %+v, %v", living, err)
		}
		use.Covered = 0
		db.commit(&change.Set{Uses: []plan.Use{use, other.Back(t0)}})
		uses, err := db.Uses(t.Context(), "ses_a")
		if err != nil || len(uses) != 2 || uses[0].Covered+uses[1].Covered != 0 {
			t.Errorf("got %+v, %v", uses, err)
		}
		if all, err := db.PlanMonths(t.Context(), "cus_a", "2026-05", "2026-06"); err != nil || len(all) != 1 || all[0] != month {
			t.Errorf("got %+v, %v, want %+v", all, err, month)
		}
		if bare, err := db.Redemption(t.Context(), r.ID); err != nil || bare.Redemption != held.Redemption {
			t.Errorf("got %+v, %v, want %+v", bare.Redemption, err, held.Redemption)
		}
	})
}
