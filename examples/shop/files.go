package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// files holds what the release consists of: the very files that the app runs and migrate is given.
//
//go:embed migrations queries migrate.yaml
var files embed.FS

// firstChange is the glob of the migrations that production already runs when the demo begins.
const firstChange = "migrations/0001_*.sql"

// unpack writes the shop's files below dir, as a checkout of the shop's repository holds them.
func unpack(dir string) error {
	if err := os.CopyFS(dir, files); err != nil {
		return fmt.Errorf("unpack the shop's files to %s: %w", dir, err)
	}
	return nil
}

// unpackFirst writes only the first change's migrations to dir: the checkout of the release before.
func unpackFirst(dir string) error {
	names, err := fs.Glob(files, firstChange)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
