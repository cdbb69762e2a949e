// Package compat proves that the queries of the old and the new code are
// understood by the schemas that they will meet: A before pre, B after pre, C
// after post. It owns query files, what counts as a failure, and who is to blame
// for one; which database and when is the caller's business.
package compat

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// Query is one query of an application.
type Query struct {
	Name string // from "-- name: GetUser :one", else the file's name and number
	File string
	Line int
	SQL  string // with the dialect's placeholders
}

var nameComment = regexp.MustCompile(`^--\s*name:\s*(\S+)`)

// Load reads the queries of a .sql file, or of all .sql files in a directory and
// below it. A comment "-- name: GetUser :one", as sqlc has it, names the query
// below; queries without one are named after their file. Parameters are the
// placeholders of the dialect, :name, @name, or sqlc.arg(name) and its kin.
func Load(path string, d sqltext.Dialect) ([]Query, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read queries: %w", err)
	}
	files := []string{path}
	if info.IsDir() {
		if files, err = sqlFiles(path); err != nil {
			return nil, fmt.Errorf("read queries: %w", err)
		}
	}
	var queries []Query
	for _, file := range files {
		found, err := loadFile(file, d)
		if err != nil {
			return nil, err
		}
		queries = append(queries, found...)
	}
	if len(queries) == 0 {
		return nil, fmt.Errorf("read queries: %s holds no query", path)
	}
	return queries, unique(queries)
}

func sqlFiles(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".sql") {
			files = append(files, path)
		}
		return err
	})
	return files, err
}

func unique(queries []Query) error {
	seen := map[string]Query{}
	for _, q := range queries {
		if before, ok := seen[q.Name]; ok {
			return fmt.Errorf("%s:%d: query %s is already defined in %s:%d", q.File, q.Line, q.Name, before.File, before.Line)
		}
		seen[q.Name] = q
	}
	return nil
}

func loadFile(path string, d sqltext.Dialect) ([]Query, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read queries: %w", err)
	}
	src := string(data)
	statements, err := sqltext.Split(d, src)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	names, err := namesOf(src, d)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	var queries []Query
	for i, s := range statements {
		q := Query{File: path, Line: s.Pos.Line, SQL: positional(d, s.Text), Name: names.before(s.Pos.Offset)}
		if q.Name == "" {
			q.Name = strings.TrimSuffix(filepath.Base(path), ".sql")
			if len(statements) > 1 {
				q.Name = fmt.Sprintf("%s#%d", q.Name, i+1)
			}
		}
		queries = append(queries, q)
	}
	return queries, nil
}

// namings are the name comments of a file that no query has used yet.
type namings []naming

type naming struct {
	offset int
	name   string
}

func namesOf(src string, d sqltext.Dialect) (*namings, error) {
	found := &namings{}
	lexer := sqltext.NewLexer(d, src)
	for {
		token, err := lexer.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if match := nameComment.FindStringSubmatch(token.Text); match != nil && token.Kind == sqltext.LineComment {
			*found = append(*found, naming{offset: token.Pos.Offset, name: match[1]})
		}
	}
}

// before takes the last name that stands above the offset.
func (n *namings) before(offset int) string {
	name := ""
	*n = slices.DeleteFunc(*n, func(candidate naming) bool {
		if candidate.offset > offset {
			return false
		}
		name = candidate.name
		return true
	})
	return name
}

var macro = regexp.MustCompile(`\bsqlc\.(?:n?arg|slice)\(\s*'?(\w+)'?\s*\)|@(\w+)`)

// macroOpen is a macro whose argument comes next; it may be a string.
var macroOpen = regexp.MustCompile(`\bsqlc\.(?:n?arg|slice)\(\s*$`)

// positional turns named parameters into placeholders. The macro is replaced in
// code only, never inside strings, comments or quoted names.
func positional(d sqltext.Dialect, sql string) string {
	named := d != sqltext.MySQL
	if named {
		sql = replaceMacros(d, sql)
	}
	params := sqltext.Params(d, sql)
	if len(params) == 0 {
		return sql
	}
	values := map[string]any{}
	for _, name := range params {
		values[name] = nil
	}
	bound, _, err := sqltext.Bind(d, sql, values)
	if err != nil {
		return sql // left as it is: the server says what is wrong with it
	}
	return bound
}

func replaceMacros(d sqltext.Dialect, sql string) string {
	var out, code strings.Builder
	flush := func() {
		out.WriteString(macro.ReplaceAllString(code.String(), " :$1$2"))
		code.Reset()
	}
	lexer := sqltext.NewLexer(d, sql)
	for {
		token, err := lexer.Next()
		if err != nil {
			flush()
			return out.String()
		}
		quoted := token.Kind == sqltext.String && !macroOpen.MatchString(code.String())
		if quoted || token.Kind == sqltext.LineComment || token.Kind == sqltext.BlockComment || token.Kind == sqltext.QuotedIdent {
			flush()
			out.WriteString(token.Text)
			continue
		}
		code.WriteString(token.Text)
	}
}
