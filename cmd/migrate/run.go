package main

import (
	"context"
	"errors"
	"time"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrator"
)

// runFlags are the flags of the commands that apply migrations.
type runFlags struct {
	To        string `help:"Run only up to this version." placeholder:"VERSION"`
	AllowLate bool   `help:"Also run files older than the newest applied one of their phase."`
}

func (f runFlags) adjust(o *migrator.Options) error {
	o.AllowLate = f.AllowLate
	if f.To == "" {
		return nil
	}
	to, err := migrations.ParseVersion(f.To)
	if err != nil {
		return usagef("", "--to: %w", err)
	}
	o.To = to
	return nil
}

type preCmd struct{ runFlags }
type postCmd struct{ runFlags }
type upCmd struct{ runFlags }
type backfillCmd struct{ runFlags }

func (c *preCmd) Run(ctx context.Context, a *app) error  { return c.apply(ctx, a, migrator.CmdPre) }
func (c *postCmd) Run(ctx context.Context, a *app) error { return c.apply(ctx, a, migrator.CmdPost) }
func (c *upCmd) Run(ctx context.Context, a *app) error   { return c.apply(ctx, a, migrator.CmdUp) }
func (c *backfillCmd) Run(ctx context.Context, a *app) error {
	return c.apply(ctx, a, migrator.CmdBackfill)
}

// runDocument is what a run prints with --json.
type runDocument struct {
	Schema   string   `json:"schema"`
	Command  string   `json:"command"`
	Applied  []string `json:"applied"`
	Pending  int      `json:"pending"` // files that the command wanted to run and did not
	Warnings []string `json:"warnings"`
	Seconds  float64  `json:"seconds"`
	Error    string   `json:"error,omitempty"`
}

func (f runFlags) apply(ctx context.Context, a *app, cmd migrator.Command) error {
	var bad error
	adjust := func(o *migrator.Options) { bad = f.adjust(o) }
	return a.withMigrator(ctx, adjust, func(m *migrator.Migrator) error {
		if bad != nil {
			return bad
		}
		result, err := m.Run(ctx, cmd)
		return errors.Join(a.printRun(cmd, result, err), err)
	})
}

func (a *app) printRun(cmd migrator.Command, result migrator.Result, err error) error {
	for _, w := range result.Plan.Warnings {
		a.notef("warning: %s", w)
	}
	if a.json {
		return a.document(newRunDocument(cmd, result, err))
	}
	for _, m := range result.Applied {
		a.printf("applied %s\n", m.Name)
	}
	if err == nil && len(result.Plan.Steps) == 0 {
		a.printf("nothing to do: no %s migration is pending\n", cmd)
	}
	return nil
}

func newRunDocument(cmd migrator.Command, result migrator.Result, err error) runDocument {
	doc := runDocument{Schema: "migrate.run/v1", Command: string(cmd), Applied: []string{}, Warnings: append([]string{}, result.Plan.Warnings...),
		Pending: len(result.Plan.Steps) - len(result.Applied), Seconds: result.Elapsed.Round(time.Millisecond).Seconds()}
	for _, m := range result.Applied {
		doc.Applied = append(doc.Applied, m.Name)
	}
	if err != nil {
		doc.Error = err.Error()
	}
	return doc
}
