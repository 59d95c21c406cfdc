package rest

import (
	"context"
	"errors"
	"html/template"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"pylon/internal/kernel/fault"
)

// Problem is an error as clients get it (RFC 9457).
type Problem struct {
	Type      string       `json:"type" format:"uri" example:"https://pylon.example/problems/station-offline" doc:"Page that explains the problem"`
	Title     string       `json:"title" example:"The station is offline" doc:"The same for every problem of this code"`
	Status    int          `json:"status" example:"409" doc:"HTTP status"`
	Detail    string       `json:"detail,omitzero" example:"Station CP-1 has no connection." doc:"What happened this time"`
	Instance  string       `json:"instance" example:"/api/v1/stations/CP-1/commands" doc:"Path of the request"`
	Code      string       `json:"code" example:"station_offline" doc:"Stable name of the problem"`
	TraceID   string       `json:"trace_id" example:"4bf92f3577b34da6a3ce929d0e0e4736" doc:"Finds the request in the log"`
	Retryable bool         `json:"retryable" doc:"The same request may succeed later"`
	Errors    []FieldError `json:"errors,omitempty" doc:"Rules that the request breaks"`
	OCPP      *OCPPError   `json:"ocpp_error,omitzero" doc:"The station's CALLERROR, when it answered with one"`

	retryAfter time.Duration
	cause      error
}

// FieldError is one broken rule.
type FieldError struct {
	Pointer   *string `json:"pointer,omitzero" nullable:"false" example:"/station_id" doc:"RFC 6901, into the body"`
	Parameter string  `json:"parameter,omitzero" example:"limit" doc:"Parameter in query, path or header"`
	Code      string  `json:"code" example:"length" doc:"Stable name of the rule"`
	Detail    string  `json:"detail" example:"expected length <= 64" doc:"The rule in words"`
}

// OCPPError is a station's CALLERROR.
type OCPPError struct {
	Code        string `json:"code" example:"NotSupported"`
	Description string `json:"description"`
	Details     JSON   `json:"details,omitzero" doc:"As the station sent it"`
}

// Error makes a Problem an error that huma answers with.
func (p *Problem) Error() string { return p.Code }

// Unwrap returns the error that the problem tells of, for our log.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus tells huma the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType tells huma the media type.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// GetHeaders tells huma the headers that come with the problem.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.retryAfter + time.Second - 1).Seconds())))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="pylon"`)
	}
	return h
}

// problemOf turns an error into a problem of the present request.
func problemOf(ctx context.Context, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	e, ok := errors.AsType[*fault.Error](err)
	switch {
	case ok && e.Kind != fault.Internal:
	case errors.Is(err, context.DeadlineExceeded): // see [handlerTimeout]: too much is going on
		e = &fault.Error{Kind: fault.Unavailable, Code: "took_too_long", Cause: err}
	default:
		e = &fault.Error{Code: codeInternal, Cause: err}
	}
	c := callOf(ctx)
	status, retry := statusOf(e.Kind)
	t := textOf(e)
	if t.status != 0 {
		status = t.status
	}
	p := &Problem{
		Type: c.base + "/problems/" + slug(e.Code), Title: t.title, Status: status, Detail: t.detail, Instance: c.path,
		Code: e.Code, TraceID: c.trace, Retryable: retry || t.retry, cause: err,
	}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, FieldError{Pointer: &f.Pointer, Code: f.Code, Detail: f.Detail})
	}
	if p.Retryable {
		p.retryAfter = time.Second
	}
	return p
}

// refused turns what huma refuses, which is parameters, into a problem.
func refused(ctx huma.Context, _ string, v any) (any, error) {
	model, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	if model.Status >= http.StatusInternalServerError {
		return problemOf(ctx.Context(), errors.New(model.Detail)), nil
	}
	p := problemOf(ctx.Context(), &fault.Error{Kind: fault.Invalid, Code: codeInvalid})
	for _, d := range model.Errors[:min(len(model.Errors), maxFieldErrors)] {
		_, name, _ := strings.Cut(d.Location, ".")
		p.Errors = append(p.Errors, FieldError{Parameter: name, Code: ruleOf(d.Message), Detail: d.Message})
	}
	return p, nil
}

// writeProblem answers with the problem that err is, outside huma.
func (s *Server) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(r.Context(), err)
	callOf(r.Context()).note(p)
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	if err := json.MarshalWrite(w, p); err != nil {
		s.log.Debug("problem not sent", "error", err)
	}
}

// problemPage explains a code to people. It is plain on purpose: it must work
// everywhere, and loads nothing.
const problemPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Title}} – Pylon</title>
</head>
<body>
<h1>{{.Title}}</h1>
<p>Code <code>{{.Code}}</code>.{{if .Retry}} The same request may succeed later.{{end}}</p>
{{with .Detail}}<p>{{.}}</p>{{end}}
{{with .Help}}<p>{{.}}</p>{{end}}
</body>
</html>
`

// serveProblemPage serves the page that a problem's type points to.
func (s *Server) serveProblemPage(w http.ResponseWriter, r *http.Request) {
	for code, t := range catalogue {
		if slug(code) != r.PathValue("slug") {
			continue
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		err := template.Must(template.New("problem").Parse(problemPage)).Execute(w, struct {
			Title, Code, Detail, Help string
			Retry                     bool
		}{t.title, code, t.detail, t.help, t.retry})
		if err != nil {
			s.log.Debug("problem page not sent", "error", err)
		}
		return
	}
	s.writeProblem(w, r, fault.New(fault.NotFound, "route_not_found"))
}
