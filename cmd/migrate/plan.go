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
		doc.Files = append(doc.Files, newPlanFile(step))
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

func newPlanFile(step migrator.Step) planFile {
	m := step.Migration
	f := planFile{Version: m.Version, Phase: m.Phase, Name: m.Name, Checksum: m.Checksum, Statements: []planStatement{}}
	for _, s := range step.Remaining() {
		f.Statements = append(f.Statements, planStatement{Line: s.Pos.Line, SQL: s.Text, Backfill: s.Batch != nil})
	}
	return f
}
