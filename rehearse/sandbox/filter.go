package sandbox

import (
	"bytes"
	"io"
	"regexp"
	"slices"
)

// filterPlain copies the statements of a plain dump without those that do not fit a sandbox: settings of newer
// servers in the preamble, which an older one refuses, and what pg_dump --create adds, which would lead psql away
// to a database of another name. A line left out becomes an empty one, so that line numbers stay.
func filterPlain(w io.Writer, r io.Reader, settings []string) error {
	f := newPlainFilter(settings)
	return eachLine(r, func(line []byte, data bool) error {
		if !data && f.drops(bytes.TrimRight(line, "\r\n")) {
			line = []byte("\n")
		}
		_, err := w.Write(line)
		return err
	})
}

// plainFilter follows a dump line by line. The preamble ends with the first line that is neither blank, a comment, a
// setting nor a meta-command: further down a line such as "SET price = 1;" is part of an UPDATE in a function.
type plainFilter struct {
	settings []string
	past     bool
	set      *regexp.Regexp
	preamble *regexp.Regexp
	create   *regexp.Regexp
}

func newPlainFilter(settings []string) *plainFilter {
	return &plainFilter{
		settings: settings,
		set:      regexp.MustCompile(`^SET ([a-z_][a-z0-9_]*) = .*;$`),
		preamble: regexp.MustCompile(`^(\s*|--.*|SET .*;|SELECT pg_catalog\.set_config\(.*;|\\(un)?restrict .*|\\connect .*|(CREATE|DROP) DATABASE .*;|ALTER DATABASE .*;)$`),
		create:   regexp.MustCompile(`^(\\connect .*|(CREATE|DROP) DATABASE .*;|ALTER DATABASE .* OWNER TO .*;)$`),
	}
}

func (f *plainFilter) drops(line []byte) bool {
	if f.past {
		return false
	}
	if !f.preamble.Match(line) {
		f.past = true
		return false
	}
	if m := f.set.FindSubmatch(line); m != nil {
		return !slices.Contains(f.settings, string(m[1]))
	}
	return f.create.Match(line)
}
