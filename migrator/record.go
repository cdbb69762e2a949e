package migrator

import (
	"time"

	"github.com/expandcontract/migrate/migrations"
)

// State is how far a migration has come in the ledger.
type State string

const (
	Running State = "running" // begun, not finished; its process may be dead
	Applied State = "applied"
	Failed  State = "failed" // the server refused statement StatementsDone+1

	// Aborting is a pre whose undo section has begun; it counts that section's statements.
	Aborting State = "aborting"
)

// Record is one row of migrate_versions.
type Record struct {
	migrations.ID
	Name, Checksum  string
	State           State
	StatementsTotal int
	StatementsDone  int
	InFlight        int      // ordinal of the statement sent but not known to be done; 0: none
	Before          *Before  // what was there before it was sent; nil: not known
	Digests         []string // of the statements done, in order
	Started         time.Time
	Finished        time.Time // zero while not finished
	Duration        time.Duration
	By, ToolVersion string
	Release, Error  string

	stored bool // the row is in the ledger
}

// done counts a statement that took effect.
func (r *Record) done(s migrations.Statement) {
	r.StatementsDone++
	r.Digests = append(r.Digests, s.Digest())
	r.InFlight, r.Before = 0, nil
}

// finish marks the whole file as applied.
func (r *Record) finish(now time.Time) {
	r.State, r.Finished, r.Error = Applied, now, ""
	r.Duration = now.Sub(r.Started)
}
