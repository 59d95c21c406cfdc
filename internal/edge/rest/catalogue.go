package rest

import (
	"net/http"
	"strings"

	"pylon/internal/kernel/fault"
)

// Codes that rest itself gives.
const (
	codeInvalid   = "invalid_input"
	codeMalformed = "malformed_json"
	codeInternal  = "internal"
)

// text is what people read about a code.
type text struct {
	title  string
	detail string // {name} is the error's value of that name
	help   string // what to do about it, for the page of the problem
	status int    // 0: the one of the kind
	retry  bool   // the same request may succeed later, whatever the kind says
}

// statusOf and the catalogue are the only places that know what an error is in
// HTTP. Every kind of error is listed: a new one does not compile quietly.
func statusOf(k fault.Kind) (status int, retry bool) {
	switch k {
	case fault.Internal:
		return http.StatusInternalServerError, false
	case fault.Invalid:
		return http.StatusUnprocessableEntity, false
	case fault.Unauthorised:
		return http.StatusUnauthorized, false
	case fault.Forbidden:
		return http.StatusForbidden, false
	case fault.NotFound:
		return http.StatusNotFound, false
	case fault.Conflict:
		return http.StatusConflict, false
	case fault.Stale:
		return http.StatusPreconditionFailed, false
	case fault.Precondition:
		return http.StatusPreconditionRequired, false
	case fault.Exhausted:
		return http.StatusTooManyRequests, true
	case fault.Unavailable:
		return http.StatusServiceUnavailable, true
	case fault.TimedOut:
		return http.StatusGatewayTimeout, false // what became of it is not known
	case fault.UpstreamFailed:
		return http.StatusBadGateway, false
	}
	return http.StatusInternalServerError, false
}

// textOf returns what is said about an error: the catalogue's words, or words
// made of the code when it has none.
func textOf(e *fault.Error) text {
	t, ok := catalogue[e.Code]
	if !ok {
		words := strings.ReplaceAll(e.Code, "_", " ")
		t = text{title: strings.ToUpper(words[:min(1, len(words))]) + words[min(1, len(words)):]}
	}
	t.detail = filled(t, e.Values)
	return t
}

// filled puts the values of an error into its detail. One that misses a value
// gets the title for a detail.
func filled(t text, values []string) string {
	var b strings.Builder
	rest := t.detail
	for {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, behind, _ := strings.Cut(after, "}")
		i := 0
		for i+1 < len(values) && values[i] != name {
			i += 2
		}
		if i+1 >= len(values) {
			return t.title + "."
		}
		b.WriteString(values[i+1])
		rest = behind
	}
}

// slug is a code as it stands in the URL of its page.
func slug(code string) string { return strings.ReplaceAll(code, "_", "-") }

// catalogue has the text of every public code. Codes are stable; their words
// may change.
var catalogue = map[string]text{
	codeInternal: {
		title:  "Something went wrong on our side",
		detail: "The request failed because of an error in Pylon. The trace id finds it in the log.",
		help:   "Look for the trace id in Pylon's log. Repeating the request may help when the cause was passing.",
	},
	codeInvalid: {
		title: "The request breaks a rule", detail: "See errors for the members and the rules that they break.",
		help: "Each entry of errors names a member by its JSON pointer, or a parameter, and the rule that it breaks.",
	},
	codeMalformed: {
		title: "The body is not JSON", detail: "The body cannot be read as JSON.", status: http.StatusBadRequest,
		help: "Send one JSON value in UTF-8, no member twice.",
	},
	"body_required": {
		title: "The body is missing", detail: "This request needs a JSON body.", status: http.StatusBadRequest,
	},
	"body_too_large": {
		title: "The body is too large", detail: "The body may have at most {max} bytes.", status: http.StatusRequestEntityTooLarge,
	},
	"body_unreadable": {
		title: "The body did not arrive", detail: "The body ended early or took too long.", status: http.StatusBadRequest, retry: true,
	},
	"took_too_long": {title: "It took too long", detail: "Pylon has too much to do to answer this in time. Try again, or ask for less."},
	"url_malformed": {
		title: "The address is malformed", detail: "Path and query are UTF-8 without zero characters.", status: http.StatusBadRequest,
	},
	"content_type_unsupported": {
		title: "The body is in a form that Pylon does not read", detail: "Send Content-Type: application/json.",
		status: http.StatusUnsupportedMediaType,
	},
	"route_not_found":    {title: "There is nothing at this address", detail: "No resource of the API has this path."},
	"method_not_allowed": {title: "The resource does not know this method", detail: "Allowed here: {allow}.", status: http.StatusMethodNotAllowed},

	"key_required": {
		title: "A key is needed", detail: "Send Authorization: Bearer and an API key.",
		help: "Make a key with POST /api/v1/api-keys, or give the first one to the server as PYLON_BOOTSTRAP_API_KEY.",
	},
	"key_unknown":   {title: "The key is not valid", detail: "There is no such key."},
	"key_expired":   {title: "The key is not valid any more", detail: "The key has expired or was revoked."},
	"scope_missing": {title: "The key may not do this", detail: "The key lacks the scope {scope}."},
	"scope_beyond_own": {
		title: "A key cannot give what it has not", detail: "Your own key lacks the scope {scope}, so a key that you make cannot have it.",
	},
	"operator_only": {title: "Only the operator may do this", detail: "Only keys of the installation's first organisation can do this."},
	"rate_limited":  {title: "Too many requests", detail: "This key asks for more than {limit} requests a second."},

	"not_found":              {title: "Not found", detail: "There is no such thing, or not in your organisation."},
	"organisation_not_found": {title: "No such organisation", detail: "There is no such organisation, or you may not see it."},

	"series_missing":      {title: "Prices are missing", detail: "Prices or signals that the tariff names are not there."},
	"currencies_differ":   {title: "Two currencies met", detail: "Amounts of two currencies have no sum."},
	"amount_out_of_range": {title: "An amount is too large", detail: "A sum is above what an amount can be."},
	"credit_of_credit":    {title: "A credit cannot be taken back", detail: "The record {cdr} takes back another already."},
	"tab_not_found":       {title: "The session has no tab", detail: "Nothing is known yet of what session {session} owes.", help: "A session gets its tab some seconds after its start. One that ended before there were tariffs has none."},
	"format_unavailable":  {title: "A bill has no such format", detail: "A bill is text/html, application/pdf or application/xml.", status: http.StatusNotAcceptable},
	"e_invoice_refused": {
		title: "The bill is no e-invoice", detail: "As an e-invoice the bill {rules}.",
		help: "An e-invoice names the endpoint and tax id of whoever issues it, and both of a customer. The billing profile has the issuer's; HTML and PDF need neither.",
	},
	"already_posted":       {title: "It was posted already", detail: "The same was posted in the ledger before."},
	"balance_insufficient": {title: "There is not enough on the account", detail: "A balance would go beyond its limit."},
	"series_unknown":       {title: "No such series", detail: "No series of documents with this name has begun."},
	"tariff_without_draft": {title: "There is no draft", detail: "The tariff has no draft that could be published or looked over."},
	"tariff_published": {
		title: "The tariff was published", detail: "What was published is kept, because sessions are priced by it.",
		help: "Give the tariff an end with ends_at, and remove its assignments.",
	},
	"tariff_assigned":           {title: "The tariff is assigned", detail: "The assignment {assignment} names the tariff."},
	"tariff_editions_exhausted": {title: "The tariff has too many editions", detail: "A tariff has at most {max} editions.", help: "Prices that change so often are a series: use a spot price."},

	"already_exists":      {title: "It exists already", detail: "Something with these names exists already."},
	"organisation_exists": {title: "The organisation exists already", detail: "There is an organisation with the slug {slug}."},
	"station_exists":      {title: "The station exists already", detail: "There is a station with the identity {station}."},
	"token_exists":        {title: "The token exists already", detail: "There is a token with this uid: {id}."},
	"site_in_use":         {title: "Stations stand on this site", detail: "Station {station} stands on this site. Move it first."},
	"token_in_use":        {title: "Somebody charges with this token", detail: "The token has a running session. Block it, or wait for the end."},
	"station_in_session":  {title: "Somebody charges at this station", detail: "Session {session} is running. Stop it first."},
	"key_is_own":          {title: "A key cannot revoke itself", detail: "Use another key to revoke this one."},

	"station_offline": {
		title: "The station is offline", detail: "Station {station} has no connection.", retry: true,
		help: "Wait until it connects, or send a command with wait_for_station.",
	},
	"station_rejected":     {title: "The station is rejected", detail: "Station {station} is rejected: Pylon sends it nothing."},
	"station_timeout":      {title: "The station did not answer", detail: "No answer came in time ({reason}). Whether the station acted is not known."},
	"call_not_sent":        {title: "The call was not sent", detail: "The call did not leave for the station ({reason}); nothing has happened."},
	"station_error":        {title: "The station answered with an error", detail: "The station answered {ocpp_code}: {ocpp_description}"},
	"ocpp_action_unknown":  {title: "No such OCPP request", detail: "OCPP {version} has no request {action} to a station."},
	"ocpp_schema_violated": {title: "The request breaks its OCPP schema", detail: "The body breaks the schema of {action} in OCPP {version}; see errors."},
	"station_busy":         {title: "The station is busy", detail: "Too many requests wait for station {station} already.", retry: true},
	"command_ended":        {title: "The command has ended", detail: "Command {command} has ended already."},
	"command_late":         {title: "The command came too late", detail: "Command {command} was past its deadline."},
	"command_sent":         {title: "The command is on its way", detail: "Command {command} is {state} and cannot be called back."},
	"job_ended":            {title: "The job has ended", detail: "Job {job} is {state} already."},
	"session_ended":        {title: "The session has ended", detail: "Session {session} has ended already."},

	"version_moved": {
		title: "It has changed meanwhile", detail: "The thing is not in the version any more that If-Match names.",
		help: "Get it again, apply your change to what it is now, and send the new ETag in If-Match.",
	},
	"if_match_required": {
		title: "If-Match is missing", detail: "Send the ETag of the version that you change in If-Match.",
		help: "GET answers with an ETag. Send it in If-Match, so that you do not undo somebody else's change.",
	},
	"etag_malformed": {title: "If-Match has no ETag of ours", detail: "If-Match takes one ETag as GET gave it, or *.", status: http.StatusPreconditionFailed},

	"idempotency_key_required": {
		title: "Idempotency-Key is missing", detail: "This request needs an Idempotency-Key.", status: http.StatusBadRequest,
		help: "Send a fresh random key with each new request, and the same key when you repeat one.",
	},
	"idempotency_key_malformed": {
		title: "Idempotency-Key is not one", detail: "An Idempotency-Key has 1 to 255 printable ASCII characters.", status: http.StatusBadRequest,
	},
	"idempotency_key_in_flight": {
		title: "The first request is still running", detail: "A request with this Idempotency-Key has not finished yet.",
		status: http.StatusConflict, retry: true,
	},
	"idempotency_key_reused": {
		title: "The Idempotency-Key belongs to another request", detail: "A different request was made with this Idempotency-Key.",
		status: http.StatusUnprocessableEntity,
	},
	"prefer_malformed": {title: "Prefer is not understood", detail: "wait takes 0 to {max} seconds.", status: http.StatusBadRequest},

	"identifier_malformed":       {title: "Not an identifier", detail: "Expected an identifier like {expected}."},
	"station_identity_length":    {title: "The station's identity has the wrong length", detail: "An identity has 1 to {max} characters."},
	"station_identity_character": {title: "The station's identity has a character that it cannot have", detail: "Printable ASCII without slash, colon and space."},
	"cursor_malformed":           {title: "The cursor is not one of this list", detail: "Take next_cursor of the page before, with the same filters."},
	"sort_unknown":               {title: "The list cannot be sorted like that", detail: "The document of the API names the orders."},
	"topic_unknown":              {title: "No such topic", detail: "There is no topic {topic}."},
	"events_pruned":              {title: "The events are gone", detail: "The events behind this position are not kept any more."},

	"too_much_contention":  {title: "Too many changes at once", detail: "The thing kept changing while your change was made. Try again."},
	"lease_lost":           {title: "Another node does this now", detail: "This node did it for all, and another does by now. Try again.", status: http.StatusServiceUnavailable, retry: true},
	"lease_outdated":       {title: "Another node orders this now", detail: "What asked for this has a successor, who has asked for something since."},
	"consumer_unknown":     {title: "Nobody takes this event any more", detail: "This version of Pylon has no part called {consumer}."},
	"event_refused":        {title: "The event failed again", detail: "{consumer} could not take the event: {code}. The log has the rest."},
	"owner_superseded":     {title: "The station has moved", detail: "Another node has taken the station over. Try again.", status: http.StatusServiceUnavailable, retry: true},
	"database_unavailable": {title: "The database is away", detail: "Pylon cannot reach its database. Try again."},
	"too_many_sessions":    {title: "Too many sessions at one station", detail: "The station has as many open sessions as a station may have."},
	"too_many_connectors":  {title: "Too many connectors at one station", detail: "The station has as many connectors as a station may have."},
	"cluster_unreachable":  {title: "The nodes cannot speak to each other", detail: "This node cannot reach the others. Try again."},
	"node_unreachable":     {title: "A node is away", detail: "The node that has the station is away. Try again."},
	"node_timed_out":       {title: "A node did not answer", detail: "The node that has the station did not answer in time. Whether it acted is not known."},
	"node_busy":            {title: "A node is busy", detail: "The node that has the station has too much to do. Try again."},
	"message_too_large":    {title: "The request is too large", detail: "The request does not fit into a message between nodes.", status: http.StatusRequestEntityTooLarge},
	"message_malformed":    {title: "The nodes do not understand each other", detail: "A node sent something that this one cannot read. They may be of different versions.", status: http.StatusServiceUnavailable},
	"message_unknown":      {title: "The nodes do not understand each other", detail: "A node was asked for something that it does not know. They may be of different versions.", status: http.StatusServiceUnavailable},
	"answer_malformed":     {title: "The nodes do not understand each other", detail: "A node answered something that this one cannot read. They may be of different versions."},
	"too_many_listeners":   {title: "Too many wait already", detail: "Too many callers wait for commands. Try again."},
	"setup_link_expired":   {title: "The setup link does not work any more", detail: "A server without a key logs a new one when it starts."},
	"too_many_streams":     {title: "Too many live streams", detail: "At most {max} streams are open at once."},
}
