package migrations

import (
	"fmt"
	"strings"
)

// fileName is the parsed form of <version>_<slug>.<phase>.sql.
type fileName struct {
	version Version
	slug    string
	phase   Phase
}

// parseName reads a migration's base name. The error says which part is wrong.
func parseName(name string) (fileName, error) {
	stem := strings.TrimSuffix(name, ".sql")
	head, phase, ok := cutLast(stem, ".")
	if !ok {
		return fileName{}, fmt.Errorf("no phase in the name, want <version>_<slug>.pre|backfill|post.sql")
	}
	if Phase(phase).Order() < 0 {
		return fileName{}, fmt.Errorf("unknown phase %q, want pre, backfill or post", phase)
	}
	digits, slug, ok := strings.Cut(head, "_")
	if !ok {
		return fileName{}, fmt.Errorf("no slug in the name, want <version>_<slug>.%s.sql", phase)
	}
	version, err := ParseVersion(digits)
	if err != nil {
		return fileName{}, err
	}
	if !ValidSlug(slug) {
		return fileName{}, fmt.Errorf("slug %q may hold only a-z, 0-9 and _", slug)
	}
	return fileName{version: version, slug: slug, phase: Phase(phase)}, nil
}

// ValidSlug reports whether s matches [a-z0-9_]+.
func ValidSlug(s string) bool {
	ok := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' }
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !ok(r) }) < 0
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
