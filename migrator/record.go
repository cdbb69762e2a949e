package migrator

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
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
	Digests         []string // of the statements done, in order; see nextDigests
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
	r.Digests = nextDigests(r.Digests, s.Digest())
	r.InFlight, r.Before = 0, nil
}

// digestsKept bounds the row of a file of many statements, which is written anew
// with each of them.
const digestsKept = 200

// nextDigests adds a statement's digest. The last one kept stands for all
// statements from there on, chained.
func nextDigests(digests []string, next string) []string {
	if len(digests) < digestsKept {
		return append(digests, next)
	}
	digests = slices.Clone(digests)
	sum := sha256.Sum256([]byte(digests[digestsKept-1] + next))
	digests[digestsKept-1] = hex.EncodeToString(sum[:])
	return digests
}

// finish marks the whole file as applied.
func (r *Record) finish(now time.Time) {
	r.State, r.Finished, r.Error = Applied, now, ""
	r.Duration = now.Sub(r.Started)
}
