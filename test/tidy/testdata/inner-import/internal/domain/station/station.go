package station

import (
	_ "log/slog"
	_ "net/http"
	_ "net/url"
	_ "time"

	_ "github.com/go-json-experiment/json/jsontext"
	_ "github.com/nats-io/nats.go"
)
