package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

func sound(t testing.TB) *Plan {
	overage := dec(t, "0.55")
	return &Plan{
		Name: "Home", Currency: "EUR",
		Terms: Terms{
			Fee: Fee{Amount: 990, VAT: dec(t, "19"), Gross: true}, Discount: &Discount{Of: []rating.Dimension{rating.Energy}, Percent: dec(t, "10")},
			Allowance: &Allowance{Energy: 50_000_000, Overage: &overage},
			Loyalty:   &Loyalty{Months: 3, Tiers: []Tier{{Energy: 1, Percent: dec(t, "5")}, {Energy: 1, Sessions: 3, Percent: dec(t, "7.5")}}},
			Points:    &Points{PerKWh: dec(t, "1.5"), Rewards: []Reward{{Name: "five", Points: 500, Amount: 500}}},
		},
	}
}

func TestPlanCheck(t *testing.T) {
	if err := sound(t).Check(); err != nil {
		t.Fatal(err)
	}
	for pointer, spoil := range map[string]func(p *Plan){
		"/name":                                func(p *Plan) { p.Name = "" },
		"/currency":                            func(p *Plan) { p.Currency = "EURO" },
		"/valid_until":                         func(p *Plan) { p.From, p.Until = time.Unix(2, 0), time.Unix(2, 0) },
		"/terms/fee/amount_minor":              func(p *Plan) { p.Terms.Fee.Amount = -1 },
		"/terms/fee/tax_percent":               func(p *Plan) { p.Terms.Fee.VAT = dec(t, "101") },
		"/terms/discount/percent":              func(p *Plan) { p.Terms.Discount.Percent = dec(t, "0") },
		"/terms/discount/of/1":                 func(p *Plan) { p.Terms.Discount.Of = []rating.Dimension{rating.Time, rating.Time} },
		"/terms/discount/of/0":                 func(p *Plan) { p.Terms.Discount.Of = []rating.Dimension{rating.Total} },
		"/terms/allowance/kwh":                 func(p *Plan) { p.Terms.Allowance.Energy = -1 },
		"/terms/allowance/overage":             func(p *Plan) { *p.Terms.Allowance.Overage = dec(t, "0.1234567") },
		"/terms/loyalty/months":                func(p *Plan) { p.Terms.Loyalty.Months = 25 },
		"/terms/loyalty/tiers":                 func(p *Plan) { p.Terms.Loyalty.Tiers = nil },
		"/terms/loyalty/tiers/1":               func(p *Plan) { p.Terms.Loyalty.Tiers[1].Energy = 0 },
		"/terms/loyalty/tiers/0":               func(p *Plan) { p.Terms.Loyalty.Tiers[0].Energy = 0 },
		"/terms/loyalty/tiers/0/percent":       func(p *Plan) { p.Terms.Loyalty.Tiers[0].Percent = dec(t, "100.5") },
		"/terms/points/per_kwh":                func(p *Plan) { p.Terms.Points.PerKWh = dec(t, "-1") },
		"/terms/points/rewards/0/points":       func(p *Plan) { p.Terms.Points.Rewards[0].Points = 0 },
		"/terms/points/rewards/1/name":         func(p *Plan) { p.Terms.Points.Rewards = append(p.Terms.Points.Rewards, p.Terms.Points.Rewards[0]) },
		"/terms/points/rewards/0/name":         func(p *Plan) { p.Terms.Points.Rewards[0].Name = "a\nb" },
		"/terms/points/rewards/0/amount_minor": func(p *Plan) { p.Terms.Points.Rewards[0].Amount = 0 },
	} {
		t.Run(pointer, func(t *testing.T) {
			p := sound(t)
			spoil(p)
			if e, ok := errors.AsType[*fault.Error](p.Check()); !ok || e.Kind != fault.Invalid || e.Fields[0].Pointer != pointer {
				t.Errorf("got %v", p.Check())
			}
		})
	}
}

func TestEarned(t *testing.T) {
	p := &Plan{Currency: "EUR", Terms: Terms{Points: &Points{PerKWh: dec(t, "1.5"), PerUnit: dec(t, "2")}}}
	for _, tt := range []struct {
		name     string
		energy   int64
		net      int64
		currency string
		want     int64
	}{
		{"both, rounded down", 3_000_000, 149, "EUR", 7}, // 4.5 and 2.98
		{"another currency gives none by amount", 3_000_000, 149, "SEK", 4},
		{"a bill below nothing", 0, -100, "EUR", 0},
		{"nothing", 0, 0, "EUR", 0},
	} {
		if got := p.Earned(kwhs(tt.energy), tt.net, cur(tt.currency)); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
	if got := new(Plan).Earned(1_000_000, 100, "EUR"); got != 0 {
		t.Errorf("without points: got %d", got)
	}
}

func TestTiers(t *testing.T) {
	l := &Loyalty{Months: 2, Tiers: []Tier{{Sessions: 2, Percent: dec(t, "5")}, {Energy: 100, Sessions: 2, Percent: dec(t, "10")}}}
	for _, tt := range []struct {
		energy, sessions int64
		want             string
	}{{0, 1, ""}, {0, 2, "5"}, {99, 3, "5"}, {100, 2, "10"}, {100, 1, ""}} {
		got := ""
		if tier := l.Tier([]Usage{{Energy: kwhs(tt.energy) / 2, Sessions: tt.sessions}, {Energy: kwhs(tt.energy - tt.energy/2)}}); tier != nil {
			got = tier.Percent.String()
		}
		if got != tt.want {
			t.Errorf("%d mWh in %d sessions: got %q, want %q", tt.energy, tt.sessions, got, tt.want)
		}
	}
	if tier := (*Loyalty)(nil).Tier(nil); tier != nil {
		t.Errorf("without loyalty: %+v", tier)
	}
}

func TestSubscriptionLife(t *testing.T) {
	zone, now := berlin(t), at(t, "2026-05-10 12:00")
	s := Subscription{From: now}.Begin(zone)
	if s.Next != "2026-05" || !s.DueAt.Equal(at(t, "2026-06-01 00:00")) || s.State(now) != Active || s.State(now.Add(-1)) != Coming {
		t.Fatalf("begun: %+v", s)
	}
	code := func(err error) string { return fault.CodeOf(err) }
	if _, err := s.Resume(now, now); code(err) != "subscription_not_paused" {
		t.Errorf("resumed: %v", err)
	}
	if _, err := s.Pause(now.Add(-1), now); code(err) != "invalid_input" {
		t.Errorf("paused in the past: %v", err)
	}
	paused, err := s.Pause(now.Add(time.Hour), now)
	if err != nil || paused.State(now) != Active || paused.State(now.Add(time.Hour)) != Paused || len(s.Pauses) != 0 {
		t.Fatalf("paused: %+v, %v", paused, err)
	}
	if _, err := paused.Pause(now.Add(2*time.Hour), now); code(err) != "subscription_paused" {
		t.Errorf("paused twice: %v", err)
	}
	if never, err := paused.Resume(now, now); err != nil || len(never.Pauses) != 0 {
		t.Errorf("resumed before it paused: %+v, %v", never, err)
	}
	later := now.Add(72 * time.Hour)
	again, err := paused.Resume(later, now)
	if err != nil || again.State(later) != Active || again.State(later.Add(-1)) != Paused || !paused.Pauses[0].Until.IsZero() {
		t.Fatalf("resumed: %+v, %v", again, err)
	}
	if _, err := again.Pause(now.Add(time.Hour), now); code(err) != "invalid_input" {
		t.Errorf("paused within a pause: %v", err)
	}
	ended, err := again.End(at(t, "2026-06-01 00:00"), later, zone)
	if err != nil || ended.Next != "2026-05" {
		t.Fatalf("ended: %+v, %v", ended, err)
	}
	if over := ended.Billed(zone); over.Next != "" || !over.DueAt.IsZero() {
		t.Errorf("billed to its end: %+v", over)
	}
	if longer, err := ended.End(at(t, "2026-06-02 00:00"), later, zone); err != nil || longer.Billed(zone).Next != "2026-06" {
		t.Errorf("ended later: %+v, %v", longer, err)
	}
	if _, err := ended.End(at(t, "2026-07-01 00:00"), at(t, "2026-06-01 00:00"), zone); code(err) != "subscription_ended" {
		t.Errorf("ended again: %v", err)
	}
	void, err := s.End(now, now, zone)
	if err != nil || void.State(now) != Ended || void.Overlaps(&s) {
		t.Errorf("ended at once: %+v, %v", void, err)
	}
	coming := Subscription{From: at(t, "2026-08-01 00:00")}.Begin(zone)
	never, err := coming.End(now, now, zone)
	if err != nil || !never.Until.Equal(never.From) || never.Next != "" {
		t.Errorf("ended before it began: %+v, %v", never, err)
	}
	if back, err := never.End(at(t, "2026-09-01 00:00"), now, zone); err != nil || back.Next != "2026-08" {
		t.Errorf("and yet: %+v, %v", back, err)
	}
}

func TestOverlaps(t *testing.T) {
	may, june, july := at(t, "2026-05-01 00:00"), at(t, "2026-06-01 00:00"), at(t, "2026-07-01 00:00")
	for _, tt := range []struct {
		name string
		a, b Subscription
		want bool
	}{
		{"both go on", Subscription{From: may}, Subscription{From: july}, true},
		{"one after the other", Subscription{From: may, Until: june}, Subscription{From: june}, false},
		{"an hour too early", Subscription{From: may, Until: june}, Subscription{From: june.Add(-time.Hour)}, true},
		{"within", Subscription{From: may}, Subscription{From: june, Until: july}, true},
		{"apart", Subscription{From: june, Until: july}, Subscription{From: may, Until: june}, false},
	} {
		if got := tt.a.Overlaps(&tt.b); got != tt.want {
			t.Errorf("%s: got %t", tt.name, got)
		}
		if got := tt.b.Overlaps(&tt.a); got != tt.want {
			t.Errorf("%s, the other way: got %t", tt.name, got)
		}
	}
}

func TestCodes(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		code := NewCode()
		if len(code) != 19 || seen[code] || strings.Trim(code, codeAlphabet+"-") != "" || CheckCode("", code) != nil {
			t.Fatalf("got %q", code)
		}
		seen[code] = true
	}
	// As people type them.
	want := HashOf("org_a", "ABCD-0123-EF1J-KMNP")
	for _, typed := range []string{"abcd0123ef1jkmnp", " ABCD OI23 EFLJ KMNP ", "abcd-o1z3-efij-kmnp"} {
		if got := HashOf("org_a", typed); (got == want) == strings.Contains(typed, "z") {
			t.Errorf("%q: the same is %t", typed, got == want)
		}
	}
	if HashOf("org_b", "ABCD-0123-EF1J-KMNP") == want {
		t.Error("another organisation has the same code")
	}
	for code, good := range map[string]bool{"SUMMER26": true, "ABC-DEF": true, "ABC-DE": false, "": false, "SUMMER 26": false, "SÜMMER26": false, strings.Repeat("A", 33): false, "------": false} {
		if err := CheckCode("/code", code); (err == nil) != good {
			t.Errorf("%q: got %v", code, err)
		}
	}
	if v := (Voucher{Organisation: "org_a"}).Coded("SUMMER26"); v.Hint != "" {
		t.Errorf("the end of a short code is told: %q", v.Hint)
	}
	if v := (Voucher{Organisation: "org_a"}).Coded("ABCD-0123-EF1J-KMNP"); v.Hint != "KMNP" || v.Called() != "…KMNP" {
		t.Errorf("got %q", v.Hint)
	}
}

func TestVoucherCheck(t *testing.T) {
	for _, tt := range []struct {
		name    string
		of      Voucher
		pointer string // "": it is sound
	}{
		{"an amount", Voucher{Value: Value{Amount: 1, Currency: "EUR"}, HoldersMost: 1}, ""},
		{"energy", Voucher{Value: Value{Energy: 1}, HoldersMost: 7}, ""},
		{"a share", Voucher{Value: Value{Percent: dec(t, "100")}, HoldersMost: 1}, ""},
		{"nothing", Voucher{HoldersMost: 1}, "-"},
		{"two things", Voucher{Value: Value{Energy: 1, Amount: 1, Currency: "EUR"}, HoldersMost: 1}, "-"},
		{"an amount of nothing known", Voucher{Value: Value{Amount: 1}, HoldersMost: 1}, "/value/currency"},
		{"a share in a currency", Voucher{Value: Value{Percent: dec(t, "1"), Currency: "EUR"}, HoldersMost: 1}, "/value/currency"},
		{"below nothing", Voucher{Value: Value{Amount: -1, Currency: "EUR"}, HoldersMost: 1}, "/value/amount_minor"},
		{"more than all", Voucher{Value: Value{Percent: dec(t, "101")}, HoldersMost: 1}, "/value/percent"},
		{"for nobody", Voucher{Value: Value{Energy: 1}}, "/holders_max"},
		{"for one, twice", Voucher{Value: Value{Energy: 1}, Customer: "cus_a", HoldersMost: 2}, "/holders_max"},
		{"ends before", Voucher{Value: Value{Energy: 1}, HoldersMost: 1, From: time.Unix(9, 0), Until: time.Unix(8, 0)}, "/valid_until"},
	} {
		err := tt.of.Check()
		e, refused := errors.AsType[*fault.Error](err)
		if refused != (tt.pointer != "") || refused && tt.pointer != "-" && e.Fields[0].Pointer != tt.pointer {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
}

func TestRedeem(t *testing.T) {
	now := at(t, "2026-05-10 12:00")
	v := Voucher{ID: "vch_a", Value: Value{Energy: 1}, HoldersMost: 2, Until: now.Add(time.Hour), Version: 1}
	next, r, err := v.Redeem("cus_a", now)
	if err != nil || next.Holders != 1 || next.Version != 2 || r.ID != RedemptionID("vch_a", "cus_a") || r.Version != 1 {
		t.Fatalf("got %+v, %+v, %v", next, r, err)
	}
	full := next
	full.Holders = 2
	theirs := v
	theirs.Customer = "cus_b"
	for code, refused := range map[string]func() error{
		"voucher_used_up": func() error { _, _, err := full.Redeem("cus_c", now); return err },
		"voucher_expired": func() error { _, _, err := v.Redeem("cus_a", v.Until); return err },
		"invalid_input":   func() error { _, _, err := theirs.Redeem("cus_a", now); return err },
	} {
		if err := refused(); fault.CodeOf(err) != code {
			t.Errorf("got %v, want %s", err, code)
		}
	}
}

func TestLeft(t *testing.T) {
	h := Held{Of: Voucher{Value: Value{Amount: 100, Currency: "EUR", Sessions: 2}}}
	h.Take(&Use{Amount: 30, Sessions: 1})
	if left := h.Left(); left.Amount != 70 || left.Sessions != 1 || h.Spent {
		t.Errorf("got %+v", left)
	}
	h.Take(&Use{Amount: 30, Sessions: 1})
	if left := h.Left(); left.Amount != 0 || !h.Spent { // used in as many sessions as it may be
		t.Errorf("got %+v", left)
	}
	h.Return(&Use{Amount: 30, Sessions: 1})
	if left := h.Left(); left.Amount != 70 || h.Spent {
		t.Errorf("given back: got %+v", left)
	}
	share := Held{Of: Voucher{Value: Value{Percent: dec(t, "10")}}}
	share.Take(&Use{Sessions: 1})
	if share.Spent {
		t.Error("a share is used up")
	}
}

func TestUsable(t *testing.T) {
	begin := at(t, "2026-05-10 12:00")
	h := Holding{Start: begin, End: begin.Add(time.Hour), Had: []string{"rdm_had"}}
	add := func(id string, v Voucher, redeemed time.Time) {
		h.Held = append(h.Held, Held{Redemption: Redemption{ID: redemption(id), At: redeemed}, Of: v})
	}
	amount := Value{Amount: 1, Currency: "EUR"}
	add("rdm_last", Voucher{Value: amount}, begin)
	add("rdm_second", Voucher{Value: amount, Until: begin.Add(2)}, begin.Add(-1))
	add("rdm_first", Voucher{Value: amount, Until: begin.Add(1)}, begin)
	add("rdm_lapsed", Voucher{Value: amount, Until: begin}, begin)
	add("rdm_had", Voucher{Value: amount, Until: begin.Add(-1)}, begin)
	add("rdm_later", Voucher{Value: amount, From: begin.Add(1)}, begin)
	add("rdm_redeemed_later", Voucher{Value: amount}, begin.Add(2*time.Hour))
	add("rdm_foreign", Voucher{Value: Value{Amount: 1, Currency: "SEK"}}, begin)
	var got []string
	for _, v := range h.usable("EUR") {
		got = append(got, string(v.ID))
	}
	if want := []string{"rdm_had", "rdm_first", "rdm_second", "rdm_last"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for range 2 * vouchersMost {
		add("rdm_more", Voucher{Value: amount}, begin)
	}
	if got := len(h.usable("EUR")); got != vouchersMost {
		t.Errorf("got %d vouchers at once", got)
	}
}

func kwhs(mwh int64) unit.MilliWattHour       { return unit.MilliWattHour(mwh) }
func cur(code string) money.Currency          { return money.Currency(code) }
func redemption(id string) ident.RedemptionID { return ident.RedemptionID(id) }
