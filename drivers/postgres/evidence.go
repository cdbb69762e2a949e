package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/expandcontract/migrate/migrator"
)

// userRelation keeps the server's own relations and the ledger out of evidence.
const userRelation = `n.nspname NOT IN ('pg_catalog', 'information_schema')
	AND c.relname NOT IN ('migrate_versions', 'migrate_backfills', 'migrate_releases',
	  'migrate_versions_pkey', 'migrate_backfills_pkey', 'migrate_releases_pkey')`

// qualified is a relation's name as people write it.
const qualified = `CASE WHEN n.nspname = 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname)`

// Backend is the server's process id of this session.
func (db *DB) Backend() uint32 { return db.conn.PgConn().PID() }

// Locks lists the relation locks that the backend pid holds, this session's when
// pid is its own. AccessShareLock is left out: every query takes it, and it only
// waits for AccessExclusiveLock. Seen from another session, relations created
// inside pid's open transaction have no name yet.
func (db *DB) Locks(ctx context.Context, pid uint32) ([]migrator.RelationLock, error) {
	rows, err := db.Query(ctx, `SELECT DISTINCT l.relation::bigint, coalesce(`+qualified+`, ''), l.mode
		FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE l.pid = $1 AND l.locktype = 'relation' AND l.granted AND l.mode <> 'AccessShareLock' AND l.relation >= 16384
		  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
		  AND (c.oid IS NULL OR `+userRelation+`)
		ORDER BY 1, 3`, int64(pid))
	if err != nil {
		return nil, fmt.Errorf("read the locks held: %w", err)
	}
	locks := make([]migrator.RelationLock, 0, len(rows))
	for _, row := range rows {
		locks = append(locks, migrator.RelationLock{ID: uint32(row[0].(int64)), Relation: row[1].(string), Mode: row[2].(string)})
	}
	return locks, nil
}

// Relations describes the given relations, or all of the user's when none is
// given. Those that are gone are left out.
func (db *DB) Relations(ctx context.Context, ids ...uint32) ([]migrator.Relation, error) {
	filter, args := "true", []any{}
	if len(ids) > 0 {
		wide := make([]int64, len(ids))
		for i, id := range ids {
			wide[i] = int64(id)
		}
		filter, args = "c.oid = ANY ($1::bigint[]::oid[])", []any{wide}
	}
	rows, err := db.Query(ctx, `SELECT c.oid::bigint, `+qualified+`, c.relkind::text,
		coalesce((SELECT i.indrelid::regclass::text FROM pg_index i WHERE i.indexrelid = c.oid),
		         (SELECT t.oid::regclass::text FROM pg_class t WHERE t.reltoastrelid = c.oid), ''),
		coalesce(pg_relation_filenode(c.oid), 0)::bigint,
		CASE WHEN pg_relation_filenode(c.oid) IS NULL THEN 0 ELSE coalesce(pg_relation_size(c.oid), 0) END
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE `+userRelation+` AND c.oid >= 16384 AND `+filter, args...)
	if err != nil {
		return nil, fmt.Errorf("read the relations: %w", err)
	}
	relations := make([]migrator.Relation, 0, len(rows))
	for _, row := range rows {
		relations = append(relations, migrator.Relation{ID: uint32(row[0].(int64)), Name: row[1].(string), Kind: kindOf(row[2].(string)),
			Owner: row[3].(string), FileNode: uint32(row[4].(int64)), Bytes: row[5].(int64)})
	}
	return relations, nil
}

// kindOf spells pg_class.relkind out.
func kindOf(relkind string) string {
	switch relkind {
	case "r", "f":
		return "table"
	case "i":
		return "index"
	case "S":
		return "sequence"
	case "t":
		return "toast"
	case "v":
		return "view"
	case "m":
		return "materialized view"
	case "p":
		return "partitioned table"
	case "I":
		return "partitioned index"
	default:
		return "relation"
	}
}

// WALPosition is the server's write-ahead log position in bytes; the difference
// of two is what was written in between, by all sessions.
func (db *DB) WALPosition(ctx context.Context) (int64, error) {
	rows, err := db.Query(ctx, "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint")
	if err != nil {
		return 0, fmt.Errorf("read the write-ahead log's position: %w", err)
	}
	return rows[0][0].(int64), nil
}

// Prepare has the server parse and describe a query without running it, and
// returns its result columns, none for a statement without a result.
func (db *DB) Prepare(ctx context.Context, sql string) ([]migrator.Column, error) {
	if err := db.begin(ctx); err != nil {
		return nil, err
	}
	description, err := db.conn.PgConn().Prepare(ctx, "", sql, nil)
	if err != nil {
		return nil, serverError(err)
	}
	columns := make([]migrator.Column, len(description.Fields))
	for i, field := range description.Fields {
		columns[i] = migrator.Column{Name: field.Name, Type: db.typeName(field.DataTypeOID)}
	}
	return columns, nil
}

func (db *DB) typeName(oid uint32) string {
	if t, ok := db.conn.TypeMap().TypeForOID(oid); ok {
		return t.Name
	}
	return fmt.Sprintf("type %d", oid)
}

// quote makes an identifier safe to stand in a query.
func quote(parts ...string) string { return pgx.Identifier(parts).Sanitize() }
