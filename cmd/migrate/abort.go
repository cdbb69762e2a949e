package main

import (
	"context"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
)

type abortCmd struct {
	Version string `arg:"" optional:"" help:"The change to take back (default: the newest that has begun)."`
	Yes     bool   `help:"Do not ask."`
}

// sqlShown is how much of a statement is shown, in characters.
const sqlShown = 100

func (c *abortCmd) Run(ctx context.Context, a *app) error {
	var version migrations.Version
	if c.Version != "" {
		var err error
		if version, err = migrations.ParseVersion(c.Version); err != nil {
			return usagef("", "version: %w", err)
		}
	}
	return a.withMigrator(ctx, nil, func(m *migrator.Migrator) error {
		plan, err := m.PlanAbort(ctx, version)
		if err != nil {
			return err
		}
		for _, s := range plan.Remaining() {
			a.notef("%s: %s", plan.Pre.At(s.Pos), sqltext.OneLine(s.Text, sqlShown))
		}
		if err := a.confirm(c.Yes, "take "+plan.Pre.Name+" back by these statements"); err != nil {
			return err
		}
		if _, err := m.Abort(ctx, plan.Pre.Version); err != nil {
			return err
		}
		if a.json {
			return a.document(struct {
				Schema string `json:"schema"`
				Name   string `json:"name"`
			}{"migrate.abort/v1", plan.Pre.Name})
		}
		a.printf("took %s back; `migrate pre` would apply it again\n", plan.Pre.Name)
		return nil
	})
}
