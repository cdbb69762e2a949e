package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// lineBuffer is how much of a line is looked at. Rows of data may be longer; statements that matter here are not.
const lineBuffer = 64 << 10

// needs are what a dump takes for granted on its server.
type needs struct {
	roles      []string
	extensions []string
}

// missing are the wanted names that the newline-separated list lacks, each once.
func (needs) missing(wanted []string, have string) []string {
	present := strings.Split(have, "\n")
	var names []string
	for _, name := range wanted {
		if !slices.Contains(present, name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// scanPlain reads a plain snapshot to its end and fails with ErrTruncated when the line that pg_dump writes last
// is not there.
func (s Snapshot) scanPlain(ctx context.Context) (needs, error) {
	r, err := s.open()
	if err != nil {
		return needs{}, err
	}
	defer r.Close()
	complete := false
	n, err := scanLines(cancellable{ctx, r}, func(line []byte) {
		complete = complete || bytes.HasPrefix(line, []byte("-- PostgreSQL database dump complete"))
	})
	switch {
	case ctx.Err() != nil:
		return n, fmt.Errorf("read snapshot %s: %w", s.Path, context.Cause(ctx))
	case err != nil:
		return n, s.readError(err)
	case !complete:
		return n, fmt.Errorf("snapshot %s lacks the last line of a complete dump: copy or dump it again: %w", s.Path, ErrTruncated)
	}
	return n, nil
}

func scanStatements(r io.Reader) (needs, error) {
	return scanLines(r, func([]byte) {})
}

// scanLines collects needs from statements as pg_dump lays them out, one to a line. A line that only looks like
// one, inside a function's body, costs a role nobody uses.
func scanLines(r io.Reader, also func([]byte)) (needs, error) {
	var n needs
	scanner := newRoleScanner()
	err := eachLine(r, func(line []byte, data bool) error {
		if !data {
			also(line)
			scanner.scan(bytes.TrimRight(line, "\r\n"), &n)
		}
		return nil
	})
	return n, err
}

// roleScanner holds the patterns of statements that name roles and extensions.
type roleScanner struct {
	keyword   *regexp.Regexp
	roles     []*regexp.Regexp
	extension *regexp.Regexp
}

func newRoleScanner() roleScanner {
	const name = `("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)`
	return roleScanner{
		keyword: regexp.MustCompile(`^(ALTER|GRANT|REVOKE|SET SESSION|CREATE (EXTENSION|POLICY|USER)) `),
		roles: []*regexp.Regexp{
			regexp.MustCompile(` OWNER TO ` + name + `;$`),
			regexp.MustCompile(`^(?:ALTER DEFAULT PRIVILEGES|GRANT|REVOKE) .*(?:TO|FROM) ` + name + `(?: WITH .*| GRANTED BY .*)?;$`),
			regexp.MustCompile(`^ALTER DEFAULT PRIVILEGES FOR (?:ROLE|USER) ` + name),
			regexp.MustCompile(` GRANTED BY ` + name + `;$`),
			regexp.MustCompile(`^SET SESSION AUTHORIZATION ` + name + `;$`),
			regexp.MustCompile(`^CREATE POLICY .* TO ` + name),
			regexp.MustCompile(`^CREATE POLICY .* TO [^()]*?, ` + name),
			regexp.MustCompile(`^CREATE USER MAPPING FOR ` + name),
		},
		extension: regexp.MustCompile(`^CREATE EXTENSION (?:IF NOT EXISTS )?` + name),
	}
}

func (s roleScanner) scan(line []byte, n *needs) {
	if !s.keyword.Match(line) {
		return
	}
	if m := s.extension.FindSubmatch(line); m != nil {
		n.extensions = append(n.extensions, unquote(m[1]))
		return
	}
	for _, pattern := range s.roles {
		m := pattern.FindSubmatch(line)
		if m == nil {
			continue
		}
		if role := unquote(m[1]); !reservedRole(role) && !slices.Contains(n.roles, role) {
			n.roles = append(n.roles, role)
		}
	}
}

// reservedRole names those that exist everywhere or that nobody may create.
func reservedRole(role string) bool {
	switch role {
	case superuser, "public", "default", "current_user", "session_user", "current_role", "user", "none":
		return true
	}
	return strings.HasPrefix(role, "pg_")
}

func unquote(name []byte) string {
	if name[0] != '"' {
		return string(name)
	}
	return strings.ReplaceAll(string(name[1:len(name)-1]), `""`, `"`)
}

// eachLine calls f for each line, and for each further part of a line beyond lineBuffer. data is true for rows of a
// COPY and such further parts: nothing to interpret.
func eachLine(r io.Reader, f func(line []byte, data bool) error) error {
	reader := bufio.NewReaderSize(r, lineBuffer)
	rows, continued := false, false
	for {
		line, err := reader.ReadSlice('\n')
		if len(line) > 0 {
			inRows := rows
			if !continued {
				rows = inCopy(rows, line)
			}
			if failure := f(line, inRows || continued); failure != nil {
				return failure
			}
		}
		continued = errors.Is(err, bufio.ErrBufferFull)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil && !continued {
			return err
		}
	}
}

// inCopy says whether the rows of a COPY follow the line.
func inCopy(rows bool, line []byte) bool {
	line = bytes.TrimRight(line, "\r\n")
	if rows {
		return !bytes.Equal(line, []byte(`\.`))
	}
	return bytes.HasPrefix(line, []byte("COPY ")) && bytes.HasSuffix(line, []byte(" FROM stdin;"))
}
