package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/expandcontract/migrate/migrator"
)

type repairCmd struct {
	Files  []string `arg:"" optional:"" name:"file" help:"Files to accept (default: all applied ones that were edited)."`
	Forget bool     `help:"Delete the rows of the named files, which are gone from the directory."`
	Yes    bool     `help:"Do not ask."`
}

func (c *repairCmd) Run(ctx context.Context, a *app) error {
	if c.Forget && len(c.Files) == 0 {
		return usagef("name the files, as `migrate status` does", "--forget forgets named files only")
	}
	return a.withMigrator(ctx, nil, func(m *migrator.Migrator) error {
		all, err := m.Repairs(ctx)
		if err != nil {
			return err
		}
		chosen, err := c.choose(all)
		if err != nil || len(chosen) == 0 {
			if err == nil && !a.json {
				a.printf("nothing to repair\n")
			}
			return a.printRepairs(err, chosen)
		}
		for _, r := range chosen {
			a.notef("%s", describeRepair(r))
		}
		if err := a.confirm(c.Yes, fmt.Sprintf("make the ledger say so for %d files", len(chosen))); err != nil {
			return err
		}
		if err := m.Repair(ctx, chosen); err != nil {
			return err
		}
		if !a.json {
			a.printf("repaired %d rows of the ledger\n", len(chosen))
		}
		return a.printRepairs(nil, chosen)
	})
}

// printRepairs prints what was repaired, where JSON is wanted.
func (a *app) printRepairs(err error, chosen []migrator.Repair) error {
	if err != nil || !a.json {
		return err
	}
	return a.document(struct {
		Schema   string            `json:"schema"`
		Repaired []migrator.Repair `json:"repaired"`
	}{"migrate.repair/v1", append([]migrator.Repair{}, chosen...)})
}

// choose takes the named files, else all applied and edited ones: half-done files
// and rows without a file must be named.
func (c *repairCmd) choose(all []migrator.Repair) ([]migrator.Repair, error) {
	var chosen []migrator.Repair
	for _, r := range all {
		named, gone := slices.Contains(c.Files, r.Name), r.New == ""
		if named && gone == c.Forget || len(c.Files) == 0 && !r.Half && !gone {
			chosen = append(chosen, r)
		}
	}
	for _, name := range c.Files {
		if !slices.ContainsFunc(chosen, func(r migrator.Repair) bool { return r.Name == name }) {
			if c.Forget {
				return nil, usagef("run `migrate status` for the files that are gone", "%s is not a row without a file", name)
			}
			return nil, usagef("run `migrate status`", "%s was not edited after it was applied", name)
		}
	}
	return chosen, nil
}

func describeRepair(r migrator.Repair) string {
	switch {
	case r.New == "":
		return fmt.Sprintf("%s: forget its row; the file is gone (checksum %.12s)", r.Name, r.Old)
	case r.Half:
		return fmt.Sprintf("%s: accept edits of statements that are done (checksum %.12s, now %.12s)", r.Name, r.Old, r.New)
	default:
		return fmt.Sprintf("%s: accept its present text (checksum %.12s, now %.12s)", r.Name, r.Old, r.New)
	}
}
