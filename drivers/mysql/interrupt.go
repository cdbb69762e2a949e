package mysql

import (
	"context"
	"fmt"
	"time"
)

// interruptible runs one call on the session. When ctx ends, or the statement's
// own time is over, the server is told to stop the statement (KILL QUERY, from a
// second session) and the call's answer is awaited, so that the session lives on
// for the rollback. go-sql-driver would cut the connection instead, and the server
// would work on: an ALTER TABLE to its end.
func (db *DB) interruptible(ctx context.Context, call func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var overdue <-chan time.Time
	if db.statement > 0 {
		timer := time.NewTimer(db.statement)
		defer timer.Stop()
		overdue = timer.C
	}
	if ctx.Done() == nil && overdue == nil {
		return call(ctx)
	}
	hard, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	done := make(chan error, 1)
	go func() { done <- call(hard) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	case <-overdue:
	}
	err := db.stop(ctx, done, cut)
	if ctx.Err() != nil && err != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// stop ends the statement that runs and returns its answer. A server that does not
// react in time loses the session.
func (db *DB) stop(ctx context.Context, done <-chan error, cut func()) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	go func() { _ = db.kill(ctx) }() // when it fails, the cut below is what is left
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		cut()
		return <-done
	}
}

// kill has the server stop this session's statement.
func (db *DB) kill(ctx context.Context) error {
	other, err := connect(ctx, db.config)
	if err != nil {
		return err
	}
	defer other.Close()
	_, err = other.ExecContext(ctx, fmt.Sprintf("KILL QUERY %d", db.id), nil)
	return err
}
