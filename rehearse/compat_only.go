package rehearse

import (
	"context"
	"fmt"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse/report"
	"github.com/expandcontract/migrate/rehearse/sandbox"
)

// RunFresh checks the queries without a snapshot: A is an empty database with
// everything up to and including version from, which is already released; the
// zero version stands for all but the newest.
func RunFresh(ctx context.Context, c Config, from migrations.Version, product string, version sandbox.Version) *report.Rehearsal {
	r := &report.Rehearsal{Snapshot: report.Snapshot{Name: "empty database"}, Verdict: report.Pass, Reasons: []string{},
		Files: []*report.File{}, Notes: []string{}}
	if from.IsZero() {
		from = beforeNewest(c.Set)
	}
	r.Notes = append(r.Notes, fmt.Sprintf("A is an empty database with the changes up to version %s", orNone(from)))
	err := c.withSandbox(ctx, r, product, version, func(server *sandbox.Server) error {
		if err := server.CreateDatabase(ctx, database); err != nil {
			return harness(err)
		}
		return c.onServer(ctx, r, server, func(ctx context.Context, s *stage) error {
			if err := c.release(ctx, s, from); err != nil {
				return harness(err)
			}
			return c.phases(ctx, s)
		})
	})
	if err != nil {
		judge(r, err)
	}
	conclude(r)
	return r
}

// release applies what is already released, unobserved.
func (c Config) release(ctx context.Context, s *stage, through migrations.Version) error {
	if through.IsZero() {
		return nil
	}
	o := c.Migrator
	o.DB, o.Set, o.Log, o.To, o.Observer = s.db, c.Set, c.Log, through, nil
	_, err := migrator.New(o).Run(ctx, migrator.CmdUp)
	return err
}

// beforeNewest is the version before the newest, zero when there is none.
func beforeNewest(set migrations.Set) migrations.Version {
	var before, newest migrations.Version
	for _, m := range set {
		if m.Version != newest {
			before, newest = newest, m.Version
		}
	}
	return before
}

func orNone(v migrations.Version) string {
	if v.IsZero() {
		return "none"
	}
	return v.String()
}
