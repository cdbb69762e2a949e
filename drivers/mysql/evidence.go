package mysql

import (
	"context"
	"fmt"
	"hash/fnv"

	"github.com/expandcontract/migrate/migrator"
)

// ours keeps the ledger out of evidence.
const ours = `('migrate_versions', 'migrate_backfills', 'migrate_releases')`

// Backend is the server's connection id of this session.
func (db *DB) Backend() uint32 { return uint32(db.id) }

// Locks lists the metadata locks on tables that a session holds. Shared read and
// write locks of queries are left out: they wait for DDL only. MariaDB tells of
// them when its plugin metadata_lock_info is there; else there are none to see.
func (db *DB) Locks(ctx context.Context, backend uint32) ([]migrator.RelationLock, error) {
	query := `SELECT l.object_schema, l.object_name, l.lock_type FROM performance_schema.metadata_locks l
		WHERE l.owner_thread_id = (SELECT thread_id FROM performance_schema.threads WHERE processlist_id = ?) AND l.object_type = 'TABLE' AND l.lock_status = 'GRANTED' AND l.object_schema = database()
		  AND l.lock_type NOT IN ('SHARED', 'SHARED_HIGH_PRIO', 'SHARED_READ', 'INTENTION_EXCLUSIVE') AND l.object_name NOT IN ` + ours
	if db.flavour == MariaDB {
		query = `SELECT table_schema, table_name, lock_mode FROM information_schema.metadata_lock_info
			WHERE thread_id = ? AND lock_type = 'Table metadata lock' AND table_schema = database()
			  AND lock_mode NOT IN ('MDL_SHARED', 'MDL_SHARED_HIGH_PRIO', 'MDL_SHARED_READ', 'MDL_INTENTION_EXCLUSIVE')
			  AND table_name NOT IN ` + ours
	}
	rows, err := db.Query(ctx, query, int64(backend))
	if refused, ok := migrator.AsServerError(err); ok && refused.Code == unknownTable {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the locks held: %w", err)
	}
	locks := make([]migrator.RelationLock, 0, len(rows))
	for _, row := range rows {
		locks = append(locks, migrator.RelationLock{ID: number(text(row[1])), Relation: text(row[1]), Mode: text(row[2])})
	}
	return locks, nil
}

// number stands for a table's name: these servers lock by name, and a table keeps
// its number here when it is rebuilt.
func number(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32()
}

// Relations describes the given tables and views, or all of the database. A
// table's FileNode is InnoDB's own id of it, which changes when the table is
// rebuilt; reading it needs the PROCESS privilege.
func (db *DB) Relations(ctx context.Context, ids ...uint32) ([]migrator.Relation, error) {
	innodb := "innodb_tables"
	if db.flavour == MariaDB {
		innodb = "innodb_sys_tables"
	}
	rows, err := db.Query(ctx, `SELECT t.table_name, t.table_type, CAST(coalesce(i.table_id, 0) AS SIGNED),
		CAST(coalesce(t.data_length, 0) + coalesce(t.index_length, 0) AS SIGNED)
		FROM information_schema.tables t LEFT JOIN information_schema.`+innodb+` i
		  ON i.name = CAST(concat(t.table_schema, '/', t.table_name) AS CHAR CHARACTER SET utf8mb3)
		WHERE t.table_schema = database() AND t.table_name NOT IN `+ours)
	if err != nil {
		return nil, fmt.Errorf("read the tables: %w", err)
	}
	wanted := map[uint32]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	var relations []migrator.Relation
	for _, row := range rows {
		name := text(row[0])
		r := migrator.Relation{ID: number(name), Name: name, Kind: kindOfTable(text(row[1]))}
		if len(ids) > 0 && !wanted[r.ID] {
			continue
		}
		id, _ := row[2].(int64)
		r.FileNode = uint32(id)
		r.Bytes, _ = row[3].(int64)
		relations = append(relations, r)
	}
	return relations, nil
}

func kindOfTable(tableType string) string {
	switch tableType {
	case "VIEW", "SYSTEM VIEW":
		return "view"
	case "SEQUENCE":
		return "sequence"
	default:
		return "table"
	}
}

// WALPosition is InnoDB's redo log position in bytes; the difference of two is
// what was written in between, by all sessions.
func (db *DB) WALPosition(ctx context.Context) (int64, error) {
	query := `SELECT CAST(variable_value AS SIGNED) FROM performance_schema.global_status WHERE variable_name = 'Innodb_redo_log_current_lsn'`
	if db.flavour == MariaDB {
		query = `SELECT CAST(variable_value AS SIGNED) FROM information_schema.global_status WHERE variable_name = 'Innodb_lsn_current'`
	}
	rows, err := db.Query(ctx, query)
	if err != nil || len(rows) == 0 {
		return 0, fmt.Errorf("read the redo log's position: %w", err)
	}
	position, _ := rows[0][0].(int64)
	return position, nil
}
