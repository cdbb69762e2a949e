package main

import (
	"context"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrator"
)

type resolveCmd struct {
	File       string `arg:"" help:"The migration, as status names it."`
	TookEffect bool   `help:"The statement took effect: go on behind it." xor:"outcome" required:""`
	NoEffect   bool   `help:"The statement had no effect: run it again." xor:"outcome" required:""`
}

func (c *resolveCmd) Run(ctx context.Context, a *app) error {
	return a.withMigrator(ctx, nil, func(m *migrator.Migrator) error {
		file := findFile(m.Set, c.File)
		if file == nil {
			return usagef("run `migrate status` for the names", "no migration %s in %s", c.File, a.dir)
		}
		if err := m.Resolve(ctx, file.ID(), c.TookEffect); err != nil {
			return err
		}
		if a.json {
			return a.document(struct {
				Schema     string `json:"schema"`
				Name       string `json:"name"`
				TookEffect bool   `json:"took_effect"`
			}{"migrate.resolve/v1", file.Name, c.TookEffect})
		}
		a.printf("resolved %s; run `migrate %s` to go on\n", file.Name, file.Phase)
		return nil
	})
}

func findFile(set migrations.Set, name string) *migrations.Migration {
	for _, m := range set {
		if m.Name == name || m.Path == name {
			return m
		}
	}
	return nil
}
