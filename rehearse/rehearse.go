// Package rehearse runs a release on a restored snapshot of a client's data in a
// throw-away server and says what would have happened: it owns one rehearsal's
// course, its probes and its verdict. The phases are run by the migrator, as in
// production; servers are package sandbox's, the report's forms package report's.
package rehearse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse/compat"
	"github.com/expandcontract/migrate/rehearse/report"
	"github.com/expandcontract/migrate/rehearse/sandbox"
)

// Config is what all rehearsals of a call share.
type Config struct {
	// Open connects to a sandbox's database; it is drivers.Open.
	Open     func(ctx context.Context, url string) (migrator.Database, error)
	Set      migrations.Set
	Sandbox  sandbox.Options
	Migrator migrator.Options // as in production; DB, Set and Observer are filled here
	Old, New []compat.Query   // queries to check; both may be empty
	Log      *slog.Logger
}

// database is the name of the restored database in a sandbox.
const database = "rehearsal"

// closeTime bounds the clean-up after Ctrl-C.
const closeTime = 30 * time.Second

// Run rehearses one snapshot. Whatever goes wrong is in the result: verdict fail
// when the release would break on this data, error when the rehearsal itself
// could not be done. The sandbox is gone when Run returns.
func Run(ctx context.Context, c Config, path string) *report.Rehearsal {
	r := &report.Rehearsal{Snapshot: report.Snapshot{Name: filepath.Base(path)}, Verdict: report.Pass, Reasons: []string{},
		Files: []*report.File{}, Notes: []string{}}
	if err := c.rehearse(ctx, r, path); err != nil {
		judge(r, err)
	}
	conclude(r)
	return r
}

// rehearse restores the snapshot and runs the phases on it.
func (c Config) rehearse(ctx context.Context, r *report.Rehearsal, path string) error {
	snapshot, err := sandbox.Inspect(path)
	if err != nil {
		return harness(err)
	}
	r.Snapshot = report.Snapshot{Name: snapshot.Name, Bytes: snapshot.Size, Format: string(snapshot.Format), Version: snapshot.ServerVersion}
	if r.Snapshot.SHA256, err = snapshot.SHA256(ctx); err != nil {
		return harness(err)
	}
	return c.withSandbox(ctx, r, snapshot.Product, snapshot.Version, func(server *sandbox.Server) error {
		started := time.Now()
		if err := server.Restore(ctx, snapshot, database); err != nil {
			return harness(err)
		}
		r.RestoreMS = time.Since(started).Milliseconds()
		return c.onServer(ctx, r, server, c.phases)
	})
}

// withSandbox runs fn on a fresh server and removes the server afterwards.
func (c Config) withSandbox(ctx context.Context, r *report.Rehearsal, product string, version sandbox.Version, fn func(*sandbox.Server) error) (err error) {
	options := c.Sandbox
	options.Product, options.Version = product, version
	started := time.Now()
	server, err := sandbox.Start(ctx, options)
	if err != nil {
		return harness(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
		defer cancel()
		if closeErr := server.Close(ctx); closeErr != nil {
			err = errors.Join(err, harness(closeErr))
		}
	}()
	r.StartMS = time.Since(started).Milliseconds()
	r.Sandbox = server.Describe()
	return fn(server)
}

// onServer opens the restored database twice, to run on and to watch from, and
// hands both on.
func (c Config) onServer(ctx context.Context, r *report.Rehearsal, server *sandbox.Server, fn func(context.Context, *stage) error) error {
	// Restoring without fsync is fine; what is measured runs as in production.
	if err := server.SetDurable(ctx); err != nil {
		return harness(err)
	}
	db, err := c.Open(ctx, server.URL(database))
	if err != nil {
		return harness(err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	watcher, err := c.Open(ctx, server.URL(database))
	if err != nil {
		return harness(err)
	}
	defer watcher.Close(context.WithoutCancel(ctx))
	s, err := c.newStage(db, watcher)
	if err != nil {
		return harness(err)
	}
	defer func() { s.tell(r) }()
	return fn(ctx, s)
}

// stage is a restored database, ready to run on, with its probes.
type stage struct {
	db      migrator.Database
	session compat.Session
	probe   *probe
	checker *compat.Checker
}

func (c Config) newStage(db, watcher migrator.Database) (*stage, error) {
	evidence, ok := db.(Evidence)
	watching, ok2 := watcher.(Evidence)
	session, ok3 := db.(compat.Session)
	if !ok || !ok2 || !ok3 {
		return nil, fmt.Errorf("the driver of %s gathers no evidence", db.Describe())
	}
	s := &stage{db: db, session: session}
	if len(c.Old)+len(c.New) > 0 {
		s.checker = compat.NewChecker(c.Old, c.New)
	}
	s.probe = newProbe(evidence, &sampler{evidence: watching, log: c.Log}, s.checker, session)
	return s, nil
}

// tell puts what the probes saw into the report.
func (s *stage) tell(r *report.Rehearsal) {
	r.Files = append(r.Files, s.probe.files...)
	if s.checker != nil {
		r.Compat = s.checker.Result()
	}
}

// phases runs pre, backfill and post, with the checks before, between and after.
func (c Config) phases(ctx context.Context, s *stage) error {
	if err := s.check(ctx, compat.A); err != nil {
		return err
	}
	for _, step := range []struct {
		command migrator.Command
		after   compat.Stage
	}{{migrator.CmdPre, compat.B}, {migrator.CmdBackfill, ""}, {migrator.CmdPost, compat.C}} {
		if _, err := c.migrator(s).Run(ctx, step.command); err != nil {
			return err
		}
		if err := s.check(ctx, step.after); err != nil {
			return err
		}
	}
	return nil
}

func (c Config) migrator(s *stage) *migrator.Migrator {
	o := c.Migrator
	o.DB, o.Set, o.Observer, o.Log, o.AllowEmpty = s.db, c.Set, s.probe, c.Log, true
	return migrator.New(o)
}

func (s *stage) check(ctx context.Context, at compat.Stage) error {
	if s.checker == nil || at == "" {
		return nil
	}
	if err := s.checker.Check(ctx, s.session, at); err != nil {
		return harness(err)
	}
	return nil
}

// RunAll rehearses one snapshot after the other; one that fails does not keep the
// rest from running, Ctrl-C does.
func RunAll(ctx context.Context, c Config, paths []string) []*report.Rehearsal {
	var all []*report.Rehearsal
	for _, path := range paths {
		if ctx.Err() != nil {
			break
		}
		all = append(all, Run(ctx, c, path))
	}
	return all
}
