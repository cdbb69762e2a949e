package mysql

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/phases"
)

// autoIncrement is the part of a table's definition that writes to it change.
var autoIncrement = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// absent are the numbers with which the server says that there is no such table,
// database, trigger, routine or event.
var absent = map[string]bool{"1146": true, "1049": true, "1360": true, "1305": true, "1539": true, "4091": true, "1051": true}

// State is the server's own text of an object, "" when there is none. DDL of these
// servers is atomic (MySQL manual, "Atomic Data Definition Statement Support";
// MariaDB 10.6 and newer), so a statement took effect when, and only when, the
// states of what it touches have changed.
func (db *DB) State(ctx context.Context, o phases.Object) (string, error) {
	show, ok := shows[o.Kind]
	if !ok {
		return "", fmt.Errorf("%w: %s", migrator.ErrNoState, o.Kind)
	}
	rows, err := db.Query(ctx, "SHOW CREATE "+show+" "+qualified(o))
	var refused *migrator.ServerError
	if errors.As(err, &refused) && absent[refused.Code] {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look at %s %s: %w", o.Kind, o.Name, err)
	}
	var text strings.Builder
	for _, value := range rows[0] {
		fmt.Fprintln(&text, value)
	}
	return autoIncrement.ReplaceAllString(text.String(), ""), nil
}

// shows are the kinds of objects that SHOW CREATE knows. It shows views and
// MariaDB's sequences as tables too, so that a name is enough.
var shows = map[phases.Kind]string{
	phases.Table: "TABLE", phases.View: "TABLE", phases.Sequence: "TABLE", phases.Trigger: "TRIGGER", phases.Event: "EVENT",
	phases.Procedure: "PROCEDURE", phases.Function: "FUNCTION", phases.Schema: "DATABASE",
}

func qualified(o phases.Object) string {
	name := sqltext.MySQL.QuoteIdent(o.Name)
	if o.Schema == "" {
		return name
	}
	return sqltext.MySQL.QuoteIdent(o.Schema) + "." + name
}
