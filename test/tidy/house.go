package tidy

// House is what the rules are measured against: limits, the order of the domain,
// and exceptions that have a reason.
type House struct {
	FileLines int // a file is shorter than this
	FuncLines int // between the braces, at most

	// DomainOrder lists the domain packages; each may import those before it.
	DomainOrder []string

	// Globals excuses package-level variables, as "dir.name" with the reason.
	Globals map[string]string

	// Money lists the packages that a number passes on its way to money: folders,
	// and with /... all that is below.
	Money []string

	// Floats excuses files of those packages, of the kernel and of the domain that have
	// floats all the same, and with /... all that is in a folder and below, with the
	// reason.
	Floats map[string]string

	// Modules are the third-party modules that kernel, wire and domain may import.
	Modules []string
}

// Pylon returns the house this repository is.
func Pylon() House {
	return House{
		FileLines: 600,
		FuncLines: 70,
		DomainOrder: []string{
			"lease", "event", "account", "site", "device", "station", "screen", "tariff", "driver", "token", "reservation", "meter", "metering", "session", "command", "job",
			"ledger", "signal", "billing", "customer", "plan", "host", "rerating", "payment", "power", "incident", "support", "roaming", "notify", "report",
			"change", // what decisions of all of them come to
		},
		Globals: map[string]string{},
		Money: []string{
			"internal/kernel/...", "internal/domain/...", "internal/wire/ocpi/...", "internal/wire/ocpi221/...", "internal/wire/ocpi230/...", "internal/wire/ocmf/...",
			"internal/flow/...", "internal/store/...", "internal/edge/document/...", "internal/edge/signed/...", "internal/edge/rest/...",
		},
		Floats: map[string]string{
			"internal/domain/power/solve/...": "currents as phasors, prices of limits: numbers that are searched for; what is decided leaves it in whole units",
			"internal/edge/rest/body.go":      "what the judge of schemas looks at; the body itself is read anew into its own types",
			"internal/edge/rest/commands.go":  "seconds of waiting",
			"internal/edge/rest/gauges.go":    "seconds of metrics",
			"internal/edge/rest/problem.go":   "seconds of waiting",
		},
		Modules: []string{
			"github.com/go-json-experiment/json", // the standard library's next encoding/json
		},
	}
}
