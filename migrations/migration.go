// Package migrations owns the files of a schema history: their names, phases,
// directives, sections and statements with positions, and loading them from an
// fs.FS. It knows nothing of databases: what has been applied is the migrator's
// business, what a statement does is that of package phases.
package migrations

import (
	"fmt"
	"time"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// Phase says when a migration runs relative to the push of new code.
type Phase string

// The phases, in the order in which a release runs them.
const (
	Pre      Phase = "pre"      // additive, before the push: old code keeps working
	Backfill Phase = "backfill" // moves data in small resumable batches
	Post     Phase = "post"     // destructive, after the push: only new code is left
)

// Phases lists all phases in the order in which one change runs them.
func Phases() []Phase { return []Phase{Pre, Backfill, Post} }

// Order is the phase's place within a change: 0 for pre, 1 for backfill, 2 for post.
func (p Phase) Order() int {
	for i, known := range Phases() {
		if p == known {
			return i
		}
	}
	return -1
}

// Migration is one SQL file, parsed. Nothing in it refers to a database.
type Migration struct {
	Version  Version
	Slug     string
	Phase    Phase
	Name     string // the file's base name, e.g. 0042_split_name.pre.sql
	Path     string // the file's path as loaded, for messages
	Checksum string // SHA-256 in hex; see Checksum

	// Statements are what the phase runs, in file order. They are nil for a large
	// file, whose statements are read when they are needed: use From and Count.
	Statements []Statement
	Verify     []Statement // queries that must return no row once the phase is done
	Undo       []Statement // what takes a pre migration back

	// Autocommit is set by "-- migrate:transaction none".
	Autocommit bool
	// LockTimeout and StatementTimeout override the run's defaults; nil: not given.
	LockTimeout      *time.Duration
	StatementTimeout *time.Duration

	large *large // nil: all is in memory
}

// ID names a migration the way the ledger does: version and phase.
func (m *Migration) ID() ID { return ID{Version: m.Version, Phase: m.Phase} }

// ID identifies a migration: there is at most one file per version and phase.
type ID struct {
	Version Version
	Phase   Phase
}

func (id ID) String() string { return fmt.Sprintf("%s.%s", id.Version, id.Phase) }

// Statement is one SQL statement of a migration, with what its directives say.
type Statement struct {
	sqltext.Statement
	Ordinal int      // 1-based, within its section
	Batch   *Batch   // set when the statement is one batch of a backfill
	Allow   []Waiver // rules waived for this statement
}

// Digest is the SHA-256 of the statement's text in hex; line endings do not count.
// The ledger keeps it per finished statement, so that an edit of one is noticed.
func (s Statement) Digest() string {
	return Checksum(s.Text)
}

// When says on which side of the push a backfill runs.
type When string

// A backfill runs before the push unless it says otherwise: until it is done,
// readers in the new code meet NULLs.
const (
	BeforePush When = "before-push"
	AfterPush  When = "after-push"
)

// Batch is the header of a backfill's statement:
//
//	-- migrate:backfill table=users key=id batch=auto when=before-push
type Batch struct {
	Table string // as written, possibly schema-qualified
	Key   string // the key column
	Size  int64  // rows per batch; 0: auto
	When  When
}

// Waiver is one "-- migrate:allow RULE because REASON".
type Waiver struct {
	Rule, Reason string
	Pos          sqltext.Pos
}

// When is the side of the push on which a backfill runs: after-push only when
// every batch of the file says so. It is empty for other phases.
func (m *Migration) When() When {
	if m.Phase != Backfill {
		return ""
	}
	when := BeforePush
	for _, s := range m.Statements {
		if s.Batch == nil {
			continue
		}
		if s.Batch.When != AfterPush {
			return BeforePush
		}
		when = AfterPush
	}
	return when
}

// At renders the place of a position in the migration as file:line.
func (m *Migration) At(pos sqltext.Pos) string { return fmt.Sprintf("%s:%d", m.Name, pos.Line) }
