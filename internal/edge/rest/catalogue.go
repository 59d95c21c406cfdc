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
	"too_many_reratings":  {title: "Too many wait already", detail: "An organisation has at most {max} re-ratings that have not ended.", help: "They are answered one after the other. Cancel those that nobody needs, or wait."},
	"rerating_ended":      {title: "The re-rating has ended", detail: "Re-rating {rerating} is {state} already."},
	"rerating_not_done":   {title: "There is nothing to confirm", detail: "Re-rating {rerating} is no simulation that is done."},
	"rerating_confirmed":  {title: "It was confirmed already", detail: "Simulation {rerating} has its correction, see its correction_id.", help: "What has changed since, and what a cancelled correction has left, is found by another simulation."},
	"rerating_of_draft":   {title: "Nobody is billed by a draft", detail: "Simulation {rerating} is by terms that were not published.", help: "Publish the terms as an edition of a tariff, and simulate by that."},
	"rerating_forgotten":  {title: "It was too long ago", detail: "What simulation {rerating} found of single sessions is not kept any more."},
	"tab_not_found":       {title: "The session has no tab", detail: "Nothing is known yet of what session {session} owes.", help: "A session gets its tab some seconds after its start. One that ended before there were tariffs has none."},
	"zone_changed":        {title: "The site's clocks have changed", detail: "The clocks of {zone} go otherwise by now than when the session began."},
	"tab_not_waiting":     {title: "Nobody has to look at the session", detail: "What session {session} owes is {state}, and waits for nobody."},
	"bill_not_standing":   {title: "The bill does not stand", detail: "The bill {bill} was taken back already, or is not a session's own."},
	"format_unavailable":  {title: "A bill has no such format", detail: "A bill is text/html, application/pdf or application/xml.", status: http.StatusNotAcceptable},
	"e_invoice_refused": {
		title: "The bill is no e-invoice", detail: "As an e-invoice the bill {rules}.",
		help: "An e-invoice names the endpoint and tax id of whoever issues it, and both of a customer. The billing profile has the issuer's; HTML and PDF need neither.",
	},
	"agreement_overlaps": {
		title: "The site has an agreement", detail: "In that time the agreement {agreement} holds.",
		help: "A site has one agreement at a time. End the one that holds, or let the new one begin when it is over.",
	},
	"supply_overlaps": {
		title: "The site has a supply", detail: "In that time the supply {supply} holds.",
		help: "A site has one supply at a time. End the one that holds, or let the new one begin when it is over.",
	},
	"settlement_overpaid": {title: "That is more than is open", detail: "Of the settlement, {open} is open."},
	"payments_exhausted":  {title: "There are too many payments", detail: "A settlement has at most {max} payments."},
	"cdr_unsendable": {
		title: "OCPI cannot say it", detail: "The CDR breaks a rule of OCPI {version}.",
		help: "It has more digits than OCPI has, or a text that is too long. Another version may have room for it.",
	},
	"already_posted":       {title: "It was posted already", detail: "The same was posted in the ledger before."},
	"balance_insufficient": {title: "There is not enough on the account", detail: "A balance would go beyond its limit."},
	"series_unknown":       {title: "No such series", detail: "No series of documents with this name has begun."},
	"nothing_signed": {
		title: "Meters signed nothing", detail: "No meter signed anything of what the bill is about.",
		help: "Not all meters sign. What a station sends of them is among the meter values of the session.",
	},
	"meter_keys_exhausted": {title: "There are too many keys of meters", detail: "Station {station} has told more public keys of meters than a station has."},
	"energy_uncertified":   {title: "The energy is not certified", detail: "The tariff demands energy that the meter has signed: {why}."},
	"series_exists":        {title: "The series exists already", detail: "There is a series {name} there already."},
	"series_in_use":        {title: "The series has points", detail: "Points were told of the series, and bills may rest on them."},
	"series_exhausted":     {title: "There are too many series", detail: "An organisation has at most {max} series."},
	"customer_exists":      {title: "The reference is taken", detail: "Another customer of the organisation has this reference."},
	"customer_in_use":      {title: "A token names the customer", detail: "The token {token} names the customer, who pays for what it charges."},
	"customer_billed":      {title: "The customer was billed", detail: "Books and documents name who owes, and go on to do so. To forget a person, set party to null."},
	"statement_exists":     {title: "The statement is there already", detail: "The statement of this month, or of a later one, has begun or was issued."},
	"statement_empty":      {title: "There is nothing to invoice", detail: "Nothing is due, or what is due comes to nothing or less."},
	"statement_too_long":   {title: "There are too many bills", detail: "So many bills are due that they will be on several invoices."},
	"statement_open":       {title: "There is no invoice yet", detail: "The statement is {state}."},
	"month_not_over":       {title: "The month is not over", detail: "The month ends at {ends}."},
	"tariff_without_draft": {title: "There is no draft", detail: "The tariff has no draft that could be published or looked over."},
	"tariff_published": {
		title: "The tariff was published", detail: "What was published is kept, because sessions are priced by it.",
		help: "Give the tariff an end with ends_at, and remove its assignments.",
	},
	"tariff_assigned":           {title: "The tariff is assigned", detail: "The assignment {assignment} names the tariff."},
	"tariff_editions_exhausted": {title: "The tariff has too many editions", detail: "A tariff has at most {max} editions.", help: "Prices that change so often are a series: use a spot price."},

	"customer_subscribed": {title: "The customer has a subscription", detail: "The subscription {subscription} is his. It stays, for what it has cost."},
	"plan_subscribed": {
		title: "Somebody has the plan", detail: "The subscription {subscription} is of this plan.",
		help: "Give the plan an end with valid_until: then nobody subscribes to it any more.",
	},
	"plan_closed":                   {title: "The plan is not offered", detail: "No subscription of this plan may begin then: see its valid_from and valid_until."},
	"subscription_overlaps":         {title: "The customer has a plan already", detail: "A customer has one subscription at a time. End the other one first."},
	"subscription_paused":           {title: "The subscription is paused", detail: "It is paused already, or will be."},
	"subscription_not_paused":       {title: "The subscription is not paused", detail: "There is no pause that could end."},
	"subscription_ended":            {title: "The subscription has ended", detail: "By then the subscription has ended."},
	"subscription_missing":          {title: "The customer has no plan", detail: "No subscription of the customer is in force."},
	"subscription_pauses_exhausted": {title: "The subscription was paused too often", detail: "A subscription has at most {max} pauses. End it, and begin another."},
	"voucher_exists":                {title: "The code exists already", detail: "Another voucher has this code."},
	"voucher_expired":               {title: "The voucher is not valid any more", detail: "Its time is over."},
	"voucher_used_up":               {title: "The voucher is used up", detail: "As many customers have redeemed it as may."},
	"voucher_redeemed":              {title: "The customer has redeemed the voucher", detail: "A customer redeems a voucher once."},
	"vouchers_held_max":             {title: "The customer holds too many vouchers", detail: "A customer holds at most {max} vouchers with something left."},
	"month_malformed":               {title: "Not a month", detail: "A month is written as in 2026-05."},

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
