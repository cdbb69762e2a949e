// Package main is the example shop: a small app in an old and a new version, its database, the traffic
// its customers make, and the demonstration that renames a column of a million rows under that traffic.
// It shows how migrate is used (scenario "half and half" of README.md) and is no part of the tool: it
// runs the migrate binary like any team's release script would.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line of the shop.
type cli struct {
	Demo     demoCmd     `cmd:"" help:"Run the whole demonstration on a throw-away server."`
	Generate generateCmd `cmd:"" help:"Fill a database that holds the shop's schema with one client's data."`
	Snapshot snapshotCmd `cmd:"" help:"Dump a database in pg_dump's custom format."`
	Traffic  trafficCmd  `cmd:"" help:"Send requests of the shop's app to a database until interrupted."`
	Push     pushCmd     `cmd:"" help:"Replace the running app's old instances by new ones, half and half."`
	Naive    naiveCmd    `cmd:"" help:"Rename the column in one statement, as one would without migrate."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var shop cli
	parsed := kong.Parse(&shop, kong.Name("shop"),
		kong.Description("The example shop of migrate."), kong.UsageOnError())
	parsed.BindTo(ctx, (*context.Context)(nil))
	err := parsed.Run()
	stop()
	parsed.FatalIfErrorf(err)
}
