package main

import (
	"context"
	"os"
)

// trafficCmd is `shop traffic`.
type trafficCmd struct {
	URL    string `help:"Database of the shop." env:"DATABASE_URL" required:""`
	Orders int    `help:"Orders that are there." env:"SHOP_ORDERS" default:"1000000"`
	Socket string `help:"Socket on which it takes pushes." default:"shop.sock"`
}

// Run serves until interrupted, then prints the counts.
func (c *trafficCmd) Run(ctx context.Context) error {
	app, err := StartApp(ctx, c.URL, c.Orders)
	if err != nil {
		return err
	}
	defer app.Stop()
	stop, err := app.Serve(ctx, c.Socket)
	if err != nil {
		return err
	}
	defer stop()
	<-ctx.Done()
	app.Stats.Tell(newTeller(os.Stdout))
	return nil
}
