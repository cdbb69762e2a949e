package migrator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Names of the locks. A release holds its own for its whole length, so that the
// steps inside it can take the run's.
const (
	runLock     = "run"
	releaseLock = "release"
)

// lockPoll is the pause between two tries. The lock is polled because a session
// that waits inside the server holds a snapshot, and CREATE INDEX CONCURRENTLY
// waits for all of those: a deadlock.
const lockPoll = 100 * time.Millisecond

// locked runs fn while this session holds the named lock of the database.
func (m *Migrator) locked(ctx context.Context, name string, fn func() error) (err error) {
	if err := m.obtain(ctx, name); err != nil {
		return err
	}
	defer func() {
		// Ctrl-C must not leave the lock to the server's notice of a dead session.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if unlockErr := m.DB.Unlock(ctx, name); unlockErr != nil {
			err = errors.Join(err, fmt.Errorf("release the lock: %w", unlockErr))
		}
	}()
	return fn()
}

func (m *Migrator) obtain(ctx context.Context, name string) error {
	deadline := m.Clock().Add(m.Wait)
	for told := false; ; told = true {
		ok, err := m.DB.TryLock(ctx, name)
		if err != nil {
			return fmt.Errorf("take the lock: %w", err)
		}
		if ok {
			return nil
		}
		if !m.Clock().Before(deadline) {
			return fmt.Errorf("%w: waited %s", ErrLocked, m.Wait)
		}
		if !told {
			m.Progress(Event{Kind: WaitingForLock, Elapsed: m.Wait})
		}
		if err := pause(ctx, lockPoll/2+rand.N(lockPoll)); err != nil {
			return err
		}
	}
}

// retrying repeats fn while it fails for want of a lock, within LockBudget. fn
// must leave nothing behind when it fails so. Each try waits at most the lock
// timeout, so that the application's queries queued behind it wait no longer.
func (m *Migrator) retrying(ctx context.Context, event Event, fn func() error) error {
	deadline := m.Clock().Add(m.LockBudget)
	for wait := 500 * time.Millisecond; ; wait = min(2*wait, 30*time.Second) {
		err := fn()
		refused, ok := AsServerError(err)
		if !ok || refused.Kind != KindLockTimeout {
			return err
		}
		delay := wait/2 + rand.N(wait)
		if m.Clock().Add(delay).After(deadline) {
			return &BudgetError{Budget: m.LockBudget, Blockers: m.blockers, Err: err}
		}
		event.Kind, event.Elapsed, event.Err, event.Blockers = LockRetry, delay, err, m.blockers
		m.Progress(event)
		if err := pause(ctx, delay); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
