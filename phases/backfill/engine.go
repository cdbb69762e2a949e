// Package backfill moves data in batches that commit on their own, so that no
// row stays locked for longer than a batch and a killed run goes on where it
// stopped. It owns the cursor, the cutting of batches and their size; sessions
// and the cursor's storage are handed in.
package backfill

import (
	"context"
	"fmt"
	"time"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// Session is the database session that a backfill works in.
type Session interface {
	Dialect() sqltext.Dialect
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	Query(ctx context.Context, sql string, args ...any) ([][]any, error)
	// InTx commits what fn did when fn returns nil, else rolls it back.
	InTx(ctx context.Context, fn func() error) error
	// MarkBackfill tells dual-write triggers, for this transaction, to stand aside.
	MarkBackfill(ctx context.Context) error
}

// Store keeps the cursor in the database that is being changed.
type Store interface {
	// Load returns the cursor of an earlier run; false when there is none.
	Load(ctx context.Context) (Cursor, bool, error)
	// Begin writes the first cursor.
	Begin(ctx context.Context, c Cursor) error
	// Advance replaces the cursor. It runs inside the batch's transaction and
	// must fail when the stored key is no longer from: another run moved it.
	Advance(ctx context.Context, from int64, c Cursor) error
}

// Cursor is how far a backfill has come. All rows with First <= key <= Key are done.
type Cursor struct {
	Key         int64 // the last key done
	First, Last int64 // the span of keys when the run began; Last grows with new rows
	Rows        int64 // rows affected so far, over all runs
	Size        int64 // rows per batch
	Done        bool
}

// Share is the part of the key span that is done, 0 to 1.
func (c Cursor) Share() float64 {
	if c.Done || c.Last < c.First {
		return 1
	}
	return max(0, min(1, float64(c.Key-c.First+1)/float64(c.Last-c.First+1)))
}

// Job is the batch statement and what it walks over.
type Job struct {
	Table, Key string // as the header names them
	SQL        string // uses :lo and :hi
	Size       int64  // rows per batch; 0: adapted to Engine.Target
}

// Engine runs one job. All fields but Progress must be set.
type Engine struct {
	Session  Session
	Store    Store
	Job      Job
	Target   time.Duration                                       // wanted time of a batch when its size is adapted
	Retry    func(ctx context.Context, batch func() error) error // repeats a batch that lost a lock
	Progress func(Cursor)
}

// lastPasses bounds the extra rounds over keys that were inserted meanwhile, so
// that a busy table cannot keep the backfill from ending. Rows that come later
// are the dual-write trigger's; the verify queries prove it.
const lastPasses = 3

// Run does what is left and returns the rows affected by this run. Each batch
// commits together with its cursor, so that a run that dies at any moment has
// done every row up to the cursor once and none beyond.
func (e *Engine) Run(ctx context.Context) (int64, error) {
	c, err := e.begin(ctx)
	if err != nil || c.Done {
		return 0, err
	}
	before := c.Rows
	for pass := 0; pass <= lastPasses; pass++ {
		if c, err = e.walk(ctx, c); err != nil {
			return c.Rows - before, err
		}
		last, found, err := e.bound(ctx, "max")
		if err != nil {
			return c.Rows - before, err
		}
		if !found || last <= c.Key {
			break
		}
		c.Last = last
	}
	from := c.Key
	c.Done = true
	err = e.Session.InTx(ctx, func() error { return e.Store.Advance(ctx, from, c) })
	e.report(c)
	return c.Rows - before, err
}

// begin loads the cursor or makes the first one from the table's keys.
func (e *Engine) begin(ctx context.Context) (Cursor, error) {
	c, found, err := e.Store.Load(ctx)
	if err != nil || found {
		return c, err
	}
	first, some, err := e.bound(ctx, "min")
	if err != nil {
		return c, err
	}
	last, _, err := e.bound(ctx, "max")
	if err != nil {
		return c, err
	}
	c = Cursor{Key: first - 1, First: first, Last: last, Size: firstSize(e.Job.Size)}
	if !some {
		c = Cursor{Key: -1, Last: -1, Size: c.Size}
	}
	return c, e.Session.InTx(ctx, func() error { return e.Store.Begin(ctx, c) })
}

// bound reads the smallest or largest key; false when the table is empty.
func (e *Engine) bound(ctx context.Context, aggregate string) (int64, bool, error) {
	rows, err := e.Session.Query(ctx, fmt.Sprintf("SELECT %s(%s) FROM %s", aggregate, e.Job.Key, e.Job.Table))
	if err != nil {
		return 0, false, fmt.Errorf("read the keys of %s: %w", e.Job.Table, err)
	}
	if rows[0][0] == nil {
		return 0, false, nil
	}
	key, ok := rows[0][0].(int64)
	if !ok {
		return 0, false, fmt.Errorf("key %s of %s is no integer", e.Job.Key, e.Job.Table)
	}
	return key, true, nil
}

// walk runs batches up to c.Last.
func (e *Engine) walk(ctx context.Context, c Cursor) (Cursor, error) {
	for c.Key < c.Last {
		started := time.Now()
		next, err := e.batch(ctx, c)
		if err != nil {
			return c, err
		}
		if e.Job.Size == 0 {
			next.Size = resize(c.Size, time.Since(started), e.Target)
		}
		c = next
		e.report(c)
	}
	return c, nil
}

// batch moves the cursor over the next Size rows, in one transaction.
func (e *Engine) batch(ctx context.Context, c Cursor) (Cursor, error) {
	hi, err := e.cut(ctx, c)
	if err != nil {
		return c, err
	}
	sql, args, err := sqltext.Bind(e.Session.Dialect(), e.Job.SQL, map[string]any{"lo": c.Key, "hi": hi})
	if err != nil {
		return c, err
	}
	next := c
	err = e.Retry(ctx, func() error {
		return e.Session.InTx(ctx, func() error {
			if err := e.Session.MarkBackfill(ctx); err != nil {
				return err
			}
			rows, err := e.Session.Exec(ctx, sql, args...)
			if err != nil {
				return err
			}
			next.Key, next.Rows = hi, c.Rows+rows
			return e.Store.Advance(ctx, c.Key, next)
		})
	})
	return next, err
}

// cut finds the key at which the next batch ends. It counts rows that are
// there, so that holes in the keys cost nothing, and never uses OFFSET.
func (e *Engine) cut(ctx context.Context, c Cursor) (int64, error) {
	query := fmt.Sprintf("SELECT max(k) FROM (SELECT %[1]s AS k FROM %[2]s WHERE %[1]s > :lo AND %[1]s <= :last ORDER BY %[1]s LIMIT %[3]d) AS batch",
		e.Job.Key, e.Job.Table, c.Size)
	sql, args, err := sqltext.Bind(e.Session.Dialect(), query, map[string]any{"lo": c.Key, "last": c.Last})
	if err != nil {
		return 0, err
	}
	rows, err := e.Session.Query(ctx, sql, args...)
	if err != nil {
		return 0, fmt.Errorf("cut a batch of %s: %w", e.Job.Table, err)
	}
	if hi, ok := rows[0][0].(int64); ok {
		return hi, nil
	}
	return c.Last, nil // the rows that were left are gone
}

func (e *Engine) report(c Cursor) {
	if e.Progress != nil {
		e.Progress(c)
	}
}
