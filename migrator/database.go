package migrator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// Conn is one session on one database. Its methods are not for concurrent use.
//
// An error that the server itself reported is a *ServerError, possibly wrapped:
// the statement did not take effect. Any other error (a lost connection, a
// cancelled context) leaves the outcome unknown.
type Conn interface {
	// Exec runs one statement and returns the rows it affected, 0 where the
	// server counts none. args fill the dialect's placeholders.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	// Query runs one statement and returns all its rows. Values are int64,
	// float64, bool, string, []byte, time.Time or nil, whatever the server.
	Query(ctx context.Context, sql string, args ...any) ([][]any, error)
	// InTx runs fn inside one transaction of this session: commits when fn
	// returns nil, else rolls back and returns fn's error. A COMMIT that the
	// server turned into a rollback is an error.
	InTx(ctx context.Context, fn func() error) error
	// Close ends the session; what it held (locks, transactions) is released.
	Close(ctx context.Context) error
}

// Database is a session that can migrate; drivers.Open returns one.
type Database interface {
	Conn
	Dialect() sqltext.Dialect
	// Describe names product, version and database for people, without
	// credentials: "PostgreSQL 15.18, database shop".
	Describe() string
	// TryLock takes the named lock of this database for the session, without
	// waiting; false when another session holds it. Unlock releases it.
	TryLock(ctx context.Context, name string) (bool, error)
	Unlock(ctx context.Context, name string) error
	// SetTimeouts bounds, for the session, the wait for a lock and the run time
	// of a statement; 0 is no bound.
	SetTimeouts(ctx context.Context, lock, statement time.Duration) error
	// Reset brings the session's settings back to those of its beginning, gives up
	// table locks, and sets the timeouts: a file must not rely on what another one
	// left behind, since it may be the first of its session.
	Reset(ctx context.Context, lock, statement time.Duration) error
	// Empty reports whether no table, view or function of a user is there, not
	// counting the ledger's own.
	Empty(ctx context.Context) (bool, error)
	// MarkBackfill tells the dual-write triggers, until the transaction ends,
	// that this session is a backfill (RECIPES: the setting migrate.backfill).
	MarkBackfill(ctx context.Context) error
}

// Committer is a Database that takes a transaction's last statement together with
// its COMMIT.
type Committer interface {
	// ExecLast is Exec for the last statement of InTx's fn; its failure may come
	// with the commit.
	ExecLast(ctx context.Context, sql string, args ...any) error
}

// ErrorKind sorts a server's error by what the caller can do about it.
type ErrorKind string

const (
	KindOther       ErrorKind = "other"
	KindLockTimeout ErrorKind = "lock-timeout" // nothing happened; worth another try
	KindCancelled   ErrorKind = "cancelled"    // statement timeout or a cancel request
	KindAlgorithm   ErrorKind = "algorithm"    // MySQL: the wanted ALGORITHM or LOCK will not do
)

// ServerError is the server's own refusal of a statement.
type ServerError struct {
	Kind                              ErrorKind
	Code                              string // SQLSTATE, on MySQL the error's number
	Message                           string
	Detail                            string // may hold clients' values: only shown on request
	Hint                              string
	Position                          int    // 1-based character in the statement, 0 when not given
	Schema, Table, Column, Constraint string // the object at fault, where the server says
}

func (e *ServerError) Error() string {
	name := "SQLSTATE"
	if len(e.Code) != sqlstateLength {
		name = "error"
	}
	return fmt.Sprintf("%s (%s %s)", e.Message, name, e.Code)
}

// sqlstateLength tells an SQLSTATE from a number of MySQL's, which has four digits.
const sqlstateLength = 5

// AsServerError finds the server's refusal in err.
func AsServerError(err error) (*ServerError, bool) {
	var refused *ServerError
	ok := errors.As(err, &refused)
	return refused, ok
}
