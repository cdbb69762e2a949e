package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// naiveCmd is `shop naive`.
type naiveCmd struct {
	URL string `help:"Database of the shop." env:"DATABASE_URL" required:""`
}

// Run renames the column in one statement.
func (c *naiveCmd) Run(ctx context.Context) error { return renameNaively(ctx, c.URL) }

func renameNaively(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("rename: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "ALTER TABLE orders RENAME COLUMN addr TO shipping_address"); err != nil {
		return fmt.Errorf("rename: %w", err)
	}
	return nil
}
