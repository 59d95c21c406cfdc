package rest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"pylon/internal/domain/account"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
)

// operation is one thing that clients can do.
type operation struct {
	id      string
	method  string
	path    string // below [prefix]
	tag     string
	summary string
	detail  string
	scope   account.Scope // "": any key
	status  int           // of success; 0: 200, 204 without a body
	example any           // a request body that is right
	refuses []int         // beyond what every operation refuses
	onceKey keyRule
	takes   time.Duration // until the handler is told to give up; 0: [handlerTimeout]

	// openBody says that there may be a body of any shape, which f finds in its call.
	openBody bool
	streams  bool // the answer is a server-sent stream of events

	files []string // media types of the answer, when it is a file
}

// keyRule is what an operation wants of Idempotency-Key.
type keyRule uint8

const (
	keyIgnored keyRule = iota
	keyTaken
	keyNeeded
)

const (
	handlerTimeout = 30 * time.Second
	unbounded      = -1      // of a handler that ends with its client, and sets its own deadlines
	bodyMax        = 1 << 20 // a long scope list or OCPP request is a few kilobytes
)

// handle adds an operation to the API: f decodes nothing and encodes nothing.
func handle[I, O any](s *Server, op operation, f func(ctx context.Context, by account.Actor, in *I) (*O, error)) {
	huma.Register(s.api, op.huma(), func(ctx context.Context, in *I) (*O, error) {
		if body, ok := any(in).(interface{ broken() error }); ok {
			if err := body.broken(); err != nil {
				return nil, refusal(ctx, err)
			}
		}
		out, err := f(ctx, callOf(ctx).by, in)
		if err != nil {
			return nil, refusal(ctx, err)
		}
		return out, nil
	})
}

// refusal is the problem that err is, noted for the log.
func refusal(ctx context.Context, err error) error {
	p := problemOf(ctx, err)
	callOf(ctx).note(p)
	return p
}

// metadata keys.
const (
	metaOperation = "operation"
)

// huma is the operation as the OpenAPI document has it.
func (op operation) huma() huma.Operation {
	h := huma.Operation{
		OperationID: op.id, Method: op.method, Path: prefix + op.path, Tags: []string{op.tag},
		Summary: op.summary, Description: op.detail, DefaultStatus: op.status,
		MaxBodyBytes: bodyMax + 1, SkipValidateBody: true, // bodies are judged by Strict
		BodyReadTimeout: -1, // the body is read by then, and a deadline for reading would end the request's context
		Metadata:        map[string]any{metaOperation: op},
		Responses:       map[string]*huma.Response{},
	}
	scopes := []string{}
	if op.scope != "" {
		scopes = append(scopes, string(op.scope))
	}
	h.Security = []map[string][]string{{securityName: scopes}}
	if op.example != nil {
		h.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Example: op.example}}}
	}
	if op.openBody {
		object := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
		h.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Schema: object, Example: map[string]any{}}}}
		h.Responses[strconv.Itoa(op.status)] = &huma.Response{
			Description: http.StatusText(op.status), Content: map[string]*huma.MediaType{"application/json": {Schema: object}},
		}
	}
	if op.streams {
		h.Responses[strconv.Itoa(op.status)] = &huma.Response{
			Description: "Events, each with an Event as its data",
			Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Ref: "#/components/schemas/Event"}}},
		}
	}
	if op.files != nil {
		content := map[string]*huma.MediaType{}
		for _, media := range op.files {
			content[media] = &huma.MediaType{}
		}
		h.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{Description: "The file", Content: content}
	}
	if op.method == http.MethodGet && (strings.HasSuffix(op.path, "}") || op.files != nil) {
		h.Parameters = append(h.Parameters, &huma.Param{
			Name: "If-None-Match", In: "header", Description: "ETag that you have: 304 when it is still right", Schema: &huma.Schema{Type: huma.TypeString},
		})
		h.Responses[strconv.Itoa(http.StatusNotModified)] = &huma.Response{Description: http.StatusText(http.StatusNotModified)}
	}
	if op.onceKey != keyIgnored {
		h.Parameters = append(h.Parameters, &huma.Param{
			Name: "Idempotency-Key", In: "header", Required: op.onceKey == keyNeeded,
			Description: "A fresh random key for each new request, the same for its repetition: it gets the first answer again.",
			Schema:      &huma.Schema{Type: huma.TypeString, MinLength: new(1), MaxLength: new(idempotencyKeyMax)},
			Example:     "8e03978e-40d5-43dd-bc93-6894a57f9324",
		})
	}
	for _, status := range op.refusals() {
		h.Responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + problemName(status)}
	}
	return h
}

// refusals are the statuses with which an operation may refuse.
func (op operation) refusals() []int {
	statuses := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError}
	if strings.Contains(op.path, "{") {
		statuses = append(statuses, http.StatusNotFound)
	}
	if op.example != nil || op.onceKey == keyNeeded {
		statuses = append(statuses, http.StatusBadRequest)
	}
	return append(statuses, op.refuses...)
}

// problemName names the response of a status in the OpenAPI document.
func problemName(status int) string { return "Problem" + strconv.Itoa(status) }

// adapter puts huma's operations on the server's mux, behind what every
// request passes.
type adapter struct{ *Server }

// Handle implements [huma.Adapter].
func (a adapter) Handle(h *huma.Operation, next func(huma.Context)) {
	op := h.Metadata[metaOperation].(operation) //nolint:forcetypeassert // handle puts it there
	a.mux.HandleFunc(h.Method+" "+h.Path, func(w http.ResponseWriter, r *http.Request) {
		err := a.pass(op, w, r, func(r *http.Request) { next(humago.NewContext(h, r, w)) })
		if err != nil {
			a.writeProblem(w, r, err)
		}
	})
}

// pass lets a request through to next when it may: who asks, how often, for
// what, with which body. The scope is checked before anything is looked up.
func (s *Server) pass(op operation, w http.ResponseWriter, r *http.Request, next func(*http.Request)) error {
	by, err := s.authenticate(r)
	if err != nil {
		if r.ContentLength != 0 { // the server reads what is left of it
			w.Header().Set("Connection", "close")
			patience(w, clock.Deadline(s.clock, strangerTimeout), clock.Deadline(s.clock, writeTimeout))
		}
		return err
	}
	c := callOf(r.Context())
	c.by = by
	if err := s.admit(w, by); err != nil {
		return err
	}
	if op.scope != "" {
		if err := by.Can(op.scope); err != nil {
			return err
		}
	}
	if c.body, err = readBody(w, r, op.example != nil); err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	takes := cmp.Or(op.takes, handlerTimeout)
	patience(w, time.Time{}, clock.Deadline(s.clock, takes+writeTimeout))
	if takes != unbounded {
		ctx, cancel := context.WithTimeout(r.Context(), takes)
		defer cancel()
		r = r.WithContext(ctx)
	}
	if op.onceKey == keyIgnored {
		next(r)
		return nil
	}
	return s.once(w, r, op.onceKey == keyNeeded, func() { next(r) })
}

// readBody reads the whole body of a request that has one.
func readBody(w http.ResponseWriter, r *http.Request, needed bool) ([]byte, error) {
	if r.Method != http.MethodPost && r.Method != http.MethodPatch && r.Method != http.MethodPut {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, fault.New(fault.Invalid, "body_too_large", "max", strconv.Itoa(bodyMax))
	}
	switch {
	case err != nil:
		return nil, fault.Wrap(err, fault.Invalid, "body_unreadable")
	case len(body) == 0 && needed:
		return nil, fault.New(fault.Invalid, "body_required")
	case len(body) > 0 && !speaksJSON(r.Header.Get("Content-Type")):
		return nil, fault.New(fault.Invalid, "content_type_unsupported")
	}
	return body, nil
}

// speaksJSON reports whether a body of this type is JSON; one without a type
// is taken for it.
func speaksJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}
