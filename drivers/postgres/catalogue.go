package postgres

import (
	"context"
	"fmt"

	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/phases"
)

// State is an index's definition and storage, "" when there is none of that name,
// migrator.StateInvalid for one that a concurrent build left unfinished. Other
// objects change in transactions, together with their record.
func (db *DB) State(ctx context.Context, o phases.Object) (string, error) {
	if o.Kind != phases.Index {
		return "", fmt.Errorf("%w: %s", migrator.ErrNoState, o.Kind)
	}
	name := quote(o.Name)
	if o.Schema != "" {
		name = quote(o.Schema, o.Name)
	}
	rows, err := db.Query(ctx, `SELECT i.indisvalid AND i.indisready, pg_get_indexdef(i.indexrelid) || ' ' || pg_relation_filenode(i.indexrelid)
		FROM pg_index i WHERE i.indexrelid = to_regclass($1)`, name)
	switch {
	case err != nil:
		return "", fmt.Errorf("look at index %s: %w", name, err)
	case len(rows) == 0:
		return "", nil
	case rows[0][0] != true:
		return migrator.StateInvalid, nil
	default:
		return rows[0][1].(string), nil
	}
}

// Clear drops, concurrently, the INVALID indexes that a failed CREATE INDEX
// CONCURRENTLY or REINDEX CONCURRENTLY left (PostgreSQL manual, "Building Indexes
// Concurrently": of the name given, or with a _ccnew or _ccold suffix). It returns
// their names. An index of a partitioned table that is not attached everywhere yet
// is INVALID by intent and stays.
func (db *DB) Clear(ctx context.Context, sql string) ([]string, error) {
	wanted, reindexed := phases.Touched(phases.Effects(sqltext.Postgres, sql)), phases.Reindexed(sql)
	var dropped []string
	for _, query := range []struct {
		where   string
		objects []phases.Object
	}{
		{"i.indexrelid = to_regclass($1)", wanted},
		{`(i.indrelid = to_regclass($1) OR i.indrelid = (SELECT indrelid FROM pg_index WHERE indexrelid = to_regclass($1)))
		  AND c.relname ~ '_cc(new|old)[0-9]*$'`, reindexed},
	} {
		for _, o := range query.objects {
			name := quote(o.Name)
			if o.Schema != "" {
				name = quote(o.Schema, o.Name)
			}
			rows, err := db.Query(ctx, `SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_index i
				JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
				WHERE NOT (i.indisvalid AND i.indisready) AND c.relkind = 'i' AND `+query.where, name)
			if err != nil {
				return dropped, fmt.Errorf("look for what a failed build of %s left: %w", name, err)
			}
			for _, row := range rows {
				if _, err := db.Exec(ctx, "DROP INDEX CONCURRENTLY IF EXISTS "+row[0].(string)); err != nil {
					return dropped, fmt.Errorf("drop the invalid index %s: %w", row[0], err)
				}
				dropped = append(dropped, row[0].(string))
			}
		}
	}
	return dropped, nil
}
