package migrator

import (
	"context"
	"time"

	"github.com/expandcontract/migrate/migrations"
)

// Execution is one statement on its way through the server, as an Observer sees it.
type Execution struct {
	Migration *migrations.Migration
	Statement *migrations.Statement
	InTx      bool          // it runs in a transaction, with its file or by itself
	Rows      int64         // rows affected; for a backfill: of all its batches in this run
	Elapsed   time.Duration // the server's time for the statement, seen from here
	Err       error         // nil when it succeeded
}

// Observer watches statements in the very session that runs them; a rehearsal's
// probes are one. In a transaction Before and After are called inside it, before
// COMMIT; After is called for a failed statement too, with the transaction aborted
// unless Before set a savepoint. A whole backfill is one Execution, observed
// outside its batches' transactions. Committed follows each commit of what was
// observed: of the file, or of each statement where it runs one by one.
type Observer interface {
	Before(ctx context.Context, conn Conn, e Execution) error
	After(ctx context.Context, conn Conn, e Execution) error
	Committed(ctx context.Context, m *migrations.Migration) error
}

// EventKind names what happened, for progress lines and bars.
type EventKind string

const (
	FileStarted    EventKind = "file-started"
	StatementDone  EventKind = "statement-done"
	FileDone       EventKind = "file-done"
	BackfillMoved  EventKind = "backfill-moved"   // Rows done of Total keys' span
	LockRetry      EventKind = "lock-retry"       // a lock timed out; waits Elapsed, then tries again
	BuildMoved     EventKind = "build-moved"      // an index build has come so far
	Recovered      EventKind = "recovered"        // the Outcome of a statement whose run died is known
	WaitingForLock EventKind = "waiting-for-lock" // another run holds the database
	StepStarted    EventKind = "step-started"     // a release's step
	StepDone       EventKind = "step-done"
)

// Event is one piece of progress. Fields that do not apply are zero.
type Event struct {
	Kind      EventKind
	Migration *migrations.Migration
	Statement *migrations.Statement
	Step      string
	Rows      int64     // rows affected so far
	Done      float64   // share of a backfill's key range that is done, 0 to 1
	Blockers  []Blocker // whom the statement waits for, or waited for in vain; none: not known
	Build     *Build
	Outcome   string // took effect, no effect or unknown
	Elapsed   time.Duration
	Err       error
}

// At is the place that the event speaks of: file:line, the file, or the ledger.
func (e Event) At() string {
	switch {
	case e.Migration == nil:
		return "ledger"
	case e.Statement == nil:
		return e.Migration.Name
	default:
		return e.Migration.At(e.Statement.Pos)
	}
}
