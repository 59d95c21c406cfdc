package document

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
)

//go:embed assets
var assets embed.FS

// page is what the template reads.
type page struct {
	*sheet
	Style  template.CSS
	Policy string
}

// loadPage reads the template and its style. The page forbids itself everything
// but this style: should a stranger's text ever become markup, it can do nothing.
func (p *Press) loadPage() error {
	style, err := assets.ReadFile("assets/style.css")
	if err != nil {
		return err
	}
	p.style = template.CSS(style) //nolint:gosec // our own file
	digest := sha256.Sum256(style)
	p.policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'; base-uri 'none'; form-action 'none'"
	if p.page, err = template.ParseFS(assets, "assets/page.html"); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	return nil
}

// Policy returns the Content-Security-Policy that the pages of [Press.HTML] have in
// them, for whoever serves them; frame-ancestors, which a page cannot say itself, is in it.
func (p *Press) Policy() string { return p.policy + "; frame-ancestors 'none'" }
