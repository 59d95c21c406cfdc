// Package site holds the places where stations stand.
package site

import (
	"time"

	"pylon/internal/kernel/ident"
)

// Site is one place: a car park, a depot, a rest area.
type Site struct {
	ID           ident.SiteID
	Organisation ident.OrganisationID
	Name         string
	Country      string // ISO 3166-1 alpha-2
	TimeZone     string // IANA; bills and opening hours are in it
	Address      string
	City         string
	PostalCode   string
	Latitude     string // decimal degrees as written, "" when unknown
	Longitude    string
	CreatedAt    time.Time
	Version      int64
}
