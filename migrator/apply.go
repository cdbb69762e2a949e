package migrator

import (
	"context"
	"errors"
	"time"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/phases"
	"github.com/expandcontract/migrate/phases/backfill"
)

// apply runs one file, or what is left of it.
func (m *Migrator) apply(ctx context.Context, step Step) error {
	if r := step.Record; r != nil && r.InFlight > 0 && r.InFlight <= len(step.Migration.Statements) {
		s := &step.Migration.Statements[r.InFlight-1]
		if s.Batch == nil {
			return &UnknownOutcomeError{Migration: step.Migration, Statement: s}
		}
	}
	if err := m.setTimeouts(ctx, step.Migration); err != nil {
		return err
	}
	m.Progress(Event{Kind: FileStarted, Migration: step.Migration})
	started := m.Clock()
	run := m.applyStepwise
	if m.oneTransaction(step) {
		run = m.applyInTx
	}
	if err := run(ctx, step); err != nil {
		return err
	}
	m.Progress(Event{Kind: FileDone, Migration: step.Migration, Elapsed: m.Clock().Sub(started)})
	return nil
}

func (m *Migrator) setTimeouts(ctx context.Context, file *migrations.Migration) error {
	lock, statement := m.LockTimeout, m.StatementTimeout
	if file.LockTimeout != nil {
		lock = *file.LockTimeout
	}
	if file.StatementTimeout != nil {
		statement = *file.StatementTimeout
	}
	return m.DB.SetTimeouts(ctx, lock, statement)
}

// oneTransaction reports whether the file commits together with its row.
func (m *Migrator) oneTransaction(step Step) bool {
	file := step.Migration
	if m.DB.Dialect() != sqltext.Postgres || file.Autocommit || file.Phase == migrations.Backfill {
		return false
	}
	if step.Record != nil && step.Record.StatementsDone > 0 {
		return false
	}
	for _, s := range file.Statements {
		if phases.NeedsAutocommit(m.DB.Dialect(), s.Text) {
			return false
		}
	}
	return true
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
	file := step.Migration
	r := m.ledger.start(file, m.Release)
	for i := range file.Statements {
		s := &file.Statements[i]
		if err := m.execute(ctx, file, s, true); err != nil {
			return &StatementError{Migration: file, Statement: s, Err: err}
		}
		r.done(*s)
	}
	if err := m.verified(ctx, file); err != nil {
		return err
	}
	r.finish(m.Clock())
	return m.ledger.save(ctx, r, step.Record == nil)
}

// applyStepwise runs statement by statement and keeps count in the row, so that a
// later run knows where this one stopped.
func (m *Migrator) applyStepwise(ctx context.Context, step Step) error {
	file, r := step.Migration, m.resume(step)
	if err := m.ledger.save(ctx, r, step.Record == nil); err != nil {
		return err
	}
	for i := r.StatementsDone; i < len(file.Statements); i++ {
		s := &file.Statements[i]
		if err := m.step(ctx, &r, file, s); err != nil {
			return m.failed(ctx, r, &StatementError{Migration: file, Statement: s, Kept: r.StatementsDone, Err: err})
		}
		if err := m.Observer.Committed(ctx, file); err != nil {
			return err
		}
	}
	if err := m.verified(ctx, file); err != nil {
		return m.failed(ctx, r, err)
	}
	r.finish(m.Clock())
	return m.ledger.save(ctx, r, false)
}

// resume is the row to go on with: the earlier run's, or a new one.
func (m *Migrator) resume(step Step) Record {
	r := m.ledger.start(step.Migration, m.Release)
	if step.Record != nil {
		r.Started, r.StatementsDone, r.Digests = step.Record.Started, step.Record.StatementsDone, step.Record.Digests
	}
	return r
}

// step runs one statement and counts it in r. One that can run in a transaction
// commits together with its count; for the others, and on servers whose DDL commits
// by itself, the row says that it is in flight before it is sent.
func (m *Migrator) step(ctx context.Context, r *Record, file *migrations.Migration, s *migrations.Statement) error {
	if s.Batch == nil && !phases.NeedsAutocommit(m.DB.Dialect(), s.Text) {
		return m.stepInTx(ctx, r, file, s)
	}
	r.InFlight = s.Ordinal
	if err := m.ledger.save(ctx, *r, false); err != nil {
		return err
	}
	run := m.execute
	if s.Batch != nil {
		run = m.backfill
	}
	// What needs autocommit is not repeated after a lost lock: a concurrent build
	// leaves an INVALID index behind when it fails.
	if err := run(ctx, file, s, false); err != nil {
		return err
	}
	r.InFlight = 0
	r.done(*s)
	return m.ledger.save(context.WithoutCancel(ctx), *r, false)
}

func (m *Migrator) stepInTx(ctx context.Context, r *Record, file *migrations.Migration, s *migrations.Statement) error {
	counted := *r
	err := m.retrying(ctx, Event{Migration: file, Statement: s}, func() error {
		return m.DB.InTx(ctx, func() error {
			if err := m.execute(ctx, file, s, true); err != nil {
				return err
			}
			counted = *r
			counted.done(*s)
			return m.ledger.save(ctx, counted, false)
		})
	})
	if err == nil {
		*r = counted
	}
	return err
}

// failed records a refusal. Where the outcome is unknown (a lost connection) the
// row keeps the statement in flight, and the next run says so.
func (m *Migrator) failed(ctx context.Context, r Record, cause error) error {
	_, refused := AsServerError(cause)
	var gate *GateError
	if refused || errors.As(cause, &gate) {
		r.State, r.InFlight = Failed, 0
	}
	r.Error = cause.Error()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(cause, m.ledger.save(ctx, r, false))
}

// execute sends one statement, with the observer around it.
func (m *Migrator) execute(ctx context.Context, file *migrations.Migration, s *migrations.Statement, inTx bool) error {
	e := Execution{Migration: file, Statement: s, InTx: inTx}
	return m.observed(ctx, e, func() (int64, error) { return m.DB.Exec(ctx, s.Text) })
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
func (m *Migrator) backfill(ctx context.Context, file *migrations.Migration, s *migrations.Statement, _ bool) error {
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
	return m.observed(ctx, e, func() (int64, error) { return engine.Run(ctx) })
}
