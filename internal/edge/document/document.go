// Package document turns a [billing.Document] into what is handed out: a page of
// HTML, a PDF, and an e-invoice in UBL.
//
// Guarantees: all three are pure functions of the document and of this build: the
// same document gives the same bytes on any machine, at any time. All that is
// written is in the document or in the catalogue of its language, but for the rules of time
// zones. Amounts that do not add up are not handed out. Texts of strangers (names,
// addresses, references) come out as text, whatever is in them: no markup, no control
// characters, nothing that changes the direction of what stands beside them.
package document

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/edge/document/locale"
	"pylon/internal/edge/document/ubl"
	"pylon/internal/kernel/fault"
)

// Press makes documents. It is never changed once it is made and serves any
// number of callers at once.
type Press struct {
	languages map[string]*locale.Language
	page      *template.Template
	style     template.CSS
	policy    string
	fonts     fonts
}

// New returns a Press with all languages.
func New() (*Press, error) {
	languages, err := locale.Load()
	if err != nil {
		return nil, fmt.Errorf("languages: %w", err)
	}
	p := &Press{languages: languages}
	if err := p.loadPage(); err != nil {
		return nil, err
	}
	if p.fonts, err = loadFonts(); err != nil {
		return nil, err
	}
	return p, nil
}

// HTML returns the document as one page that loads nothing: style inside, no
// script. It is made for print as for a phone, light and dark. A document that
// contradicts itself is an error of kind Internal, an unknown language Invalid.
func (p *Press) HTML(d *billing.Document) ([]byte, error) {
	s, err := p.compose(d)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := p.page.Execute(&out, page{s, p.style, p.policy}); err != nil {
		return nil, fmt.Errorf("document %s: %w", d.Number, err)
	}
	return out.Bytes(), nil
}

// PDF returns the document in A4, with its text as text. Its creation date is the
// day of issue. Errors are those of [Press.HTML].
func (p *Press) PDF(d *billing.Document) ([]byte, error) {
	s, err := p.compose(d)
	if err != nil {
		return nil, err
	}
	return typeset(s, p.fonts), nil
}

// UBL returns the document as an e-invoice of Peppol BIS Billing 3.0 (EN 16931):
// an invoice (380), or a credit note (381). One that breaks a rule of EN 16931 or Peppol, for want of an
// endpoint or since its currency has three digits, is not handed out: the error is [fault.Conflict] and wraps [ubl.Breaches], which names the rules.
func (p *Press) UBL(d *billing.Document) ([]byte, error) {
	if d.Kind == billing.Settlement { // Peppol BIS Billing 3.0 has none that the customer writes
		return nil, fault.New(fault.Conflict, "e_invoice_refused", "rules", "a settlement is written for the one who is paid")
	}
	c, err := p.composer(d)
	if err != nil {
		return nil, err
	}
	out, err := ubl.Write(c.cleaned(), c.words())
	if breaches, ok := errors.AsType[ubl.Breaches](err); ok {
		err = fault.Wrap(err, fault.Conflict, "e_invoice_refused", "rules", breaches.Error())
	}
	if err != nil {
		return nil, fmt.Errorf("document %s: e-invoice: %w", d.Number, err)
	}
	return out, nil
}

// composer returns what composes the document, which it has looked through.
func (p *Press) composer(d *billing.Document) (*composer, error) {
	language, ok := locale.Find(p.languages, d.Language)
	if !ok {
		return nil, fmt.Errorf("document %s: %w", d.Number, errLanguage(d.Language))
	}
	if err := sound(d); err != nil {
		return nil, fmt.Errorf("document %s: %w", d.Number, err)
	}
	c := &composer{d: d, l: language}
	var err error
	if c.zone, err = time.LoadLocation(d.Zone); err != nil {
		return nil, fmt.Errorf("document %s: zone: %w", d.Number, err)
	}
	known := map[string]*time.Location{"": c.zone} // most charges are in one zone, whose rules are read once
	for i := range d.Charges {
		name := d.Charges[i].Zone
		if known[name] == nil {
			if known[name], err = time.LoadLocation(name); err != nil {
				return nil, fmt.Errorf("document %s: charge %d: zone: %w", d.Number, i, err)
			}
		}
		c.zones = append(c.zones, known[name])
	}
	return c, nil
}

func (p *Press) compose(d *billing.Document) (*sheet, error) {
	c, err := p.composer(d)
	if err != nil {
		return nil, err
	}
	return c.sheet(), nil
}
