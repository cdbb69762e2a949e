package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
)

// Prepare has the server parse a query without running it. A query that returns
// rows is then asked for none of them, with NULL for each parameter, because only
// an executed query names its result columns to the client.
func (db *DB) Prepare(ctx context.Context, sql string) ([]migrator.Column, error) {
	err := db.interruptible(ctx, func(ctx context.Context) error {
		statement, err := db.conn.PrepareContext(ctx, sql)
		if err != nil {
			return err
		}
		return statement.Close()
	})
	if err != nil {
		return nil, serverError(err, sql)
	}
	if words := sqltext.Words(sqltext.MySQL, sql, 1); len(words) == 0 || words[0] != "SELECT" && words[0] != "WITH" {
		return nil, nil
	}
	return db.describe(ctx, sql)
}

func (db *DB) describe(ctx context.Context, sql string) (columns []migrator.Column, err error) {
	empty, ok := withoutRows(sql)
	if !ok {
		return nil, nil
	}
	if _, err := db.Exec(ctx, "SET SESSION sql_select_limit = 0"); err != nil {
		return nil, err
	}
	defer func() {
		_, resetErr := db.Exec(context.WithoutCancel(ctx), "SET SESSION sql_select_limit = DEFAULT")
		err = errors.Join(err, resetErr)
	}()
	err = db.interruptible(ctx, func(ctx context.Context) error {
		rows, err := db.conn.QueryContext(ctx, empty, nil)
		if err != nil {
			return err
		}
		columns = columnsOf(rows)
		return rows.Close()
	})
	var refused *migrator.ServerError
	if errors.As(serverError(err, empty), &refused) {
		// NULL will not do for a parameter here; the server has parsed the query all the same.
		return nil, nil
	}
	return columns, err
}

func columnsOf(rows driver.Rows) []migrator.Column {
	types := typesOf(rows)
	columns := make([]migrator.Column, len(types))
	for i, name := range rows.Columns() {
		columns[i] = migrator.Column{Name: name, Type: strings.ToLower(types[i])}
	}
	return columns
}

// withoutRows puts NULL in the place of each parameter, 0 behind LIMIT and OFFSET.
// A locking SELECT is not run.
func withoutRows(sql string) (string, bool) {
	lexer := sqltext.NewLexer(sqltext.MySQL, sql)
	var text strings.Builder
	last := ""
	for {
		token, err := lexer.Next()
		if errors.Is(err, io.EOF) {
			return text.String(), true
		}
		if err != nil {
			return "", false
		}
		word := strings.ToUpper(token.Text)
		switch {
		case token.Kind == sqltext.Placeholder && (last == "LIMIT" || last == "OFFSET" || last == ","):
			text.WriteString("0")
		case token.Kind == sqltext.Placeholder:
			text.WriteString("NULL")
		case last == "FOR" && (word == "UPDATE" || word == "SHARE"):
			return "", false
		default:
			text.WriteString(token.Text)
		}
		if token.Kind == sqltext.Word || token.Kind == sqltext.Operator {
			last = word
		}
	}
}
