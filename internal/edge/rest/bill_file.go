package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/http"
	"strings"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
)

// File is the answer with a file.
type File struct {
	ETag        string `header:"ETag" doc:"Of these bytes, for If-None-Match"`
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition" doc:"With the file's name"`
	Policy      string `header:"Content-Security-Policy"`
	Body        []byte
}

// billFormat is a form in which a bill is handed out.
type billFormat struct {
	name      string // for the parameter format
	media     string
	suffix    string // of a file
	placement string // of [File].Disposition
	write     func(p Press, d *billing.Document) ([]byte, error)
}

// billFormats returns all forms; the first is for who does not say.
func billFormats() []billFormat {
	return []billFormat{
		{"html", "text/html", ".html", "inline", Press.HTML},
		{"pdf", "application/pdf", ".pdf", "inline", Press.PDF},
		{"ubl", "application/xml", ".xml", "attachment", Press.UBL},
	}
}

func (s *Server) billFileOperation() {
	var media []string
	for _, f := range billFormats() {
		media = append(media, f.media)
	}
	handle(s, operation{
		id: "get-bill-document", method: http.MethodGet, path: "/bills/{billId}/document", tag: "billing", scope: account.BillsRead,
		summary: "Get a bill as a file", files: media, refuses: []int{http.StatusNotAcceptable, http.StatusConflict},
		detail: "For people as HTML or PDF, in the bill's language; for programs as an e-invoice, UBL 2.1 as Peppol BIS Billing 3.0 has it. " +
			"Without format, Accept chooses. The same bill gives the same bytes.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InBill
		Format string `query:"format" enum:"html,pdf,ubl"`
		Accept string `header:"Accept" hidden:"true"`
	},
	) (*File, error) {
		b, err := s.bill(ctx, by, in.InBill)
		if err != nil {
			return nil, err
		}
		format, err := chosenFormat(in.Format, in.Accept)
		if err != nil {
			return nil, err
		}
		return s.fileOf(&b, format)
	})
}

// fileOf writes a bill. Its page may load what it has in it, and nothing else;
// another file is nothing that a browser runs.
func (s *Server) fileOf(b *billing.Bill, format billFormat) (*File, error) {
	body, err := format.write(s.press, &b.Document)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(body)
	file := &File{
		ETag: `"` + hex.EncodeToString(digest[:16]) + `"`, ContentType: format.media, Policy: defaultPolicy, Body: body,
		Disposition: format.placement + `; filename="` + fileName(b) + format.suffix + `"`,
	}
	if format.name == "html" {
		file.ContentType, file.Policy = "text/html; charset=utf-8", s.press.Policy()
	}
	return file, nil
}

// fileName is the bill's number as a file can be called, or its id.
func fileName(b *billing.Bill) string {
	if b.Document.Number == "" {
		return string(b.ID)
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '-':
			return c
		}
		return '_'
	}, b.Document.Number)
}

// chosenFormat returns the form that the caller names, or the one that he likes
// best of those that his Accept header allows.
func chosenFormat(name, accept string) (billFormat, error) {
	var best billFormat
	var most int64
	for _, f := range billFormats() {
		if name == f.name {
			return f, nil
		}
		if liked := preference(accept, f.media); liked > most {
			best, most = f, liked
		}
	}
	if most == 0 {
		return best, fault.New(fault.Invalid, "format_unavailable")
	}
	return best, nil
}

// wholly is how much an Accept header wants what it names without a quality.
const wholly = 1000

// preference returns how much an Accept header (RFC 9110) wants a media type, in
// thousandths: the word about the type itself goes before that about its kind, and that
// before the word about all.
func preference(accept, media string) int64 {
	if strings.TrimSpace(accept) == "" {
		return wholly
	}
	kind, _, _ := strings.Cut(media, "/")
	liked, exact := int64(0), -1
	for part := range strings.SplitSeq(accept, ",") {
		asked, parameters, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		at := -1
		for i, pattern := range []string{"*/*", kind + "/*", media} {
			if asked == pattern {
				at = i
			}
		}
		if at < exact || at < 0 {
			continue
		}
		liked, exact = quality(parameters), at
	}
	return liked
}

// quality reads the parameter q of a media range; one that is none wants nothing.
func quality(parameters map[string]string) int64 {
	text, ok := parameters["q"]
	if !ok {
		return wholly
	}
	q, err := decimal.Parse(text)
	if err != nil {
		return 0
	}
	thousandths, _, err := q.Scaled(3)
	if err != nil || thousandths < 0 || thousandths > wholly {
		return 0
	}
	return thousandths
}
