package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/expandcontract/migrate/migrations"
)

type newCmd struct {
	Slug   string   `arg:"" help:"What the change does, [a-z0-9_]+."`
	Phases []string `help:"Phases to write a file for." default:"pre" enum:"pre,backfill,post" sep:","`
}

func templateOf(p migrations.Phase) string {
	switch p {
	case migrations.Backfill:
		return "-- Moves data in batches. The statement runs once per batch and is done when its rows are.\n" +
			"-- migrate:backfill table=TABLE key=id batch=auto when=before-push\n" +
			"-- UPDATE table SET new = old WHERE id > :lo AND id <= :hi AND new IS DISTINCT FROM old;\n"
	case migrations.Post:
		return "-- Runs after the push, when only new code is left: what removes or tightens.\n"
	default:
		return "-- Runs before the push: what old code does not notice. Old code must keep working.\n"
	}
}

func (c *newCmd) Run(a *app) error {
	if !migrations.ValidSlug(c.Slug) {
		return usagef("", "slug %q may hold only a-z, 0-9 and _", c.Slug)
	}
	newest, width, err := migrations.Newest(os.DirFS(a.dir))
	if err != nil {
		return usagef("run `migrate init` first", "migrations directory %s: %w", a.dir, err)
	}
	version := nextVersion(newest, width)
	var paths []string
	for _, phase := range c.Phases {
		path := filepath.Join(a.dir, fmt.Sprintf("%s_%s.%s.sql", version, c.Slug, phase))
		if _, err := writeNew(path, templateOf(migrations.Phase(phase))); err != nil {
			return err
		}
		paths = append(paths, path)
	}
	if a.json {
		return a.document(struct {
			Schema string   `json:"schema"`
			Files  []string `json:"files"`
		}{"migrate.new/v1", paths})
	}
	for _, path := range paths {
		a.printf("%s\n", path)
	}
	return nil
}

// nextVersion counts on from the newest version, in as many digits, four at least.
func nextVersion(newest migrations.Version, width int) string {
	n, err := strconv.ParseUint(newest.String(), 10, 64)
	if err != nil {
		n = 0
	}
	return fmt.Sprintf("%0*d", max(4, width), n+1)
}
