package mysql

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
)

// Offenders finds the rows that made the server refuse a statement: the total and
// the keys of the first limit of them. It must be asked in the state that the
// statement met. It returns nil where the server's error does not tell enough:
// a constraint that was to be added is in no catalogue, so its columns come from
// the statement, which is the caller's.
func (db *DB) Offenders(ctx context.Context, refused *migrator.ServerError, limit int) (*migrator.Offenders, error) {
	if refused.Table == "" {
		return nil, nil
	}
	table := sqltext.MySQL.QuoteIdent(refused.Table)
	condition, problem := offence(table, refused)
	if condition == "" {
		return nil, nil
	}
	o := &migrator.Offenders{Table: refused.Table, Problem: problem}
	var err error
	if o.Columns, err = db.keyColumns(ctx, refused.Table); err != nil || len(o.Columns) == 0 {
		return nil, err
	}
	if err := db.findOffenders(ctx, o, table, condition, limit); err != nil {
		return nil, fmt.Errorf("find the rows of %s that break %s: %w", refused.Table, problem, err)
	}
	if o.Total == 0 {
		return nil, nil
	}
	return o, nil
}

// offence is a condition on alias t that holds for the offending rows, in words too.
func offence(table string, refused *migrator.ServerError) (condition, problem string) {
	add := refused.Detail // the clause that the statement adds, see locate
	switch refused.Code {
	case fmt.Sprint(invalidNull), fmt.Sprint(dataTruncated), fmt.Sprint(columnNotNull):
		if refused.Column == "" {
			return "", ""
		}
		return "t." + sqltext.MySQL.QuoteIdent(refused.Column) + " IS NULL", refused.Column + " is NULL"
	case fmt.Sprint(duplicateEntry), fmt.Sprint(duplicateEntryMA):
		if add == "" {
			return "", ""
		}
		return fmt.Sprintf("(%[1]s) IN (SELECT %[1]s FROM %[2]s GROUP BY %[1]s HAVING count(*) > 1)", add, table), "duplicate (" + add + ")"
	case fmt.Sprint(noParentRow):
		return orphans(refused)
	case fmt.Sprint(checkViolated), fmt.Sprint(checkViolatedMA):
		if add == "" {
			return "", ""
		}
		return "NOT (" + add + ")", "violates check " + refused.Constraint
	}
	return "", ""
}

var foreignKey = regexp.MustCompile("FOREIGN KEY \\(([^)]*)\\) REFERENCES (`[^`]*`(?:\\.`[^`]*`)?) \\(([^)]*)\\)")

// orphans reads the foreign key out of the server's message.
func orphans(refused *migrator.ServerError) (condition, problem string) {
	match := foreignKey.FindStringSubmatch(refused.Message)
	if match == nil {
		return "", ""
	}
	child, parent := strings.Split(match[1], ", "), strings.Split(match[3], ", ")
	if len(child) != len(parent) {
		return "", ""
	}
	var given, same []string
	for i := range child {
		given = append(given, "t."+child[i]+" IS NOT NULL")
		same = append(same, "p."+parent[i]+" = t."+child[i])
	}
	return fmt.Sprintf("%s AND NOT EXISTS (SELECT 1 FROM %s p WHERE %s)", strings.Join(given, " AND "), match[2], strings.Join(same, " AND ")),
		strings.ReplaceAll(match[1], "`", "") + " has no row in " + strings.ReplaceAll(match[2], "`", "")
}

func (db *DB) keyColumns(ctx context.Context, table string) ([]string, error) {
	rows, err := db.Query(ctx, `SELECT column_name FROM information_schema.statistics
		WHERE table_schema = database() AND table_name = ? AND index_name = 'PRIMARY' ORDER BY seq_in_index`, table)
	if err != nil {
		return nil, fmt.Errorf("read the primary key of %s: %w", table, err)
	}
	var columns []string
	for _, row := range rows {
		columns = append(columns, text(row[0]))
	}
	return columns, nil
}

func (db *DB) findOffenders(ctx context.Context, o *migrator.Offenders, table, condition string, limit int) error {
	var keys []string
	for _, column := range o.Columns {
		keys = append(keys, "CAST(t."+sqltext.MySQL.QuoteIdent(column)+" AS CHAR)")
	}
	counted, err := db.Query(ctx, fmt.Sprintf("SELECT count(*) FROM %s t WHERE %s", table, condition))
	if err != nil {
		return err
	}
	o.Total, _ = counted[0][0].(int64)
	rows, err := db.Query(ctx, fmt.Sprintf("SELECT %s FROM %s t WHERE %s ORDER BY t.%s LIMIT %d",
		strings.Join(keys, ", "), table, condition, sqltext.MySQL.QuoteIdent(o.Columns[0]), limit))
	for _, row := range rows {
		var key []string
		for _, value := range row {
			key = append(key, fmt.Sprint(value))
		}
		o.Keys = append(o.Keys, key)
	}
	return err
}
