// Package drivers opens databases by the scheme of their URL. What a server can
// do is in the package of its driver; what the tool needs of one is declared by
// package migrator.
package drivers

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/expandcontract/migrate/drivers/postgres"
	"github.com/expandcontract/migrate/migrator"
)

// ErrURL means that a database's URL cannot be used. The error never repeats the
// URL, since it may hold a password.
var ErrURL = errors.New("unusable database URL")

// Open connects to the database that the URL names. The caller closes it. Errors
// name host, port, database and user, never the password.
func Open(ctx context.Context, raw string) (migrator.Database, error) {
	u, err := url.Parse(raw)
	if err != nil {
		// url.Error repeats its input.
		return nil, fmt.Errorf("%w: it does not parse; special characters in a password are written %%XX", ErrURL)
	}
	switch u.Scheme {
	case "postgres", "postgresql":
		db, err := postgres.Open(ctx, raw)
		if errors.Is(err, postgres.ErrOptions) {
			return nil, fmt.Errorf("%w: %w", ErrURL, err)
		}
		if err != nil {
			return nil, err
		}
		return db, nil
	case "":
		return nil, fmt.Errorf("%w: no scheme, want postgres://user@host/database", ErrURL)
	default:
		return nil, fmt.Errorf("%w: unknown scheme %q, want postgres://", ErrURL, u.Scheme)
	}
}
