package mysql

import (
	"context"
	"fmt"
	"time"

	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
)

// watcher looks at another session of the same server. It needs the PROCESS
// privilege, and SELECT on performance_schema; without them it sees nothing.
type watcher struct {
	*DB
	watched int64 // the connection id of the other session
}

// Watch opens a second session that looks at this one.
func (db *DB) Watch(ctx context.Context) (migrator.Watcher, error) {
	config := db.config.Clone()
	config.ConnectionAttributes = "program_name:migrate watch"
	conn, err := connect(ctx, config)
	if err != nil {
		return nil, connectError(config, err)
	}
	return &watcher{DB: &DB{config: config, conn: conn, flavour: db.flavour, version: db.version}, watched: db.id}, nil
}

// queryShown is how much of a blocker's query is shown, in characters.
const queryShown = 80

// Blockers lists who holds what the watched session waits for.
func (w *watcher) Blockers(ctx context.Context) ([]migrator.Blocker, error) {
	for _, query := range blockerQueries(w.flavour) {
		rows, err := w.Query(ctx, query, w.watched, w.watched)
		if err != nil {
			if refused, ok := migrator.AsServerError(err); ok && refused.Code == unknownTable {
				continue // MariaDB without the plugin metadata_lock_info
			}
			return nil, fmt.Errorf("look for what session %d waits for: %w", w.watched, err)
		}
		if len(rows) > 0 {
			return blockersOf(rows), nil
		}
	}
	return nil, nil
}

const unknownTable = "1109"

func blockersOf(rows [][]any) []migrator.Blocker {
	var all []migrator.Blocker
	for _, row := range rows {
		b := migrator.Blocker{User: text(row[1]), Application: text(row[2]), State: text(row[3]), Query: sqltext.OneLine(text(row[5]), queryShown)}
		b.PID, _ = row[0].(int64)
		seconds, _ := row[4].(int64)
		b.Age = time.Duration(seconds) * time.Second
		all = append(all, b)
	}
	return all
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// blockerQueries are asked one after the other until one finds a blocker. Each
// takes the waiting connection's id twice and returns id, user, application,
// state, age in seconds and query.
func blockerQueries(f Flavour) []string {
	if f == MariaDB {
		return []string{mariaMetadata, mariaRows, mariaOldest}
	}
	return []string{mysqlMetadata, mysqlRows}
}

// mysqlSession describes the thread b.
const mysqlSession = `SELECT DISTINCT CAST(b.processlist_id AS SIGNED), b.processlist_user, coalesce(a.attr_value, ''),
	b.processlist_command, CAST(coalesce(timestampdiff(SECOND, t.trx_started, now()), b.processlist_time, 0) AS SIGNED) AS age,
	coalesce(b.processlist_info, s.sql_text, '')`

const mysqlDetails = ` LEFT JOIN performance_schema.session_connect_attrs a ON a.processlist_id = b.processlist_id AND a.attr_name = 'program_name'
	LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = b.processlist_id
	LEFT JOIN performance_schema.events_statements_current s ON s.thread_id = b.thread_id AND coalesce(s.nesting_event_type, '') <> 'STATEMENT'`

// Holders of a metadata lock on what the session waits for (MySQL manual, "The
// metadata_locks Table").
const mysqlMetadata = mysqlSession + `
	FROM performance_schema.threads me
	JOIN performance_schema.metadata_locks w ON w.owner_thread_id = me.thread_id AND w.lock_status = 'PENDING'
	JOIN performance_schema.metadata_locks g ON g.object_type = w.object_type AND g.object_schema = w.object_schema
	  AND g.object_name = w.object_name AND g.lock_status = 'GRANTED' AND g.owner_thread_id <> w.owner_thread_id
	JOIN performance_schema.threads b ON b.thread_id = g.owner_thread_id` + mysqlDetails + `
	WHERE me.processlist_id = ? AND b.processlist_id <> ? ORDER BY age DESC`

// Holders of a row lock.
const mysqlRows = mysqlSession + `
	FROM performance_schema.threads me
	JOIN performance_schema.data_lock_waits w ON w.requesting_thread_id = me.thread_id
	JOIN performance_schema.threads b ON b.thread_id = w.blocking_thread_id` + mysqlDetails + `
	WHERE me.processlist_id = ? AND b.processlist_id <> ? ORDER BY age DESC`

const mariaSession = `SELECT DISTINCT CAST(b.id AS SIGNED), b.user, '', b.command,
	CAST(coalesce(timestampdiff(SECOND, t.trx_started, now()), b.time, 0) AS SIGNED) AS age, coalesce(b.info, t.trx_query, '')`

// Holders of a metadata lock on the tables that others wait for; the plugin shows
// granted locks only, so the waiting session must at least be waiting for one.
const mariaMetadata = mariaSession + `
	FROM information_schema.processlist me
	JOIN information_schema.metadata_lock_info m ON m.table_schema = me.db AND m.thread_id <> me.id
	  AND me.info LIKE concat('%', m.table_name, '%')
	JOIN information_schema.processlist b ON b.id = m.thread_id
	LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = b.id
	WHERE me.id = ? AND me.state LIKE 'Waiting for table metadata lock%' AND b.id <> ? ORDER BY age DESC`

// Holders of a row lock.
const mariaRows = mariaSession + `
	FROM information_schema.innodb_trx mine
	JOIN information_schema.innodb_lock_waits w ON w.requesting_trx_id = mine.trx_id
	JOIN information_schema.innodb_trx t ON t.trx_id = w.blocking_trx_id
	JOIN information_schema.processlist b ON b.id = t.trx_mysql_thread_id
	WHERE mine.trx_mysql_thread_id = ? AND b.id <> ? ORDER BY age DESC`

// Without the plugin: the oldest transaction of the same database is the likeliest holder.
const mariaOldest = mariaSession + `
	FROM information_schema.processlist me
	JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id <> me.id
	JOIN information_schema.processlist b ON b.id = t.trx_mysql_thread_id
	WHERE me.id = ? AND me.state LIKE 'Waiting for table metadata lock%' AND b.id <> ? AND b.db = me.db ORDER BY age DESC LIMIT 1`

// Build reports a rebuild or index build: MariaDB's own progress column; on MySQL
// the stage events, where the server's owner has turned that consumer on.
func (w *watcher) Build(ctx context.Context) (*migrator.Build, error) {
	query := `SELECT e.event_name, CAST(e.work_completed AS SIGNED), CAST(e.work_estimated AS SIGNED)
		FROM performance_schema.events_stages_current e JOIN performance_schema.threads t ON t.thread_id = e.thread_id
		WHERE t.processlist_id = ? AND e.event_name LIKE 'stage/innodb/alter%'`
	unit := "pages"
	if w.flavour == MariaDB {
		query = `SELECT state, CAST((greatest(stage, 1) - 1) * 1000 + progress * 10 AS SIGNED), CAST(max_stage * 1000 AS SIGNED)
			FROM information_schema.processlist WHERE id = ? AND max_stage > 0`
		unit = "permille"
	}
	rows, err := w.Query(ctx, query, w.watched)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	b := &migrator.Build{Phase: text(rows[0][0]), Unit: unit}
	b.Done, _ = rows[0][1].(int64)
	b.Total, _ = rows[0][2].(int64)
	return b, nil
}
