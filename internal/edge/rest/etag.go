package rest

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"

	"pylon/internal/kernel/fault"
)

// A strong ETag of Pylon is "version-rest": the version of what people set, by
// which If-Match goes, and a digest of what moves by itself (a connection, a
// last use), so that two representations with one tag are the same bytes.

// etag returns the tag of a thing; moving is what its version does not count.
func etag(version int64, moving ...int64) string {
	if len(moving) == 0 {
		return `"` + strconv.FormatInt(version, 10) + `"`
	}
	digest := fnv.New64a()
	for _, m := range moving {
		_, _ = digest.Write(strconv.AppendInt(nil, m, 36)) // never fails
		_, _ = digest.Write([]byte{'.'})
	}
	return fmt.Sprintf(`"%d-%x"`, version, digest.Sum64())
}

// wordOf is a text of a representation, for what moves.
func wordOf(texts ...string) int64 {
	digest := fnv.New64a()
	for _, text := range texts {
		_, _ = digest.Write([]byte(text)) // never fails
		_, _ = digest.Write([]byte{0})
	}
	return int64(digest.Sum64()) //nolint:gosec // bits, not a number
}

// IfMatch is the input of an operation that changes a thing.
type IfMatch struct {
	Tag string `header:"If-Match" doc:"ETag of the version that is changed, or *" example:"\"7\""`
}

// version returns the version that the caller wants to change; 0 is any.
func (m IfMatch) version() (int64, error) {
	if m.Tag == "" || m.Tag == "*" {
		return 0, nil
	}
	inner, ok := strings.CutPrefix(m.Tag, `"`)
	inner, closed := strings.CutSuffix(inner, `"`)
	number, _, _ := strings.Cut(inner, "-")
	v, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !ok || !closed || v < 1 {
		return 0, fault.New(fault.Stale, "etag_malformed")
	}
	return v, nil
}

// needed is version for things that nobody may change without having seen
// them.
func (m IfMatch) needed() (int64, error) {
	if m.Tag == "" {
		return 0, fault.New(fault.Precondition, "if_match_required")
	}
	return m.version()
}

// ifNoneMatch returns the tags that a reader has.
func ifNoneMatch(r *http.Request) []string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil
	}
	var tags []string
	for _, line := range r.Header.Values("If-None-Match") {
		for tag := range strings.SplitSeq(line, ",") {
			tags = append(tags, strings.TrimPrefix(strings.TrimSpace(tag), "W/"))
		}
	}
	return tags
}

// matches reports whether tag is among those that the reader has.
func matches(have []string, tag string) bool {
	if tag == "" {
		return false
	}
	for _, h := range have {
		if h == tag || h == "*" {
			return true
		}
	}
	return false
}
