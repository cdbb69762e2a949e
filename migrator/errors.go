package migrator

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
)

// ErrLocked means that another run held the database for the whole wait.
var ErrLocked = errors.New("another migrate run holds this database")

// GateError is a refusal before anything was touched: the next phase may not run yet.
type GateError struct {
	Reasons []string
	Hint    string
	Rows    []VerifyFailure // verify queries that returned rows, where that is the reason
}

func (e *GateError) Error() string { return strings.Join(e.Reasons, "; ") }

// VerifyFailure is a verify query that found rows.
type VerifyFailure struct {
	Migration *migrations.Migration
	Statement *migrations.Statement
	Total     int64
	Rows      [][]any // the first VerifyRows of them
}

// VerifyRows is how many rows of a failed verify query are kept.
const VerifyRows = 10

// DriftError lists applied files that no longer are what was applied.
type DriftError struct{ Files []string }

func (e *DriftError) Error() string {
	return "edited after it was applied: " + strings.Join(e.Files, ", ")
}

// StatementError is a statement that failed, with its place in the file.
type StatementError struct {
	Migration *migrations.Migration
	Statement *migrations.Statement
	Kept      int // statements of the file that stay done; 0 when all was rolled back
	Err       error
}

func (e *StatementError) Error() string {
	return fmt.Sprintf("apply %s: %v", e.Place(), e.Err)
}

// Place is the file and line at fault: where the server points, else where the
// statement begins.
func (e *StatementError) Place() string { return e.Migration.At(e.position()) }

func (e *StatementError) Unwrap() error { return e.Err }

// position is where the server points inside the statement, else its start.
func (e *StatementError) position() sqltext.Pos {
	pos := e.Statement.Pos
	refused, ok := AsServerError(e.Err)
	if !ok || refused.Position <= 0 {
		return pos
	}
	runes := []rune(e.Statement.Text)
	before := string(runes[:min(refused.Position-1, len(runes))])
	pos.Line += strings.Count(strings.ReplaceAll(before, "\r\n", "\n"), "\n")
	return pos
}

// UnknownOutcomeError is a statement that was in flight when its run died.
type UnknownOutcomeError struct {
	Migration *migrations.Migration
	Statement *migrations.Statement
}

func (e *UnknownOutcomeError) Error() string {
	return fmt.Sprintf("%s: the last run died while this statement was running, and it is not known whether it took effect",
		e.Migration.At(e.Statement.Pos))
}

// BudgetError means that a lock was not had within Options.LockBudget.
type BudgetError struct {
	Budget   time.Duration
	Blockers []Blocker // who held it at the last try; none: not known
	Err      error
}

func (e *BudgetError) Error() string {
	text := fmt.Sprintf("no lock within --lock-budget %s: %v", e.Budget, e.Err)
	if len(e.Blockers) > 0 {
		text += "; it is held by " + e.Blockers[0].String()
	}
	return text
}

func (e *BudgetError) Unwrap() error { return e.Err }

// Hint is the way out.
func (e *BudgetError) Hint() string {
	if len(e.Blockers) > 0 {
		return fmt.Sprintf("end session %d, or wait for it, and run the same command again", e.Blockers[0].PID)
	}
	return "run the same command again when the database is less busy"
}

// ConnectError is a connection that could not be made.
type ConnectError struct {
	Message string // with host, port, database and user, never the password
	Next    string // what to look at
	Err     error
}

func (e *ConnectError) Error() string { return e.Message }

func (e *ConnectError) Unwrap() error { return e.Err }

// Hint is what to look at.
func (e *ConnectError) Hint() string { return e.Next }
