package migrator

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/phases"
	"github.com/expandcontract/migrate/phases/backfill"
)

// apply runs one file, or what is left of it.
func (m *Migrator) apply(ctx context.Context, step Step) error {
	if err := m.settle(ctx, step.Migration); err != nil {
		return err
	}
	m.Progress(Event{Kind: FileStarted, Migration: step.Migration})
	started := m.Clock()
	run := m.applyStepwise
	whole, err := m.oneTransaction(step)
	if err != nil {
		return err
	}
	if whole {
		run = m.applyInTx
	}
	if err := run(ctx, step); err != nil {
		return err
	}
	m.Progress(Event{Kind: FileDone, Migration: step.Migration, Elapsed: m.Clock().Sub(started)})
	return nil
}

// settings are a session's as at its beginning, with these timeouts, or not known.
type settings struct {
	known           bool
	lock, statement time.Duration
}

// settle makes the session ready for a file. A session that no statement has
// touched since is left alone: each file is to cost one commit, and no more round
// trips than it must.
func (m *Migrator) settle(ctx context.Context, file *migrations.Migration) error {
	lock, statement := m.timeouts(file)
	wanted := settings{known: true, lock: lock, statement: statement}
	if m.settled == wanted {
		return nil
	}
	if err := m.DB.Reset(ctx, lock, statement); err != nil {
		return err
	}
	m.settled = wanted
	return nil
}

// timeouts are the file's own, else the run's.
func (m *Migrator) timeouts(file *migrations.Migration) (lock, statement time.Duration) {
	lock, statement = m.LockTimeout, m.StatementTimeout
	if file.LockTimeout != nil {
		lock = *file.LockTimeout
	}
	if file.StatementTimeout != nil {
		statement = *file.StatementTimeout
	}
	return lock, statement
}

// oneTransaction reports whether the file commits together with its row.
func (m *Migrator) oneTransaction(step Step) (bool, error) {
	file := step.Migration
	if file.Autocommit || file.Phase == migrations.Backfill {
		return false, nil
	}
	if r := step.Record; r != nil && (r.StatementsDone > 0 || r.InFlight > 0) {
		return false, nil
	}
	for s, err := range file.From(0) {
		if err != nil || phases.NeedsAutocommit(m.DB.Dialect(), s.Text) {
			return false, err
		}
	}
	return true, nil
}

// applyInTx runs the whole file and its row in one transaction. Dying anywhere
// leaves nothing of it; a lost lock rolls back and starts it again.
func (m *Migrator) applyInTx(ctx context.Context, step Step) error {
	file := step.Migration
	err := m.retrying(ctx, Event{Migration: file}, func() error {
		return m.DB.InTx(ctx, func() error { return m.wholeFile(ctx, step) })
	})
	if err != nil {
		return err
	}
	return m.Observer.Committed(ctx, file)
}

func (m *Migrator) wholeFile(ctx context.Context, step Step) error {
	file, r := step.Migration, m.resume(step)
	for s, err := range file.From(0) {
		if err != nil {
			return err
		}
		if err := m.execute(ctx, file, s, true); err != nil {
			return &StatementError{Migration: file, Statement: s, Err: err}
		}
		r.done(*s)
	}
	if err := m.verified(ctx, file); err != nil {
		return err
	}
	if r.State == Aborting {
		return m.conclude(ctx, &r)
	}
	r.finish(m.Clock())
	return m.ledger.saveLast(ctx, &r)
}

// applyStepwise runs statement by statement and keeps count in the row, so that a
// later run knows where this one stopped.
func (m *Migrator) applyStepwise(ctx context.Context, step Step) error {
	file, r := step.Migration, m.resume(step)
	if err := m.recover(ctx, &r, file); err != nil {
		return err
	}
	if err := m.restoreSession(ctx, file, r.StatementsDone); err != nil {
		return err
	}
	for s, err := range file.From(r.StatementsDone) {
		if err != nil {
			return m.failed(ctx, r, err)
		}
		if err := m.step(ctx, &r, file, s); err != nil {
			return m.failed(ctx, r, &StatementError{Migration: file, Statement: s, Kept: r.StatementsDone, Err: err})
		}
		if err := m.Observer.Committed(ctx, file); err != nil {
			return err
		}
	}
	if r.State == Applied {
		return nil
	}
	if err := m.verified(ctx, file); err != nil {
		return m.failed(ctx, r, err)
	}
	if r.State != Aborting {
		return m.conclude(ctx, &r)
	}
	return m.DB.InTx(ctx, func() error { return m.conclude(ctx, &r) })
}

// resume is the row to go on with: the earlier run's, or a new one.
func (m *Migrator) resume(step Step) Record {
	r := m.ledger.start(step.Migration, m.Release)
	if old := step.Record; old != nil {
		r.Started, r.StatementsDone, r.Digests, r.stored = old.Started, old.StatementsDone, old.Digests, old.stored
		r.InFlight, r.Before = old.InFlight, old.Before
		if old.State == Aborting {
			r.State, r.Checksum, r.By, r.ToolVersion, r.Release = old.State, old.Checksum, old.By, old.ToolVersion, old.Release
		}
	}
	return r
}

// restoreSession does again what the statements already done did to their session,
// which is gone: later ones may rely on it.
func (m *Migrator) restoreSession(ctx context.Context, file *migrations.Migration, done int) error {
	again, err := sessionStatements(m.DB.Dialect(), file, done)
	if err != nil {
		return err
	}
	for _, s := range again {
		m.settled.known = false
		if _, err := m.DB.Exec(ctx, m.text(s)); err != nil {
			return &StatementError{Migration: file, Statement: s, Kept: done, Err: err}
		}
	}
	return nil
}

// sessionStatements leaves out table locks that were given up again.
func sessionStatements(d sqltext.Dialect, file *migrations.Migration, done int) ([]*migrations.Statement, error) {
	var again []*migrations.Statement
	for s, err := range file.From(0) {
		if err != nil || s.Ordinal > done {
			return again, err
		}
		switch phases.OnSession(d, s.Text) {
		case phases.SetsVariable, phases.LocksTables:
			again = append(again, s)
		case phases.UnlocksTables:
			again = slices.DeleteFunc(again, func(s *migrations.Statement) bool {
				return phases.OnSession(d, s.Text) == phases.LocksTables
			})
		}
	}
	return again, nil
}

// step runs one statement and counts it in r. One that can run in a transaction
// commits together with its count; for the others, and for DDL of servers where it
// commits by itself, the row says that it is in flight, and what the catalogue
// said before, ahead of sending it.
func (m *Migrator) step(ctx context.Context, r *Record, file *migrations.Migration, s *migrations.Statement) error {
	if s.Batch == nil && !phases.NeedsAutocommit(m.DB.Dialect(), s.Text) {
		return m.stepInTx(ctx, r, file, s)
	}
	if err := m.announce(ctx, r, s); err != nil {
		return err
	}
	run := m.executeAlone
	if s.Batch != nil {
		run = m.backfill
	}
	if err := run(ctx, file, s); err != nil {
		return err
	}
	m.count(r, file, s)
	return m.ledger.save(context.WithoutCancel(ctx), r)
}

// count notes that a statement is done, and the file with its last one when there
// is nothing to verify.
func (m *Migrator) count(r *Record, file *migrations.Migration, s *migrations.Statement) {
	r.done(*s)
	if s.Ordinal == file.Count() && len(file.Verify) == 0 && r.State != Aborting {
		r.finish(m.Clock())
	}
}

func (m *Migrator) stepInTx(ctx context.Context, r *Record, file *migrations.Migration, s *migrations.Statement) error {
	counted := *r
	err := m.retrying(ctx, Event{Migration: file, Statement: s}, func() error {
		return m.DB.InTx(ctx, func() error {
			if err := m.execute(ctx, file, s, true); err != nil {
				return err
			}
			counted = *r
			counted.Digests = slices.Clone(r.Digests)
			m.count(&counted, file, s)
			return m.ledger.save(ctx, &counted)
		})
	})
	if err == nil {
		*r = counted
	}
	return err
}

// executeAlone sends a statement that commits by itself. A lost lock means that it
// did nothing, save for a concurrent build, whose remains go before the next try.
func (m *Migrator) executeAlone(ctx context.Context, file *migrations.Migration, s *migrations.Statement) (err error) {
	if phases.Concurrent(m.DB.Dialect(), s.Text) {
		// It waits for old transactions while nobody waits for it, so that a bound
		// on the wait would only throw the work away.
		lock, statement := m.timeouts(file)
		if err := m.DB.SetTimeouts(ctx, max(lock, m.LockBudget), statement); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, m.DB.SetTimeouts(context.WithoutCancel(ctx), lock, statement)) }()
	}
	return m.retrying(ctx, Event{Migration: file, Statement: s}, func() error {
		if err := m.clear(ctx, s); err != nil {
			return err
		}
		return m.execute(ctx, file, s, false)
	})
}

// failed records a refusal. Where the outcome is unknown (a lost connection) the
// row keeps the statement in flight, and the next run says so.
func (m *Migrator) failed(ctx context.Context, r Record, cause error) error {
	_, refused := AsServerError(cause)
	var gate *GateError
	if refused || errors.As(cause, &gate) {
		if r.InFlight, r.Before = 0, nil; r.State != Aborting {
			r.State = Failed
		}
	}
	r.Error = cause.Error()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(cause, m.ledger.save(ctx, &r))
}

// execute sends one statement, with the observer around it.
func (m *Migrator) execute(ctx context.Context, file *migrations.Migration, s *migrations.Statement, inTx bool) error {
	e := Execution{Migration: file, Statement: s, InTx: inTx}
	m.settled.known = m.settled.known && phases.KeepsSession(m.DB.Dialect(), s.Text)
	return m.observed(ctx, e, func() (int64, error) {
		return m.watched(ctx, Event{Migration: file, Statement: s}, func() (int64, error) { return m.send(ctx, s) })
	})
}

func (m *Migrator) observed(ctx context.Context, e Execution, run func() (int64, error)) error {
	if err := m.Observer.Before(ctx, m.DB, e); err != nil {
		return err
	}
	started := time.Now()
	e.Rows, e.Err = run()
	e.Elapsed = time.Since(started)
	err := errors.Join(e.Err, m.Observer.After(ctx, m.DB, e))
	m.Progress(Event{Kind: StatementDone, Migration: e.Migration, Statement: e.Statement, Rows: e.Rows, Elapsed: e.Elapsed, Err: err})
	return err
}

// backfill runs one batch statement over its table, from the cursor on.
func (m *Migrator) backfill(ctx context.Context, file *migrations.Migration, s *migrations.Statement) error {
	engine := &backfill.Engine{
		Session: m.DB, Store: cursors{ledger: m.ledger, m: file, s: s}, Target: BatchTarget,
		Job: backfill.Job{Table: s.Batch.Table, Key: s.Batch.Key, SQL: s.Text, Size: s.Batch.Size},
		Retry: func(ctx context.Context, batch func() error) error {
			return m.retrying(ctx, Event{Migration: file, Statement: s}, batch)
		},
		Progress: func(c backfill.Cursor) {
			m.Progress(Event{Kind: BackfillMoved, Migration: file, Statement: s, Rows: c.Rows, Done: c.Share()})
		},
	}
	e := Execution{Migration: file, Statement: s}
	m.settled.known = false
	return m.observed(ctx, e, func() (int64, error) { return engine.Run(ctx) })
}
