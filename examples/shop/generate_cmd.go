package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
)

// generateCmd is `shop generate`.
type generateCmd struct {
	URL    string `help:"Database to fill; change 0001 must be applied." env:"DATABASE_URL" required:""`
	Client string `help:"Whose data: acme or globex." default:"acme"`
	Orders int    `help:"Number of orders." env:"SHOP_ORDERS" default:"1000000"`
}

// Run fills the database and prints what was planted in it.
func (c *generateCmd) Run(ctx context.Context) error {
	client, err := ClientNamed(c.Client, c.Orders)
	if err != nil {
		return err
	}
	return generateInto(ctx, newTeller(os.Stdout), c.URL, client)
}

// generateInto generates the client's data in the database at url and says what it did.
func generateInto(ctx context.Context, tell *teller, url string, client Client) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("generate client %s: %w", client.Name, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	began := time.Now()
	if err := Generate(ctx, conn, client); err != nil {
		return err
	}
	tell.Say("%s: %s orders in %.1f s", client.Name, thousands(client.Orders), time.Since(began).Seconds())
	for _, pair := range client.Planted() {
		tell.Say("  planted: orders %d and %d share reference %s", pair.First, pair.Second, pair.Reference)
	}
	return nil
}
