package rest

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"
)

//go:generate go run ./openapi ../../../docs/openapi.json

// securityName is how the document calls the API keys.
const securityName = "apiKey"

// describe registers every operation and writes the document.
func (s *Server) describe() error {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	json := format(registry)
	s.api = huma.NewAPI(huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Pylon", Version: "1",
				Description: "Charging stations, tokens, sessions and commands of an EV charging network. " +
					"Errors are problems (RFC 9457). Identifiers are opaque. Clients must bear members and values that they do not know.",
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Tags: []*huma.Tag{
				{Name: "organisations"},
				{Name: "sites"},
				{Name: "stations"},
				{Name: "devices", Description: "What stations are made of and how they are set up"},
				{Name: "commands"},
				{Name: "jobs", Description: "Commands to many stations"},
				{Name: "tokens"},
				{Name: "sessions"},
				{Name: "tariffs", Description: "What charging costs, where and for whom"},
				{Name: "series", Description: "Prices and signals over time, which tariffs name"},
				{Name: "customers", Description: "Who pays"},
				{Name: "plans", Description: "What customers have beyond the tariffs: plans, vouchers, points"},
				{Name: "events"},
				{Name: "billing", Description: "Receipts, invoices, credit notes, and how the organisation issues them"},
				{Name: "hosts", Description: "Who gets a share of what sites earn, what their energy costs, and what is left"},
				{Name: "ledger"},
				{Name: "access", Description: "Keys, who did what, who I am"},
			},
			Components: &huma.Components{
				Schemas:   registry,
				Responses: problems(registry),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					securityName: {Type: "http", Scheme: "bearer", Description: "An API key. Each operation names the scope that it needs."},
				},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": json, "json": json},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{refused},
	}, adapter{s})
	registry.Schema(reflect.TypeFor[Event](), true, "") // is in a stream, where huma does not see it
	s.operations()
	delete(registry.Map(), "ErrorModel") // huma's own errors never leave: see refused
	delete(registry.Map(), "ErrorDetail")
	loosen(s.api.OpenAPI())
	raw, err := s.api.OpenAPI().MarshalJSON()
	if err != nil {
		return err
	}
	document := jsontext.Value(raw)
	if err := document.Indent(jsontext.WithIndent("  ")); err != nil {
		return err
	}
	s.document = append(document, '\n')
	return nil
}

// operations registers every operation.
func (s *Server) operations() {
	s.organisationOperations()
	s.siteOperations()
	s.stationOperations()
	s.stationRecordOperations()
	s.deviceOperations()
	s.templateOperations()
	s.rawOperation()
	s.commandOperations()
	s.jobOperations()
	s.tokenOperations()
	s.sessionOperations()
	s.tariffOperations()
	s.assignmentOperations()
	s.seriesOperations()
	s.customerOperations()
	s.planOperations()
	s.subscriptionOperations()
	s.voucherOperations()
	s.benefitOperations()
	s.statementOperations()
	s.usageOperations()
	s.eventOperations()
	s.deadLetterOperations()
	s.billOperations()
	s.reratingOperations()
	s.hostOperations()
	s.cdrOperations()
	s.ledgerOperations()
	s.keyOperations()
	s.auditOperations()
}

// loosen makes the document say what the code does: a list is never null, and
// an answer may have members tomorrow that it has not today. Requests stay
// closed.
func loosen(document *huma.OpenAPI) {
	asked := map[string]bool{}
	for _, path := range document.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Post, path.Put, path.Patch, path.Delete} {
			if op == nil {
				continue
			}
			for _, p := range op.Parameters {
				p.Schema.Nullable = false
			}
			if op.RequestBody != nil {
				ask(asked, document.Components.Schemas, op.RequestBody.Content["application/json"].Schema)
			}
		}
	}
	for name, schema := range document.Components.Schemas.Map() {
		for _, member := range schema.Properties {
			member.Nullable = member.Nullable && member.Type != huma.TypeArray
		}
		if !asked["#/components/schemas/"+name] {
			schema.AdditionalProperties = nil
		}
	}
}

// ask notes the schemas that a request's is made of as asked for.
func ask(asked map[string]bool, schemas huma.Registry, schema *huma.Schema) {
	if ref := schema.Ref; ref != "" {
		if asked[ref] {
			return
		}
		asked[ref] = true
		schema = schemas.SchemaFromRef(ref)
	}
	for _, member := range schema.Properties {
		ask(asked, schemas, member)
	}
	if schema.Items != nil {
		ask(asked, schemas, schema.Items)
	}
}

// problems are the refusals as the document has them.
func problems(registry huma.Registry) map[string]*huma.Response {
	schema := registry.Schema(reflect.TypeFor[Problem](), true, "")
	responses := map[string]*huma.Response{}
	for _, status := range []int{
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusNotAcceptable, http.StatusConflict,
		http.StatusPreconditionFailed, http.StatusUnprocessableEntity, http.StatusPreconditionRequired,
		http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout,
	} {
		responses[problemName(status)] = &huma.Response{
			Description: strconv.Itoa(status) + " " + http.StatusText(status),
			Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
		}
	}
	return responses
}

// schemaName names a type in the document: ListOf[Station] is StationList.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if item, ok := strings.CutPrefix(name, "ListOf"); ok {
		return item + "List"
	}
	return name
}

// serveDocument serves the OpenAPI document to everybody: it is no secret.
func (s *Server) serveDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Access-Control-Allow-Origin", "*") // viewers of such documents are elsewhere
	if _, err := w.Write(s.document); err != nil {
		s.log.Debug("document not sent", "error", err)
	}
}
