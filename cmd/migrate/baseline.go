package main

import (
	"context"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrator"
)

type baselineCmd struct {
	Version string `arg:"" help:"The newest version whose schema the database has."`
}

func (c *baselineCmd) Run(ctx context.Context, a *app) error {
	version, err := migrations.ParseVersion(c.Version)
	if err != nil {
		return usagef("", "version: %w", err)
	}
	return a.withMigrator(ctx, nil, func(m *migrator.Migrator) error {
		if !has(m.Set, version) {
			return usagef("run `migrate status` for the versions that there are", "no file of version %s in %s", version, a.dir)
		}
		recorded, err := m.Baseline(ctx, version)
		if err != nil {
			return err
		}
		names := []string{}
		for _, file := range recorded {
			names = append(names, file.Name)
			if !a.json {
				a.printf("recorded %s\n", file.Name)
			}
		}
		if a.json {
			return a.document(struct {
				Schema   string   `json:"schema"`
				Recorded []string `json:"recorded"`
			}{"migrate.baseline/v1", names})
		}
		if len(names) == 0 {
			a.printf("nothing to do: this baseline is recorded already\n")
		}
		return nil
	})
}

func has(set migrations.Set, v migrations.Version) bool {
	for _, file := range set {
		if file.Version == v {
			return true
		}
	}
	return false
}
