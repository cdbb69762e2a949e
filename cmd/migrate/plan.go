package main

import (
	"context"
	"fmt"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
)

type planCmd struct {
	runFlags
	Phase string `arg:"" optional:"" default:"pre" enum:"pre,backfill,post,up" help:"pre, backfill, post or up (default: pre)."`
}

type planDocument struct {
	Schema   string     `json:"schema"`
	Command  string     `json:"command"`
	Digest   string     `json:"digest"`
	Files    []planFile `json:"files"`
	Warnings []string   `json:"warnings"`
}

type planFile struct {
	Version    migrations.Version `json:"version"`
	Phase      migrations.Phase   `json:"phase"`
	Name       string             `json:"name"`
	Checksum   string             `json:"checksum"`
	Statements []planStatement    `json:"statements"`
	More       int                `json:"more,omitempty"` // statements that are not listed
}

type planStatement struct {
	Line     int    `json:"line"`
	SQL      string `json:"sql"`
	Backfill bool   `json:"backfill,omitempty"`
}

func (c *planCmd) Run(ctx context.Context, a *app) error {
	var bad error
	adjust := func(o *migrator.Options) { bad = c.adjust(o) }
	return a.withMigrator(ctx, adjust, func(m *migrator.Migrator) error {
		if bad != nil {
			return bad
		}
		plan, err := m.Plan(ctx, migrator.Command(c.Phase))
		if err != nil {
			return err
		}
		return a.printPlan(plan)
	})
}

func (a *app) printPlan(plan migrator.Plan) error {
	doc := planDocument{Schema: "migrate.plan/v1", Command: string(plan.Command), Digest: plan.Digest(),
		Files: []planFile{}, Warnings: append([]string{}, plan.Warnings...)}
	for _, step := range plan.Steps {
		f, err := newPlanFile(step)
		if err != nil {
			return err
		}
		doc.Files = append(doc.Files, f)
	}
	if a.json {
		return a.document(doc)
	}
	for _, w := range plan.Warnings {
		a.notef("warning: %s", w)
	}
	if len(doc.Files) == 0 {
		a.printf("nothing to do: no %s migration is pending\n", plan.Command)
		return nil
	}
	for _, f := range doc.Files {
		a.printf("%s\n", f.Name)
		for _, s := range f.Statements {
			a.printf("  %s\n", planLine(s))
		}
		if f.More > 0 {
			a.printf("        and %d more\n", f.More)
		}
	}
	a.printf("\nplan %s\n", doc.Digest[:12])
	return nil
}

func planLine(s planStatement) string {
	kind := ""
	if s.Backfill {
		kind = "in batches: "
	}
	return fmt.Sprintf("%4d  %s%s", s.Line, kind, sqltext.OneLine(s.SQL, 100))
}

// planShown is how many statements of a file a plan lists.
const planShown = 1000

func newPlanFile(step migrator.Step) (planFile, error) {
	m := step.Migration
	f := planFile{Version: m.Version, Phase: m.Phase, Name: m.Name, Checksum: m.Checksum, Statements: []planStatement{}}
	some, err := m.Some(step.Done(), planShown)
	if err != nil {
		return f, err
	}
	for _, s := range some {
		f.Statements = append(f.Statements, planStatement{Line: s.Pos.Line, SQL: s.Text, Backfill: s.Batch != nil})
	}
	f.More = m.Count() - step.Done() - len(some)
	return f, nil
}
