// Package drivers opens databases by the scheme of their URL. What a server can
// do is in the package of its driver; what the tool needs of one is declared by
// package migrator.
package drivers

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/expandcontract/migrate/drivers/mysql"
	"github.com/expandcontract/migrate/drivers/postgres"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
)

// ErrURL means that a database's URL cannot be used. The error never repeats the
// URL, since it may hold a password.
var ErrURL = errors.New("unusable database URL")

// errParse does not wrap url.Error, which repeats its input.
var errParse = fmt.Errorf("%w: it does not parse; special characters in a password are written %%XX", ErrURL)

// Dialect is that of the server a URL names; it connects to nothing.
func Dialect(raw string) (sqltext.Dialect, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errParse
	}
	switch u.Scheme {
	case "postgres", "postgresql":
		return sqltext.Postgres, nil
	case "mysql", "mariadb":
		return sqltext.MySQL, nil
	case "":
		return "", fmt.Errorf("%w: no scheme, want postgres://user@host/database or mysql://user@host/database", ErrURL)
	default:
		return "", fmt.Errorf("%w: unknown scheme %q, want postgres:// or mysql://", ErrURL, u.Scheme)
	}
}

// Open connects to the database that the URL names. The caller closes it. Errors
// name host, port, database and user, never the password.
func Open(ctx context.Context, raw string) (migrator.Database, error) {
	dialect, err := Dialect(raw)
	if err != nil {
		return nil, err
	}
	if dialect == sqltext.MySQL {
		return opened(mysql.Open(ctx, raw))
	}
	return opened(postgres.Open(ctx, raw))
}

// opened keeps a nil *DB from becoming an interface that is not nil, and tells a
// URL that cannot be used from a server that cannot be reached.
func opened[T migrator.Database](db T, err error) (migrator.Database, error) {
	switch {
	case err == nil:
		return db, nil
	case errors.Is(err, postgres.ErrOptions), errors.Is(err, mysql.ErrOptions), errors.Is(err, mysql.ErrNoDatabase):
		return nil, fmt.Errorf("%w: %w", ErrURL, err)
	default:
		return nil, err
	}
}
