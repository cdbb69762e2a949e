package postgres

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/expandcontract/migrate/migrator"
)

// SQLSTATEs of data that breaks a rule (PostgreSQL manual, appendix A, class 23).
const (
	notNullViolation    = "23502"
	foreignKeyViolation = "23503"
	uniqueViolation     = "23505"
	checkViolation      = "23514"
)

// Offenders finds the rows that made the server refuse a statement: the total and
// the keys of the first limit of them. It must be asked in the state that the
// statement met. It returns nil where the server's error does not tell enough.
func (db *DB) Offenders(ctx context.Context, refused *migrator.ServerError, limit int) (*migrator.Offenders, error) {
	if refused.Table == "" {
		return nil, nil
	}
	table := quote(refused.Schema, refused.Table)
	condition, problem, err := db.offence(ctx, table, refused)
	if err != nil || condition == "" {
		return nil, err
	}
	o := &migrator.Offenders{Table: strings.TrimPrefix(refused.Schema+"."+refused.Table, "public."), Problem: problem}
	if o.Columns, err = db.keyColumns(ctx, table); err != nil {
		return nil, err
	}
	if err := db.findOffenders(ctx, o, table, condition, limit); err != nil {
		return nil, fmt.Errorf("find the rows of %s that break %s: %w", table, problem, err)
	}
	if o.Total == 0 {
		return nil, nil
	}
	return o, nil
}

// offence is a condition on alias t that holds for the offending rows, in words too.
func (db *DB) offence(ctx context.Context, table string, refused *migrator.ServerError) (condition, problem string, err error) {
	switch refused.Code {
	case notNullViolation:
		return "t." + quote(refused.Column) + " IS NULL", refused.Column + " is NULL", nil
	case uniqueViolation:
		keys := detailKeys(refused.Detail)
		if keys == "" {
			return "", "", nil
		}
		return fmt.Sprintf("(%[1]s) IN (SELECT %[1]s FROM %[2]s GROUP BY %[1]s HAVING count(*) > 1)", keys, table), "duplicate (" + keys + ")", nil
	case checkViolation:
		expression, err := db.checkExpression(ctx, table, refused.Constraint)
		if expression == "" {
			return "", "", err
		}
		return "NOT (" + expression + ")", "violates check " + refused.Constraint, nil
	case foreignKeyViolation:
		return db.orphans(ctx, table, refused)
	}
	return "", "", nil
}

// detailKeys reads the columns or expressions out of "Key (a, lower(b))=(...)".
func detailKeys(detail string) string {
	match := regexp.MustCompile(`^Key \((.*?)\)=\(`).FindStringSubmatch(detail)
	if match == nil {
		return ""
	}
	return match[1]
}

func (db *DB) checkExpression(ctx context.Context, table, constraint string) (string, error) {
	rows, err := db.Query(ctx, `SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint
		WHERE conrelid = $1::text::regclass AND conname = $2 AND contype = 'c'`, table, constraint)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0][0].(string), nil
}

// orphans takes the child's columns and the parent from the server's detail, which
// does not name the parent's columns.
func (db *DB) orphans(ctx context.Context, table string, refused *migrator.ServerError) (condition, problem string, err error) {
	match := regexp.MustCompile(`^Key \((.*?)\)=\(.* is not present in table "(.*)"\.$`).FindStringSubmatch(refused.Detail)
	if match == nil {
		return "", "", nil
	}
	child, parent := strings.Split(match[1], ", "), match[2]
	rows, err := db.parentKey(ctx, table, refused.Constraint, parent, child)
	if err != nil || len(rows) == 0 {
		return "", "", err
	}
	keys := strings.Split(rows[0][1].(string), ",")
	if len(keys) != len(child) {
		return "", "", nil
	}
	var given, same []string
	for i := range child {
		column := "t." + quote(child[i]) // the detail names columns without quotes
		given = append(given, column+" IS NOT NULL")
		same = append(same, "p."+keys[i]+" = "+column)
	}
	return fmt.Sprintf("%s AND NOT EXISTS (SELECT FROM %s p WHERE %s)", strings.Join(given, " AND "), rows[0][0], strings.Join(same, " AND ")),
		match[1] + " has no row in " + parent, nil
}

// parentKey is the table that a foreign key refers to and the columns there. When
// the constraint is not in the catalogue they are those of the one unique key that
// fits the child's columns in number and category of type (pg_type.typcategory);
// where several fit none is returned: the wrong rows would be named.
func (db *DB) parentKey(ctx context.Context, table, constraint, parent string, child []string) ([][]any, error) {
	rows, err := db.Query(ctx, `SELECT c.confrelid::regclass::text, string_agg(quote_ident(a.attname), ',' ORDER BY k.place)
		FROM pg_constraint c CROSS JOIN unnest(c.confkey) WITH ORDINALITY AS k(attnum, place)
		JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.attnum
		WHERE c.conrelid = $1::text::regclass AND c.conname = $2 AND c.contype = 'f' GROUP BY c.confrelid`, table, constraint)
	if err != nil || len(rows) > 0 {
		return rows, err
	}
	rows, err = db.Query(ctx, `SELECT p.oid::regclass::text, string_agg(quote_ident(a.attname), ',' ORDER BY k.place)
		FROM pg_class p JOIN pg_index i ON i.indrelid = p.oid AND i.indisunique AND i.indpred IS NULL AND i.indnkeyatts = i.indnatts
		CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
		JOIN pg_attribute a ON a.attrelid = p.oid AND a.attnum = k.attnum JOIN pg_type pt ON pt.oid = a.atttypid
		JOIN unnest($3::text[]) WITH ORDINALITY AS c(name, place) ON c.place = k.place
		JOIN pg_attribute ca ON ca.attrelid = $2::text::regclass AND ca.attname = c.name JOIN pg_type ct ON ct.oid = ca.atttypid
		WHERE p.relname = $1 AND pg_table_is_visible(p.oid) AND i.indnkeyatts = cardinality($3::text[])
		GROUP BY p.oid, i.indexrelid HAVING bool_and(pt.typcategory = ct.typcategory) AND count(*) = cardinality($3::text[])`,
		parent, table, child)
	if len(rows) != 1 {
		return nil, err
	}
	return rows, err
}

// keyColumns are the primary key's, else the row's physical place.
func (db *DB) keyColumns(ctx context.Context, table string) ([]string, error) {
	rows, err := db.Query(ctx, `SELECT a.attname::text FROM pg_index i
		CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
		WHERE i.indrelid = $1::text::regclass AND i.indisprimary ORDER BY k.place`, table)
	if err != nil {
		return nil, fmt.Errorf("read the primary key of %s: %w", table, err)
	}
	columns := []string{}
	for _, row := range rows {
		columns = append(columns, row[0].(string))
	}
	if len(columns) == 0 {
		columns = []string{"ctid"}
	}
	return columns, nil
}

func (db *DB) findOffenders(ctx context.Context, o *migrator.Offenders, table, condition string, limit int) error {
	var keys []string
	for _, column := range o.Columns {
		keys = append(keys, "t."+quote(column)+"::text")
	}
	counted, err := db.Query(ctx, fmt.Sprintf("SELECT count(*) FROM %s t WHERE %s", table, condition))
	if err != nil {
		return err
	}
	o.Total = counted[0][0].(int64)
	rows, err := db.Query(ctx, fmt.Sprintf("SELECT %s FROM %s t WHERE %s ORDER BY t.%s LIMIT %d",
		strings.Join(keys, ", "), table, condition, quote(o.Columns[0]), limit))
	for _, row := range rows {
		var key []string
		for _, value := range row {
			key = append(key, fmt.Sprint(value))
		}
		o.Keys = append(o.Keys, key)
	}
	return err
}
