package migrator

import (
	"context"
	"fmt"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/phases"
)

// CopyError is the server's refusal to change a table without stopping the
// application's writes to it.
type CopyError struct {
	Table string // as the statement writes it
	Err   error
}

func (e *CopyError) Error() string {
	return fmt.Sprintf("the server cannot do this while %s is written to: %v", e.Table, e.Err)
}

func (e *CopyError) Unwrap() error { return e.Err }

// Hint names the ways out.
func (e *CopyError) Hint() string {
	return "take the steps that expand and contract instead (a new column, a backfill, a switch), or, where writes to " + e.Table +
		" may wait, say so in the statement: ALGORITHM=COPY, LOCK=SHARED, or ALGORITHM=INPLACE, LOCK=SHARED where that is enough"
}

// send runs one statement. While applications are live, a change of a table on
// MySQL or MariaDB that does not choose for itself is tried with the clauses that
// make the server refuse what would block writes; an empty table blocks nobody.
func (m *Migrator) send(ctx context.Context, s *migrations.Statement) (int64, error) {
	if m.DB.Dialect() != sqltext.MySQL || m.offline {
		return m.DB.Exec(ctx, m.text(s))
	}
	ways := phases.Online(s.Text)
	if len(ways) == 0 {
		return m.DB.Exec(ctx, m.text(s))
	}
	var refusal error
	for _, way := range ways {
		affected, err := m.DB.Exec(ctx, way)
		if refused, ok := AsServerError(err); !ok || refused.Kind != KindAlgorithm {
			return affected, err
		}
		refusal = err
	}
	name := tableName(phases.Touched(phases.Effects(sqltext.MySQL, s.Text)))
	rows, err := m.DB.Query(ctx, "SELECT 1 FROM "+name+" LIMIT 1")
	if err != nil {
		return 0, err
	}
	if len(rows) > 0 {
		return 0, &CopyError{Table: name, Err: refusal}
	}
	return m.DB.Exec(ctx, s.Text)
}

// tableName is the first of the objects, quoted.
func tableName(objects []phases.Object) string {
	if len(objects) == 0 {
		return ""
	}
	name := sqltext.MySQL.QuoteIdent(objects[0].Name)
	if objects[0].Schema != "" {
		name = sqltext.MySQL.QuoteIdent(objects[0].Schema) + "." + name
	}
	return name
}

// text is the statement as it is sent. LOCK TABLES takes the ledger along: under
// it the session may use no other table (1100), and the count must go on.
func (m *Migrator) text(s *migrations.Statement) string {
	if phases.OnSession(m.DB.Dialect(), s.Text) == phases.LocksTables {
		return s.Text + "\n, migrate_versions WRITE, migrate_backfills WRITE"
	}
	return s.Text
}
