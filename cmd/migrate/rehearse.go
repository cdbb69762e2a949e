package main

import (
	"cmp"
	"context"
	"time"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/rehearse"
	"github.com/expandcontract/migrate/rehearse/compat"
	"github.com/expandcontract/migrate/rehearse/report"
	"github.com/expandcontract/migrate/rehearse/sandbox"
)

// sandboxFlags say where a sandbox runs.
type sandboxFlags struct {
	Engine string `help:"docker, local (server binaries found on this machine) or auto: docker when it can (default: auto)." enum:",auto,docker,local" default:""`
	Image  string `help:"Container image instead of the official one of the snapshot's version." placeholder:"IMAGE"`
}

// queryFlags name the queries of the two versions of the code.
type queryFlags struct {
	OldQueries string `help:"Queries of the old code: a .sql file or a directory of them." placeholder:"PATH"`
	NewQueries string `help:"Queries of the new code." placeholder:"PATH"`
}

type rehearseCmd struct {
	sandboxFlags
	queryFlags
	Snapshots []string `arg:"" name:"snapshot" help:"Dumps: pg_dump custom, directory, tar or plain; mysqldump or mariadb-dump; plain ones also .gz and .zst."`
	Out       string   `help:"Directory for a text and a JSON report per snapshot." placeholder:"DIR"`
}

func (c *rehearseCmd) Run(ctx context.Context, a *app) error {
	dialect, err := dialectOfAll(c.Snapshots)
	if err != nil {
		return err
	}
	rc, err := a.rehearsal(dialect, c.sandboxFlags, c.queryFlags)
	if err != nil {
		return err
	}
	started := time.Now().UTC()
	rehearsals := rehearse.RunAll(ctx, rc, c.Snapshots)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return a.printRehearsal(report.NewDocument(toolVersion(), started, rehearsals), c.Out)
}

// dialectOf is what the product's server speaks.
func dialectOf(product string) sqltext.Dialect {
	if product == sandbox.PostgreSQL {
		return sqltext.Postgres
	}
	return sqltext.MySQL
}

// dialectOfAll is what the servers speak that the snapshots are of. One that
// cannot be read is left to its rehearsal, which reports it.
func dialectOfAll(paths []string) (sqltext.Dialect, error) {
	dialect, of := sqltext.Postgres, ""
	for _, path := range paths {
		s, err := sandbox.Inspect(path)
		if err != nil {
			continue
		}
		if of != "" && dialectOf(s.Product) != dialect {
			return "", usagef("rehearse them in two calls, each with its own --dir", "%s and %s are of different servers, which no migration suits both of", of, path)
		}
		dialect, of = dialectOf(s.Product), path
	}
	return dialect, nil
}

// rehearsal is the configuration that rehearse and compat share.
func (a *app) rehearsal(d sqltext.Dialect, s sandboxFlags, q queryFlags) (rehearse.Config, error) {
	rc := rehearse.Config{Open: drivers.Open, Migrator: a.options(), Log: a.log,
		Sandbox: sandbox.Options{Engine: sandbox.Kind(cmp.Or(s.Engine, a.config.Rehearse.Engine, string(sandbox.Auto))),
			Image: cmp.Or(s.Image, a.config.Rehearse.Image), Log: a.log}}
	var err error
	if rc.Set, err = a.load(d); err != nil {
		return rc, err
	}
	rc.Old, err = loadQueries(d, cmp.Or(q.OldQueries, a.config.Compat.OldQueries))
	if err != nil {
		return rc, err
	}
	rc.New, err = loadQueries(d, cmp.Or(q.NewQueries, a.config.Compat.NewQueries))
	return rc, err
}

func loadQueries(d sqltext.Dialect, path string) ([]compat.Query, error) {
	if path == "" {
		return nil, nil
	}
	queries, err := compat.Load(path, d)
	if err != nil {
		return nil, usageError{err: err, hint: "check --old-queries, --new-queries, or compat in migrate.yaml"}
	}
	return queries, nil
}

func (a *app) printRehearsal(d report.Document, out string) error {
	if out != "" {
		paths, err := report.Write(out, d)
		if err != nil {
			return err
		}
		for _, path := range paths {
			a.notef("wrote %s", path)
		}
	}
	var err error
	if a.json {
		err = a.document(d)
	} else {
		err = report.Text(a.stdout, d)
	}
	if err != nil {
		return err
	}
	return verdictError(d)
}

// verdictError is nil for a pass. A rehearsal that could not be done fails the
// command (1); one that shows a broken release is a refusal (3).
func verdictError(d report.Document) error {
	switch d.Verdict {
	case report.Pass:
		return nil
	case report.Fail:
		return refusal{message: "the release would break: " + worst(d, report.Fail)}
	default:
		return rehearsalError{message: worst(d, report.Error), hint: nextOf(d)}
	}
}

func worst(d report.Document, verdict report.Verdict) string {
	for _, r := range d.Rehearsals {
		if r.Verdict == verdict && len(r.Reasons) > 0 {
			return r.Snapshot.Name + ": " + r.Reasons[0]
		}
	}
	return string(verdict)
}

func nextOf(d report.Document) string {
	for _, r := range d.Rehearsals {
		if r.Verdict == report.Error {
			return r.Next
		}
	}
	return ""
}

// rehearsalError is a rehearsal that could not be done.
type rehearsalError struct{ message, hint string }

func (e rehearsalError) Error() string { return e.message }
func (e rehearsalError) Hint() string  { return e.hint }
