package compat_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/rehearse/compat"
)

// folder holds the files of a test.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadNamesAndPlaces(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.sql":          "-- name: GetUser :one\nSELECT 1;\n\n-- a remark\n-- name: ListUsers :many\nSELECT\n  2;\n",
		"deep/plain.sql": "SELECT 3;",
		"several.sql":    "SELECT 4;\nSELECT 5;\n",
		"notes.txt":      "no SQL (",
	})
	queries, err := compat.Load(dir, sqltext.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	want := []compat.Query{
		{Name: "GetUser", File: "a.sql", Line: 2, SQL: "SELECT 1"},
		{Name: "ListUsers", File: "a.sql", Line: 6, SQL: "SELECT\n  2"},
		{Name: "plain", File: "deep/plain.sql", Line: 1, SQL: "SELECT 3"},
		{Name: "several#1", File: "several.sql", Line: 1, SQL: "SELECT 4"},
		{Name: "several#2", File: "several.sql", Line: 2, SQL: "SELECT 5"},
	}
	if len(queries) != len(want) {
		t.Fatalf("%d queries, want %d: %+v", len(queries), len(want), queries)
	}
	for i, q := range queries {
		want[i].File = filepath.Join(dir, want[i].File)
		if q != want[i] {
			t.Errorf("query %d is %+v, want %+v", i, q, want[i])
		}
	}
}

func TestLoadParameters(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"SELECT $1, $2", "SELECT $1, $2"},
		{"SELECT :x, :y, :x", "SELECT $1, $2, $1"},
		{"SELECT @x, @y", "SELECT $1, $2"},
		{"SELECT sqlc.arg(x), sqlc.narg('y'), sqlc.arg('x')", "SELECT $1, $2, $1"},
		{"SELECT id = ANY(sqlc.slice('ids'))", "SELECT id = ANY($1)"},
		{"SELECT @x::int, now()::date, :y::text[]", "SELECT $1::int, now()::date, $2::text[]"},
		{"SELECT '@x :x sqlc.arg(x)', \"a@b:c\" -- @x :x", "SELECT '@x :x sqlc.arg(x)', \"a@b:c\""},
		{"SELECT 'a@b.c', E'\\'@x', $$ :x @y $$, @z", "SELECT 'a@b.c', E'\\'@x', $$ :x @y $$, $1"},
		{"SELECT lower('@x'), f('x', @y)", "SELECT lower('@x'), f('x', $1)"},
		{"SELECT a @> b, c <@ d, e @@ f, @ -5", "SELECT a @> b, c <@ d, e @@ f, @ -5"},
		{"SELECT arr[1:2]", "SELECT arr[1:2]"},
	} {
		dir := folder(t, map[string]string{"q.sql": c.sql + ";\n"})
		queries, err := compat.Load(dir, sqltext.Postgres)
		if err != nil || len(queries) != 1 {
			t.Errorf("%s: %v, %d queries", c.sql, err, len(queries))
			continue
		}
		// Blanks around a parameter do not matter.
		if got := strings.Join(strings.Fields(queries[0].SQL), " "); strings.ReplaceAll(got, "( $", "($") != c.want && got != c.want {
			t.Errorf("%s became %q, want %q", c.sql, got, c.want)
		}
	}
}

func TestLoadFaults(t *testing.T) {
	for _, c := range []struct {
		files map[string]string
		want  []string
	}{
		{map[string]string{"a.sql": "-- name: X :one\nSELECT 1;", "b.sql": "\n-- name: X :one\nSELECT 2;"},
			[]string{"b.sql:3", "query X is already defined", "a.sql:2"}},
		{map[string]string{"a.txt": "SELECT 1"}, []string{"holds no query"}},
		{map[string]string{"a.sql": "-- only a remark\n"}, []string{"holds no query"}},
		{map[string]string{"a.sql": "SELECT 1;\n\nSELECT 'open"}, []string{"a.sql:3:"}},
	} {
		_, err := compat.Load(folder(t, c.files), sqltext.Postgres)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: error %v, want %q in it", c.files, err, want)
			}
		}
	}
	if _, err := compat.Load(filepath.Join(t.TempDir(), "none"), sqltext.Postgres); err == nil {
		t.Error("no error for a missing path")
	}
}
