package migrator

import (
	"context"
	"fmt"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/phases/backfill"
)

// cursors keeps one backfill statement's cursor in migrate_backfills.
type cursors struct {
	ledger *Ledger
	m      *migrations.Migration
	s      *migrations.Statement
}

func (c cursors) key() map[string]any {
	return map[string]any{"version": c.m.Version.String(), "statement": c.s.Ordinal}
}

// Load reads the cursor. One left by another text of the statement is refused:
// its rows were done differently.
func (c cursors) Load(ctx context.Context) (backfill.Cursor, bool, error) {
	rows, err := c.ledger.query(ctx, `SELECT "cursor", first_key, last_key, rows_done, batch_size, state, digest
		FROM migrate_backfills WHERE version = :version AND statement = :statement`, c.key())
	if err != nil {
		return backfill.Cursor{}, false, fmt.Errorf("read the cursor of %s: %w", c.m.Name, err)
	}
	if len(rows) == 0 {
		return backfill.Cursor{}, false, nil
	}
	r := rows[0]
	if asString(r[6]) != c.s.Digest() {
		return backfill.Cursor{}, false, &DriftError{Files: []string{c.m.Path + " (its backfill has begun)"}}
	}
	return backfill.Cursor{Key: asInt(r[0]), First: asInt(r[1]), Last: asInt(r[2]), Rows: asInt(r[3]),
		Size: asInt(r[4]), Done: asString(r[5]) == "done"}, true, nil
}

func (c cursors) Begin(ctx context.Context, cur backfill.Cursor) error {
	return c.ledger.exec(ctx, `INSERT INTO migrate_backfills (version, statement, digest, "cursor", first_key, last_key,
		rows_done, batch_size, state, started_at, heartbeat)
		VALUES (:version, :statement, :digest, :cursor, :first, :last, :rows, :size, :state, :now, :now)`, c.values(cur))
}

func (c cursors) Advance(ctx context.Context, from int64, cur backfill.Cursor) error {
	values := c.values(cur)
	values["from"] = from
	moved, err := c.ledger.execCount(ctx, `UPDATE migrate_backfills SET "cursor" = :cursor, last_key = :last, rows_done = :rows,
		batch_size = :size, state = :state, heartbeat = :now
		WHERE version = :version AND statement = :statement AND "cursor" = :from`, values)
	if err != nil {
		return fmt.Errorf("move the cursor of %s: %w", c.m.Name, err)
	}
	if moved != 1 {
		return fmt.Errorf("move the cursor of %s: another run has moved it", c.m.Name)
	}
	return nil
}

func (c cursors) values(cur backfill.Cursor) map[string]any {
	values := c.key()
	values["digest"], values["now"], values["state"] = c.s.Digest(), c.ledger.clock(), "running"
	values["cursor"], values["first"], values["last"] = cur.Key, cur.First, cur.Last
	values["rows"], values["size"] = cur.Rows, cur.Size
	if cur.Done {
		values["state"] = "done"
	}
	return values
}
