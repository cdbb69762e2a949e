package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// PoolerError means that the session is not the server's own: between two
// transactions a pooler gives its connection to others, and with it the session's
// locks and settings.
type PoolerError struct{ where string }

func (e *PoolerError) Error() string {
	return e.where + ": a pooler in transaction or statement mode stands in between, where a session keeps neither locks nor settings"
}

// Hint is the way out.
func (e *PoolerError) Hint() string {
	return "connect to the server itself, or to a pool in session mode (PgBouncer: pool_mode = session)"
}

// Bounds of the search for a pooler.
const (
	poolerSessions = 3 // how many connections of a pool are taken away
	poolerPatience = 2 * time.Second
)

// refusePooler finds out by behaviour whether a pooler shares the connection. A
// pooler invents the process id that it tells its clients, so a session that was
// told its server's own is direct. Else other sessions begin transactions, which
// take connections out of the pool: if one of them gets this session's server, or
// this session gets another, then the pool is not one of sessions.
func (db *DB) refusePooler(ctx context.Context, config *pgx.ConnConfig) error {
	mine, err := db.serverPID(ctx)
	if err != nil || mine == int64(db.Backend()) {
		return err
	}
	pooled := &PoolerError{where: fmt.Sprintf("connect to PostgreSQL at %s:%d, database %s", config.Host, config.Port, config.Database)}
	for taken, full := 0, false; taken < poolerSessions && !full; taken++ {
		other, pid, err := begin(ctx, config)
		if other != nil {
			defer other.Close(context.WithoutCancel(ctx))
		}
		switch {
		case errors.Is(err, errNoTransactions) || err == nil && pid == mine:
			return pooled
		case ctx.Err() != nil:
			return ctx.Err()
		}
		full = err != nil // what this session gets must tell
	}
	for range poolerSessions {
		switch now, err := db.serverPID(ctx); {
		case err != nil:
			return err
		case now != mine:
			return pooled
		}
	}
	return nil
}

func (db *DB) serverPID(ctx context.Context) (int64, error) {
	rows, err := db.Query(ctx, "SELECT pg_backend_pid()")
	if err != nil {
		return 0, fmt.Errorf("ask for the server's process: %w", err)
	}
	return rows[0][0].(int64), nil
}

// errNoTransactions means that the pooler takes no transaction at all.
var errNoTransactions = errors.New("no transactions")

// begin opens another session inside a transaction, and tells its server's process.
func begin(ctx context.Context, config *pgx.ConnConfig) (*DB, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, poolerPatience)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, 0, err
	}
	db := &DB{conn: conn}
	if _, err := db.Exec(ctx, "BEGIN"); err != nil {
		if ctx.Err() == nil {
			err = errNoTransactions
		}
		return db, 0, err
	}
	pid, err := db.serverPID(ctx)
	return db, pid, err
}
