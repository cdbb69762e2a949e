// Package mysql is the driver for MySQL and MariaDB: one session on
// go-sql-driver/mysql that runs migrations, and the evidence a rehearsal gathers
// from the server. Which of the two servers it speaks to is found at connect; it
// knows nothing of ledgers or plans.
package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// Flavour tells the two servers apart that speak this protocol.
type Flavour string

const (
	MySQL   Flavour = "MySQL"
	MariaDB Flavour = "MariaDB"
)

// session is what the package needs of go-sql-driver's connection. It is used
// without database/sql, whose pool would replace a lost session, and with it the
// locks that the session held, by a new one.
type session interface {
	driver.Conn
	driver.ExecerContext
	driver.QueryerContext
	driver.ConnPrepareContext
	driver.Validator
}

// DB is one session on a MySQL or MariaDB database. It is not for concurrent use.
type DB struct {
	config    *mysqldriver.Config
	conn      session
	id        int64 // the server's connection id
	flavour   Flavour
	version   string        // as the server reports it, without the flavour's suffix
	marked    bool          // the backfill mark is set; it would outlive the transaction
	statement time.Duration // bound on a statement where the server keeps none; 0: none
	settings  []any         // values at the beginning, of resettable
}

// resettable are the session's settings that files change.
const resettable = "@@SESSION.sql_mode, @@SESSION.foreign_key_checks, @@SESSION.unique_checks, @@SESSION.time_zone"

// cleanupTime bounds what must still be said to the server after Ctrl-C.
const cleanupTime = 5 * time.Second

// Open connects to the server that a mysql:// URL names. The error never repeats the URL.
func Open(ctx context.Context, url string) (*DB, error) {
	config, err := configOf(url)
	if err != nil {
		return nil, err
	}
	conn, err := connect(ctx, config)
	if err != nil {
		return nil, connectError(config, err)
	}
	db := &DB{config: config, conn: conn}
	if err := db.greet(ctx); err != nil {
		return nil, errors.Join(connectError(config, err), db.Close(ctx))
	}
	return db, nil
}

func connect(ctx context.Context, config *mysqldriver.Config) (session, error) {
	connector, err := mysqldriver.NewConnector(config)
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return conn.(session), nil
}

// greet asks who the server is and sets what holds for the whole session.
func (db *DB) greet(ctx context.Context) error {
	rows, err := db.Query(ctx, "SELECT connection_id(), version(), @@log_bin, @@binlog_format")
	if err != nil {
		return err
	}
	db.id, _ = rows[0][0].(int64)
	db.flavour, db.version = flavourOf(fmt.Sprint(rows[0][1]))
	begun, err := db.Query(ctx, "SELECT "+resettable)
	if err != nil {
		return err
	}
	db.settings = begun[0]
	settings := []string{
		// GET_LOCK is lost without a word when the session has been idle for
		// wait_timeout; a release may wait long for its push.
		"wait_timeout = 31536000",
	}
	if db.flavour == MySQL {
		settings = append(settings, "information_schema_stats_expiry = 0") // else sizes are a day old
	}
	if _, err := db.Exec(ctx, "SET SESSION "+strings.Join(settings, ", SESSION ")); err != nil {
		return err
	}
	if rows[0][2] == int64(1) && rows[0][3] == "STATEMENT" {
		return nil // such a server refuses InnoDB writes below REPEATABLE READ (1665)
	}
	// REPEATABLE READ locks the gap after the last row of a batch: inserts would wait.
	_, err = db.Exec(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
	return err
}

// flavourOf reads version(): "9.7.4", "10.11.14-MariaDB-0+deb12u2-log".
func flavourOf(version string) (Flavour, string) {
	number, rest, _ := strings.Cut(version, "-")
	if strings.Contains(rest, "MariaDB") {
		return MariaDB, number
	}
	return MySQL, number
}

// Close ends the session.
func (db *DB) Close(context.Context) error { return db.conn.Close() }

// Dialect is always sqltext.MySQL.
func (db *DB) Dialect() sqltext.Dialect { return sqltext.MySQL }

// Describe names product, version and database.
func (db *DB) Describe() string {
	return fmt.Sprintf("%s %s, database %s", db.flavour, db.version, db.config.DBName)
}

// Exec runs one statement. On Ctrl-C the server is told to stop it.
func (db *DB) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	named, err := db.values(args)
	if err != nil {
		return 0, err
	}
	var affected int64
	err = db.interruptible(ctx, func(ctx context.Context) error {
		result, err := db.conn.ExecContext(ctx, sql, named)
		if err != nil {
			return err
		}
		affected, err = result.RowsAffected()
		return err
	})
	return affected, serverError(err, sql)
}

// Query runs one statement and returns its rows in plain Go types.
func (db *DB) Query(ctx context.Context, sql string, args ...any) ([][]any, error) {
	named, err := db.values(args)
	if err != nil {
		return nil, err
	}
	var all [][]any
	err = db.interruptible(ctx, func(ctx context.Context) error {
		rows, err := db.conn.QueryContext(ctx, sql, named)
		if err != nil {
			return err
		}
		all, err = readAll(rows)
		return errors.Join(err, rows.Close())
	})
	return all, serverError(err, sql)
}

func readAll(rows driver.Rows) ([][]any, error) {
	types := typesOf(rows)
	dest := make([]driver.Value, len(types))
	var all [][]any
	for {
		err := rows.Next(dest)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		row := make([]any, len(dest))
		for i, v := range dest {
			row[i] = normalise(types[i], v)
		}
		all = append(all, row)
	}
}

// values converts arguments the way database/sql does.
func (db *DB) values(args []any) ([]driver.NamedValue, error) {
	named := make([]driver.NamedValue, len(args))
	checker, _ := db.conn.(driver.NamedValueChecker)
	for i, arg := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
		if checker == nil {
			continue
		}
		if err := checker.CheckNamedValue(&named[i]); err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
	}
	return named, nil
}

// InTx runs fn in a transaction of this session. DDL inside would commit it. It
// begins by switching autocommit off: START TRANSACTION would give up the session's
// table locks.
func (db *DB) InTx(ctx context.Context, fn func() error) error {
	if _, err := db.Exec(ctx, "SET autocommit = 0"); err != nil {
		return err
	}
	err := fn()
	if err == nil {
		if _, err = db.Exec(ctx, "COMMIT"); err == nil {
			return db.leaveTx(context.WithoutCancel(ctx))
		}
		err = fmt.Errorf("commit: %w", err)
	}
	return errors.Join(err, db.rollback(ctx))
}

// leaveTx goes back to a commit after each statement.
func (db *DB) leaveTx(ctx context.Context) error {
	sql := "SET autocommit = 1"
	if db.marked {
		sql += ", @migrate_backfill = NULL" // a user variable survives COMMIT and ROLLBACK
	}
	_, err := db.Exec(ctx, sql)
	if err == nil {
		db.marked = false
	}
	return err
}

// rollback ends the transaction also when ctx is done. On a lost connection there
// is nothing to roll back: the server does it. After a lock timeout it matters
// most: the server undid the statement only, and would commit the rest.
func (db *DB) rollback(ctx context.Context) error {
	if !db.conn.IsValid() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	if _, err := db.Exec(ctx, "ROLLBACK"); err != nil {
		return fmt.Errorf("roll back: %w", err)
	}
	return db.leaveTx(ctx)
}

// MarkBackfill sets @migrate_backfill to on until the transaction ends.
func (db *DB) MarkBackfill(ctx context.Context) error {
	_, err := db.Exec(ctx, "SET @migrate_backfill = 'on'")
	db.marked = err == nil
	return err
}

// longest is the server's own largest lock_wait_timeout, a year, in seconds.
const longest = 31536000

// SetTimeouts bounds the session's waits for metadata and row locks, in whole
// seconds, rounded up, at least one, and its statements; 0 is no bound. MySQL
// has no bound for statements other than SELECT, so there this session stops
// them itself.
func (db *DB) SetTimeouts(ctx context.Context, lock, statement time.Duration) error {
	seconds := int64(longest)
	if lock > 0 {
		seconds = max(1, int64((lock+time.Second-1)/time.Second))
	}
	sql := fmt.Sprintf("SET SESSION lock_wait_timeout = %d, SESSION innodb_lock_wait_timeout = %d", seconds, seconds)
	if db.flavour == MariaDB {
		sql += fmt.Sprintf(", SESSION max_statement_time = %.3f", statement.Seconds())
	} else {
		db.statement = statement
	}
	_, err := db.Exec(ctx, sql)
	return err
}

// Reset takes back what files set for their session, its database and table locks
// too. User variables stay: there is no way to list them.
func (db *DB) Reset(ctx context.Context, lock, statement time.Duration) error {
	if _, err := db.Exec(ctx, "UNLOCK TABLES"); err != nil {
		return err
	}
	if _, err := db.Exec(ctx, "USE "+sqltext.MySQL.QuoteIdent(db.config.DBName)); err != nil {
		return err
	}
	sql := "SET " + strings.ReplaceAll(resettable, ",", " = ?,") + " = ?"
	if _, err := db.Exec(ctx, sql, db.settings...); err != nil {
		return err
	}
	return db.SetTimeouts(ctx, lock, statement)
}

// Empty looks for tables, views and routines of the database.
func (db *DB) Empty(ctx context.Context) (bool, error) {
	rows, err := db.Query(ctx, `SELECT
		(SELECT count(*) FROM information_schema.tables WHERE table_schema = database()
		   AND table_name NOT IN ('migrate_versions', 'migrate_backfills', 'migrate_releases'))
		+ (SELECT count(*) FROM information_schema.routines WHERE routine_schema = database())`)
	if err != nil {
		return false, fmt.Errorf("look whether the database is empty: %w", err)
	}
	return rows[0][0] == int64(0), nil
}
