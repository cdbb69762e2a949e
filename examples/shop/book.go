package main

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Version says which version of the app an instance runs.
type Version string

// The two versions that live side by side during a push.
const (
	Old Version = "old"
	New Version = "new"
)

// Book is one version's named queries: name to SQL with $1 parameters.
type Book map[string]string

// LoadBook reads the queries of version v from queries/<v>/*.sql, sqlc's way of writing them:
// a line `-- name: GetOrder :one`, then one statement.
func LoadBook(fsys fs.FS, v Version) (Book, error) {
	names, err := fs.Glob(fsys, path.Join("queries", string(v), "*.sql"))
	if err != nil {
		return nil, err
	}
	book := Book{}
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read queries of version %s: %w", v, err)
		}
		if err := book.add(string(text)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(book) == 0 {
		return nil, fmt.Errorf("version %s has no queries", v)
	}
	return book, nil
}

func (b Book) add(text string) error {
	for _, part := range strings.Split("\n"+text, "\n-- name: ")[1:] {
		head, sql, _ := strings.Cut(part, "\n")
		name, kind, ok := strings.Cut(strings.TrimSpace(head), " :")
		if !ok || kind == "" {
			return fmt.Errorf("query %q: want `-- name: NAME :KIND`", head)
		}
		if _, twice := b[name]; twice {
			return fmt.Errorf("query %s: named twice", name)
		}
		b[name] = strings.TrimSuffix(strings.TrimSpace(sql), ";")
	}
	return nil
}
