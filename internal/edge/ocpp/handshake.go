package ocpp

import (
	"crypto/subtle"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"pylon/internal/domain/station"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/wire/ocppj"
)

// reason is why a handshake is refused: the label of a counter and, in words,
// the answer.
type reason string

// The reasons.
const (
	reasonPath        reason = "path"           // no station can be meant
	reasonNoWebSocket reason = "not_websocket"  // a plain HTTP request
	reasonTooMany     reason = "too_many_tries" // see [attempts]
	reasonUnknown     reason = "unknown_station"
	reasonPassword    reason = "password"     // none, or wrong
	reasonPlain       reason = "tls_required" // security profile 2 or 3 without TLS
	reasonCertificate reason = "certificate"  // security profile 3
	reasonOrigin      reason = "origin"       // a page from elsewhere, see [foreign]
	reasonSubprotocol reason = "subprotocol"  // 101, and closed at once
	reasonUnavailable reason = "unavailable"  // the database is away, or the node stops
	reasonBusy        reason = "busy"         // too many come at once, see [door]
	reasonFull        reason = "full"         // see [Limits]
	reasonUpgrade     reason = "upgrade"      // the client cannot go on
	reasonInternal    reason = "internal"
)

// refused is a handshake that ends with an HTTP status.
type refused struct {
	why    reason
	status int
	retry  time.Duration // Retry-After; 0: none
}

// guest is a station at the door.
type guest struct {
	attempt
	station  station.Station
	newcomer bool // nobody has created it yet
	version  ocppj.Version
	profile  int    // the security profile of this connection
	secret   []byte // hash of the password it brought; nil: none was asked for
}

// ServeHTTP lets a station in: GET /ocpp/{station} or
// /ocpp/{organisation}/{station} with a WebSocket upgrade. The handler returns
// when the socket is open.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A handshake has no body: who announces one shall not hold a connection.
	_ = http.NewResponseController(w).SetReadDeadline(clock.Deadline(g.Clock, lineTerm+g.Limits.Write)) // ends with the upgrade; without one it is a test's
	who := guest{attempt: attempt{address: addressOf(r)}}
	no := g.knock(r, &who)
	if no == nil {
		no = g.comeIn(w, r, &who)
	}
	if no != nil {
		g.turnAway(w, r, &who, no)
	}
}

// knock refuses what can be refused without a look-up, and waits for a place at
// the door.
func (g *Gateway) knock(r *http.Request, who *guest) *refused {
	var ok bool
	if who.attempt.organisation, who.identity, ok = stationOf(r.URL); !ok {
		return &refused{why: reasonPath, status: http.StatusNotFound}
	}
	if !websocket.IsWebSocketUpgrade(r) {
		return &refused{why: reasonNoWebSocket, status: http.StatusUpgradeRequired}
	}
	if no := g.refuses(); no != nil {
		return no
	}
	if wait := g.attempts.wait(who.attempt, g.Clock.Steady()); wait > 0 {
		return &refused{reasonTooMany, http.StatusTooManyRequests, wait}
	}
	return g.door.enter(r.Context(), clock.Machine(g.Clock))
}

// comeIn takes a station from the door to its socket, which keeps the place until
// it speaks for its station.
func (g *Gateway) comeIn(w http.ResponseWriter, r *http.Request, who *guest) *refused {
	in := false
	defer func() { // whatever happens: a place that is lost is lost for ever
		if !in {
			g.door.leave()
		}
	}()
	no := g.admit(r, who)
	if no == nil {
		no = g.welcome(w, r, who)
	}
	in = no == nil
	return no
}

// turnAway answers a handshake that is refused.
func (g *Gateway) turnAway(w http.ResponseWriter, r *http.Request, who *guest, no *refused) {
	g.Metrics.refused(no.why)
	g.Log.Debug("handshake refused", "reason", string(no.why), "station", who.station.ID)
	if who.station.ID != "" && g.seatOf(who.station.ID).once.every("refused at the door: "+string(no.why), g.Clock.Now(), noteTerm) {
		g.FrameLog.Append(Entry{
			Station: who.station.ID, Organisation: who.station.Organisation, At: g.Clock.Now(),
			Direction: station.Note, Type: "refused", Note: "handshake from " + r.RemoteAddr + ": " + string(no.why),
		})
	}
	if no.status == 0 {
		return // the client has its answer
	}
	if no.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="ocpp", charset="UTF-8"`)
	}
	if no.status == http.StatusServiceUnavailable {
		w.Header().Set("Connection", "close") // it comes back later, perhaps to another node
	}
	if no.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(no.retry/time.Second)+1))
	}
	http.Error(w, string(no.why), no.status)
}

// customerBits is the part of an IPv6 address that is its customer's: the rest
// he chooses anew for every try.
const customerBits = 64

// addressOf returns where a request comes from.
func addressOf(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // a test's, or a socket without addresses
	}
	address := from.Addr().Unmap()
	if customer, err := address.Prefix(customerBits); err == nil {
		return customer.Addr()
	}
	return address // of version 4
}

// admit decides whether a station may connect, and with which version.
func (g *Gateway) admit(r *http.Request, who *guest) *refused {
	if no := g.identify(r, who); no != nil {
		switch no.why {
		case reasonUnknown, reasonPassword, reasonCertificate:
			g.attempts.failed(who.attempt, g.Clock.Steady())
		}
		return no
	}
	if who.profile == 0 && foreign(r) {
		return &refused{why: reasonOrigin, status: http.StatusForbidden}
	}
	g.attempts.succeeded(who.attempt)
	who.version = negotiate(r.Header, who.station.Quirks.Subprotocol)
	if who.newcomer && who.version != 0 {
		return g.register(r, who)
	}
	return nil
}

// foreign reports whether a page of another server asks, in the browser of
// somebody who can reach us: it must not speak for a station that has no
// password. Some stations send an origin too; their library is no browser.
func foreign(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || !strings.HasPrefix(r.UserAgent(), "Mozilla/") {
		return false
	}
	page, err := url.Parse(origin)
	here := url.URL{Host: r.Host}
	return err != nil || !strings.EqualFold(page.Hostname(), here.Hostname())
}

// slugMax is the longest name of an organisation. It bounds what is remembered
// of strangers.
const slugMax = 63

// stationOf takes organisation and station from the path.
func stationOf(u *url.URL) (slug string, id ident.Identity, ok bool) {
	path, ok := strings.CutPrefix(u.EscapedPath(), "/ocpp/")
	if !ok {
		return "", "", false
	}
	first, second, long := strings.Cut(strings.TrimSuffix(path, "/"), "/")
	if !long {
		first, second = "", first
	}
	slug, err := url.PathUnescape(first)
	if err != nil || long && slug == "" || len(slug) > slugMax {
		return "", "", false
	}
	name, err := url.PathUnescape(second)
	if err != nil {
		return "", "", false
	}
	id, err = ident.ParseIdentity(name)
	return slug, id, err == nil
}

// identify finds the station and checks that it is itself.
func (g *Gateway) identify(r *http.Request, who *guest) *refused {
	var err error
	who.station, err = g.Directory.StationByIdentity(r.Context(), who.attempt.organisation, who.identity)
	g.away.note(fault.Is(err, fault.Unavailable), g.age())
	switch {
	case err == nil:
		return g.authenticate(r, who)
	case fault.Is(err, fault.NotFound):
		return g.meet(r, who)
	}
	return g.lookupFailed(err)
}

// lookupFailed refuses a handshake because the directory failed.
func (g *Gateway) lookupFailed(err error) *refused {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.TimedOut, fault.Exhausted:
		return &refused{reasonUnavailable, http.StatusServiceUnavailable, g.Limits.Away}
	case fault.NotFound:
		return &refused{why: reasonUnknown, status: http.StatusNotFound}
	}
	g.Log.Error("station not looked up", "error", err)
	return &refused{why: reasonInternal, status: http.StatusInternalServerError}
}

// authenticate checks a station's security profile, which is the least that it
// must bring.
// Source: OCPP 2.0.1 part 2, A00; OCPP 1.6 security white paper, edition 3.
func (g *Gateway) authenticate(r *http.Request, who *guest) *refused {
	st := &who.station
	switch {
	case st.SecurityProfile >= 2 && r.TLS == nil:
		return &refused{why: reasonPlain, status: http.StatusForbidden}
	case st.SecurityProfile >= 3:
		if g.ClientCertificate == nil || g.ClientCertificate(*st, r.TLS) != nil {
			return &refused{why: reasonCertificate, status: http.StatusForbidden}
		}
		who.profile = 3
		return nil
	}
	user, password, given := r.BasicAuth()
	if st.SecurityProfile == 0 && (!given || len(st.Secrets) == 0) {
		return nil // what is not asked for and cannot be checked is not looked at
	}
	if given && user == string(who.identity) {
		who.secret = matching(st, password, g.Clock.Now())
	}
	if who.secret == nil {
		return &refused{why: reasonPassword, status: http.StatusUnauthorized}
	}
	who.profile = profileOf(r)
	return nil
}

// profileOf is the security profile of a connection with a password.
func profileOf(r *http.Request) int {
	if r.TLS != nil {
		return 2
	}
	return 1
}

// meet decides about a station that nobody has created.
func (g *Gateway) meet(r *http.Request, who *guest) *refused {
	if g.Unknown == RefuseUnknown {
		return &refused{why: reasonUnknown, status: http.StatusNotFound}
	}
	who.newcomer = true
	if g.RegistrationToken == "" {
		return nil
	}
	user, password, _ := r.BasicAuth()
	if user != string(who.identity) || subtle.ConstantTimeCompare([]byte(password), []byte(g.RegistrationToken)) != 1 {
		return &refused{why: reasonPassword, status: http.StatusUnauthorized}
	}
	who.profile = profileOf(r)
	return nil
}

// register creates a station. The token it came with is its password from now
// on, until it gets one of its own.
func (g *Gateway) register(r *http.Request, who *guest) *refused {
	if no := g.tooManyNewcomers(); no != nil {
		return no
	}
	n := Newcomer{
		Organisation: who.attempt.organisation, Identity: who.identity, Registration: station.Pending, At: g.Clock.Now(),
	}
	if g.Unknown == AcceptUnknown {
		n.Registration = station.Accepted
	}
	if g.RegistrationToken != "" {
		n.SecurityProfile = 1
		n.Secrets = []station.Secret{secretOf(g.RegistrationToken, n.At)}
	}
	st, err := g.Directory.Register(r.Context(), n)
	if err != nil {
		return g.lookupFailed(err)
	}
	who.station = st
	return nil
}

// welcome upgrades the connection and starts the station's socket.
func (g *Gateway) welcome(w http.ResponseWriter, r *http.Request, who *guest) *refused {
	if no := g.tooOften(who); no != nil {
		return no
	}
	if no := g.reserve(); no != nil {
		return no
	}
	ws, err := g.upgrader.upgrade(w, r, who.version)
	if err != nil {
		g.unreserve()
		return &refused{why: reasonUpgrade}
	}
	if who.version == 0 {
		go g.dismiss(&socket{ws: ws})
		return &refused{why: reasonSubprotocol}
	}
	c := g.newConn(ws, r, who)
	c.placed.Store(true)
	g.sit(c)
	go c.read()
	return nil
}

// dismiss closes a socket that speaks nothing we know.
// Source: OCPP-J 1.6 section 3.2, 2.0.1 part 4 section 3.2.
func (g *Gateway) dismiss(s *socket) {
	defer g.unreserve()
	defer s.abort()
	by := clock.Deadline(g.Clock, farewellTerm)
	s.farewell(endedNoProtocol, by)
	s.drain(by)
}

// reserve makes room for a socket.
func (g *Gateway) reserve() *refused {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
		return &refused{reasonUnavailable, http.StatusServiceUnavailable, farewellTerm}
	case g.open >= g.Limits.Sockets:
		return &refused{reasonFull, http.StatusServiceUnavailable, farewellTerm}
	}
	g.open++
	return nil
}

// unreserve gives a socket's room back.
func (g *Gateway) unreserve() {
	g.mu.Lock()
	g.open--
	g.mu.Unlock()
	select {
	case g.ended <- struct{}{}:
	default: // a shutdown that waits counts anew
	}
}

// negotiate chooses the version: what the station's quirks pin, if it offers
// that, else the newest that both speak; 0 when there is none.
func negotiate(h http.Header, pinned string) ocppj.Version {
	var best ocppj.Version
	for offer := range strings.SplitSeq(strings.Join(h.Values("Sec-Websocket-Protocol"), ","), ",") {
		name := strings.TrimSpace(offer)
		v, ok := ocppj.ParseSubprotocol(name)
		if !ok {
			continue
		}
		if name == pinned {
			return v
		}
		best = max(best, v)
	}
	return best
}
