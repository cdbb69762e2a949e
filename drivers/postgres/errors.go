package postgres

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/expandcontract/migrate/migrator"
)

// SQLSTATEs that callers act on (PostgreSQL manual, appendix A).
const (
	lockNotAvailable = "55P03"
	queryCanceled    = "57014"
	invalidPassword  = "28P01"
	invalidAuth      = "28000"
	unknownDatabase  = "3D000"
)

// serverError makes the server's own refusal a *migrator.ServerError and leaves
// other errors as they are.
func serverError(err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return err
	}
	e := &migrator.ServerError{Kind: migrator.KindOther, Code: refused.Code, Message: refused.Message, Detail: refused.Detail,
		Hint: refused.Hint, Position: int(refused.Position), Schema: refused.SchemaName, Table: refused.TableName,
		Column: refused.ColumnName, Constraint: refused.ConstraintName}
	switch refused.Code {
	case lockNotAvailable:
		e.Kind = migrator.KindLockTimeout
	case queryCanceled:
		e.Kind = migrator.KindCancelled
	}
	return e
}

// behind moves the position of a server's error to the left, by what stood ahead of
// the statement.
func behind(ahead int, err error) error {
	if refused, ok := migrator.AsServerError(err); ok && refused.Position > ahead {
		refused.Position -= ahead
	}
	return err
}

// connectError words a failed connection without the URL.
func connectError(config *pgx.ConnConfig, err error) error {
	where := fmt.Sprintf("connect to PostgreSQL at %s:%d, database %s, as %s", config.Host, config.Port, config.Database, config.User)
	reason, hint := err.Error(), "check the host and port of --url or DATABASE_URL, and that the server is running"
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		reason, hint = refused.Message, connectHint(refused.Code)
	} else if i := strings.LastIndex(reason, ": "); i >= 0 {
		reason = reason[i+2:]
	}
	if config.Password != "" {
		reason = strings.ReplaceAll(reason, config.Password, "***")
	}
	return &migrator.ConnectError{Message: where + ": " + reason, Next: hint, Err: serverError(err)}
}

func connectHint(code string) string {
	switch code {
	case invalidPassword, invalidAuth:
		return "check the user and password of --url or DATABASE_URL"
	case unknownDatabase:
		return "create the database, or check its name in --url or DATABASE_URL"
	default:
		return "check --url or DATABASE_URL"
	}
}
