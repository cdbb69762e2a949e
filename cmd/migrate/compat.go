package main

import (
	"context"
	"time"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/rehearse"
	"github.com/expandcontract/migrate/rehearse/report"
	"github.com/expandcontract/migrate/rehearse/sandbox"
)

type compatCmd struct {
	sandboxFlags
	queryFlags
	Snapshot string `help:"Dump to start from; without one A is built from the migrations." placeholder:"FILE"`
	From     string `help:"Without a snapshot: the newest version that is already released (default: all but the newest)." placeholder:"VERSION"`
	Server   string `help:"Without a snapshot: the server, such as postgres15, mysql9.7 or mariadb10.11." default:"postgres"`
	Out      string `help:"Directory for a text and a JSON report." placeholder:"DIR"`
}

func (c *compatCmd) Run(ctx context.Context, a *app) error {
	product, version, err := sandbox.ParseServer(c.Server)
	if err != nil {
		return usageError{err: err}
	}
	dialect := dialectOf(product)
	if c.Snapshot != "" {
		if dialect, err = dialectOfAll([]string{c.Snapshot}); err != nil {
			return err
		}
	}
	rc, err := a.rehearsal(dialect, c.sandboxFlags, c.queryFlags)
	if err != nil {
		return err
	}
	if len(rc.Old)+len(rc.New) == 0 {
		return usagef("give --old-queries and --new-queries, or set compat in migrate.yaml", "no queries to check")
	}
	var from migrations.Version
	if c.From != "" {
		if from, err = migrations.ParseVersion(c.From); err != nil {
			return usagef("", "--from: %w", err)
		}
	}
	started := time.Now().UTC()
	var r *report.Rehearsal
	if c.Snapshot != "" {
		r = rehearse.Run(ctx, rc, c.Snapshot)
	} else {
		r = rehearse.RunFresh(ctx, rc, from, product, version)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return a.printRehearsal(report.NewDocument(toolVersion(), started, []*report.Rehearsal{r}), c.Out)
}
