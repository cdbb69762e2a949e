// Package postgres is the PostgreSQL driver: one session on pgx that runs
// migrations, and the evidence a rehearsal gathers from the server's catalogue.
// It knows nothing of ledgers or plans.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// DB is one session on a PostgreSQL database. It is not for concurrent use.
type DB struct {
	conn         *pgx.Conn
	checksClient bool             // the server notices a dead client while a statement runs
	begins       bool             // a transaction is to begin with the next statement
	last         *pgx.QueuedQuery // what is to go with the COMMIT; nil: nothing
}

// beginFirst goes ahead of a transaction's first statement, in the same message: a round
// trip less for each file.
const beginFirst = "BEGIN;"

const checkClient = "SET client_connection_check_interval = '2s'"

// ErrOptions means that what follows the ? of a URL, or the environment that
// completes it (PGSSLMODE and the like), cannot be used.
var ErrOptions = errors.New("its options, or the PG variables that complete it, cannot be read")

// cleanupTime bounds what must still be said to the server after Ctrl-C.
const cleanupTime = 5 * time.Second

// idle is the protocol's status of a session that is in no transaction.
const idle = 'I'

// Open connects to the server that the URL names. The error never repeats the URL.
func Open(ctx context.Context, url string) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// pgx repeats the URL in some of these errors.
		return nil, ErrOptions
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "migrate"
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	// On a cancelled context the server is asked to stop the statement, so that the
	// session lives on for the rollback; only when that does not help is it cut.
	config.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, CancelRequestDelay: 0, DeadlineDelay: cleanupTime}
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, connectError(config, err)
	}
	db := &DB{conn: conn}
	// A runner that dies while its statement waits must not hold its locks until
	// the statement ends. Where the server (before PostgreSQL 14) or its platform has
	// no such setting, it refuses: no harm.
	if _, err := conn.Exec(ctx, checkClient); err == nil {
		db.checksClient = true
	}
	if err := db.refusePooler(ctx, config); err != nil {
		return nil, errors.Join(err, db.Close(context.WithoutCancel(ctx)))
	}
	return db, nil
}

// Close ends the session.
func (db *DB) Close(ctx context.Context) error { return db.conn.Close(ctx) }

// Dialect is always sqltext.Postgres.
func (db *DB) Dialect() sqltext.Dialect { return sqltext.Postgres }

// Describe names version and database.
func (db *DB) Describe() string {
	return fmt.Sprintf("PostgreSQL %s, database %s", db.conn.PgConn().ParameterStatus("server_version"), db.conn.Config().Database)
}

// Exec runs one statement. Without args it is sent by the simple protocol, which
// takes every kind of statement.
func (db *DB) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if len(args) == 0 {
		args = []any{pgx.QueryExecModeSimpleProtocol}
		if db.begins {
			db.begins = false
			tag, err := db.conn.Exec(ctx, beginFirst+sql, args...)
			return tag.RowsAffected(), behind(len(beginFirst), serverError(err))
		}
	}
	if err := db.begin(ctx); err != nil {
		return 0, err
	}
	tag, err := db.conn.Exec(ctx, sql, args...)
	return tag.RowsAffected(), serverError(err)
}

// begin begins the transaction that was put off.
func (db *DB) begin(ctx context.Context) error {
	if !db.begins {
		return nil
	}
	db.begins = false
	_, err := db.conn.Exec(ctx, beginFirst, pgx.QueryExecModeSimpleProtocol)
	return serverError(err)
}

// Query runs one statement and returns its rows in plain Go types.
func (db *DB) Query(ctx context.Context, sql string, args ...any) ([][]any, error) {
	if err := db.begin(ctx); err != nil {
		return nil, err
	}
	rows, err := db.conn.Query(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...)
	if err != nil {
		return nil, serverError(err)
	}
	defer rows.Close()
	var all [][]any
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return nil, err
		}
		for i := range values {
			values[i] = normalise(db.conn.TypeMap(), rows.FieldDescriptions()[i].DataTypeOID, values[i])
		}
		all = append(all, values)
	}
	return all, serverError(rows.Err())
}

// InTx runs fn in a transaction of this session.
func (db *DB) InTx(ctx context.Context, fn func() error) error {
	db.begins = true
	if err := fn(); err != nil {
		return errors.Join(err, db.rollback(ctx))
	}
	if db.begins && db.last == nil { // nothing was said
		db.begins = false
		return nil
	}
	if err := db.begin(ctx); err != nil {
		return errors.Join(err, db.rollback(ctx))
	}
	tag, err := db.commit(ctx)
	if err != nil {
		err = fmt.Errorf("commit: %w", serverError(err))
		if !db.conn.IsClosed() && db.conn.PgConn().TxStatus() != idle { // a done context: it was not even sent
			err = errors.Join(err, db.rollback(ctx))
		}
		return err
	}
	if tag.String() == "ROLLBACK" {
		// The server answers COMMIT of a failed transaction with ROLLBACK and no error.
		return errors.New("commit: the server rolled back, because a statement of the transaction had failed")
	}
	return nil
}

// ExecLast puts a statement off until the transaction commits, in one message with
// the COMMIT: a round trip less for each file. It must be the last of InTx's fn,
// and its failure is the transaction's.
func (db *DB) ExecLast(_ context.Context, sql string, args ...any) error {
	db.last = &pgx.QueuedQuery{SQL: sql, Arguments: args}
	return nil
}

func (db *DB) commit(ctx context.Context) (pgconn.CommandTag, error) {
	last := db.last
	if db.last = nil; last == nil {
		return db.conn.Exec(ctx, "COMMIT", pgx.QueryExecModeSimpleProtocol)
	}
	batch := &pgx.Batch{}
	batch.Queue(last.SQL, last.Arguments...)
	batch.Queue("COMMIT")
	results := db.conn.SendBatch(ctx, batch)
	_, err := results.Exec()
	if err != nil {
		return pgconn.CommandTag{}, errors.Join(err, results.Close())
	}
	tag, err := results.Exec()
	return tag, errors.Join(err, results.Close())
}

// rollback ends the transaction also when ctx is done. On a lost connection
// there is nothing to roll back: the server does it.
func (db *DB) rollback(ctx context.Context) error {
	db.last = nil
	if db.begins = false; db.conn.IsClosed() || db.conn.PgConn().TxStatus() == idle {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	if _, err := db.Exec(ctx, "ROLLBACK"); err != nil && !db.conn.IsClosed() {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

// TryLock takes a session-level advisory lock of this database.
func (db *DB) TryLock(ctx context.Context, name string) (bool, error) {
	rows, err := db.Query(ctx, "SELECT pg_try_advisory_lock($1)", lockKey(name))
	if err != nil {
		return false, err
	}
	return rows[0][0] == true, nil
}

// Unlock releases the lock. On a closed session there is nothing left to release.
func (db *DB) Unlock(ctx context.Context, name string) error {
	if db.conn.IsClosed() {
		return nil
	}
	_, err := db.Query(ctx, "SELECT pg_advisory_unlock($1)", lockKey(name))
	return err
}

func lockKey(name string) int64 {
	h := fnv.New64a()
	h.Write([]byte("migrate:" + name))
	return int64(h.Sum64())
}

// SetTimeouts bounds the session's lock waits and statements; 0 is no bound.
func (db *DB) SetTimeouts(ctx context.Context, lock, statement time.Duration) error {
	_, err := db.Exec(ctx, setTimeouts(lock, statement))
	return err
}

func setTimeouts(lock, statement time.Duration) string {
	return fmt.Sprintf("SET lock_timeout = %d; SET statement_timeout = %d", lock.Milliseconds(), statement.Milliseconds())
}

// Reset takes back what SET changed in the session, its role too.
func (db *DB) Reset(ctx context.Context, lock, statement time.Duration) error {
	sql := "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; " + setTimeouts(lock, statement)
	if db.checksClient {
		sql += "; " + checkClient
	}
	_, err := db.Exec(ctx, sql)
	return err
}

// MarkBackfill sets migrate.backfill to on until the transaction ends.
func (db *DB) MarkBackfill(ctx context.Context) error {
	_, err := db.Exec(ctx, "SET LOCAL migrate.backfill = 'on'")
	return err
}

// Empty looks for relations and functions of a user's, not an extension's.
func (db *DB) Empty(ctx context.Context) (bool, error) {
	rows, err := db.Query(ctx, `SELECT NOT EXISTS (
		SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
		   AND c.relname NOT IN ('migrate_versions', 'migrate_backfills', 'migrate_releases')
		   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))
	AND NOT EXISTS (
		SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
		 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
		   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e'))`)
	if err != nil {
		return false, fmt.Errorf("look whether the database is empty: %w", err)
	}
	return rows[0][0] == true, nil
}
