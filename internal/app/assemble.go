package app

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/edge/document"
	"pylon/internal/edge/ocpp"
	"pylon/internal/edge/page"
	"pylon/internal/edge/rest"
	"pylon/internal/edge/signed"
	"pylon/internal/flow/admin"
	"pylon/internal/flow/billing"
	"pylon/internal/flow/consume"
	"pylon/internal/flow/fleet"
	"pylon/internal/flow/jobs"
	"pylon/internal/flow/leases"
	"pylon/internal/flow/rerating"
	"pylon/internal/flow/running"
	"pylon/internal/flow/settlements"
	"pylon/internal/flow/statements"
	"pylon/internal/flow/usage"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	list "pylon/internal/kernel/page"
	"pylon/internal/store"
	"pylon/internal/store/framelog"
)

// assemble makes the flows and edges of the opened parts.
func (n *Node) assemble(context.Context) (err error) {
	n.costs = running.New(running.Options{
		Store: n.store, Rate: swift.Rate, Feed: n.bus, Clock: n.clock, Log: n.log, Receipts: n.config.ReceiptURL,
	})
	n.fleet = fleet.New(fleet.Options{Store: n.store, Bus: n.bus, Clock: n.clock, Log: n.log, Node: n.id, Costs: n.costs})
	if err := n.bus.Serve(n.fleet.Handle); err != nil {
		return fmt.Errorf("serve the node's messages: %w", err)
	}
	n.admin = admin.New(n.store, n.fleet, n.clock)
	n.leases = leases.New(n.store, n.clock, n.log, n.id)
	n.jobs = jobs.New(n.store, n.fleet, n.clock, n.log)
	n.statements = statements.New(n.store, n.clock, n.log)
	n.settlements = settlements.New(n.store, n.clock, n.log)
	n.reratings = rerating.New(rerating.Options{Store: n.store, Clock: n.clock, Log: n.log, Settling: n.settling(), Quick: swift.Rate})
	n.consumers = consume.New(consume.Options{
		Store: n.store, Leases: n.leases, Hints: n.bus, Clock: n.clock, Log: n.log, Consumers: n.followers(),
	})
	n.gateway = ocpp.New(ocpp.Options{
		Directory: directory{n.store, n.admin}, Fleet: owners{n.fleet}, FrameLog: frames{n.frames},
		Clock: n.clock, Log: n.log, Metrics: ocpp.NewMetrics(n.figures),
		Unknown: ocpp.UnknownStations(n.config.UnknownStations), RegistrationToken: n.config.RegistrationToken,
		Limits: ocpp.Limits{Sockets: socketsMax(filesMax())}.Times(clock.Speed(n.clock)),
	})
	if n.press, err = document.New(); err != nil {
		return fmt.Errorf("documents: %w", err)
	}
	n.api, err = rest.New(rest.Options{
		Store: n.store, Stations: n.fleet, Admin: n.admin, Jobs: n.jobs, Reratings: n.reratings, Statements: n.statements, Settlements: n.settlements, Consumers: n.consumers, Desk: billing.NewDesk(billing.NewSettler(n.settling()), n.store.Commit), Costs: n.costs, Feed: n.bus, Frames: frames{n.frames}, Press: n.press, Meters: signed.Bill,
		Clock: n.clock, Log: n.log, Version: Version(), Readiness: n.readiness, Register: n.figures,
		Metrics: promhttp.HandlerFor(n.figures, promhttp.HandlerOpts{Registry: n.figures}),
	})
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	n.page, err = page.New(page.Options{
		Store: n.store, Feed: n.bus, Clock: n.clock, Log: n.log, Version: Version(), Audience: n.audience(),
	})
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	if n.config.TLSListen != "" {
		pair := ocpp.KeyPair{Certificate: n.config.TLSCert, Key: n.config.TLSKey}
		n.certificates, err = ocpp.LoadCertificates(n.clock, n.log, pair)
	}
	return err
}

// followers are who follow the event log.
func (n *Node) followers() []consume.Consumer {
	return []consume.Consumer{
		usage.New(n.store),
		billing.New(n.settling()),
	}
}

// settling is what sessions are settled with, whoever settles them.
func (n *Node) settling() billing.Options {
	return billing.Options{Store: n.store, Clock: n.clock, Raters: [2]billing.Rater{swift.Explain, plain.Rate}, Signed: signed.Values}
}

// audience is who sees the status page without a key.
func (n *Node) audience() page.Audience {
	switch {
	case n.config.PublicPage:
		return page.Anybody
	case n.config.Loopback():
		return page.Machine
	}
	return page.Nobody
}

// directory lets the gateway find stations, and make those that nobody made.
type directory struct {
	*store.Store
	admin *admin.Service
}

// Register implements [ocpp.Directory].
func (d directory) Register(ctx context.Context, n ocpp.Newcomer) (station.Station, error) {
	return d.admin.Welcome(ctx, admin.Newcomer(n))
}

// owners gives the gateway its owners as the interface that it asks for.
type owners struct{ fleet *fleet.Fleet }

// Claim implements [ocpp.Fleet].
func (o owners) Claim(ctx context.Context, id ident.StationID, c fleet.Connection, h fleet.Hello) (ocpp.Owner, error) {
	owner, err := o.fleet.Claim(ctx, id, c, h)
	if err != nil {
		return nil, err // not a nil *fleet.Owner in an interface
	}
	return owner, nil
}

// frames is the frame log as the gateway writes it and the API reads it.
type frames struct{ log *framelog.Log }

// Append implements [ocpp.FrameLog].
func (f frames) Append(e ocpp.Entry) { f.log.Append(framelog.Entry(e)) }

// Entries implements [rest.FrameLog].
func (f frames) Entries(ctx context.Context, id ident.StationID, filter station.LogFilter, q list.Query) (list.Result[station.LogEntry], error) {
	chosen := framelog.Filter{From: filter.From, To: filter.To, Newest: q.Sort != "at"}
	if filter.Direction != "" {
		chosen.Directions = []station.Direction{filter.Direction}
	}
	if filter.Action != "" {
		chosen.Actions = []string{filter.Action}
	}
	found, err := f.log.Query(ctx, id, chosen, q)
	out := list.Result[station.LogEntry]{Next: found.Next, Items: make([]station.LogEntry, 0, len(found.Items))}
	for _, r := range found.Items {
		e := station.LogEntry{At: r.At, Direction: r.Direction, Kind: r.Type, MessageID: r.MessageID, Action: r.Action, Frame: r.Data}
		if r.Direction == station.Note {
			e.Frame = []byte(r.Note)
		}
		out.Items = append(out.Items, e)
	}
	return out, err
}
