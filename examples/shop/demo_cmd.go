package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/expandcontract/migrate/rehearse/sandbox"
)

// demoCmd is `shop demo`, which `make demo` runs.
type demoCmd struct {
	Migrate string `help:"The migrate binary." default:"bin/migrate" type:"existingfile"`
	Orders  int    `help:"Orders in production." env:"SHOP_ORDERS" default:"1000000"`
	Engine  string `help:"Where servers run: auto, docker or local." default:"auto" enum:"auto,docker,local"`
	Out     string `help:"Where the rehearsals' reports go." default:"reports"`
}

// demo is one telling of the story. Its production is a throw-away server.
type demo struct {
	tell    *teller
	migrate string
	engine  string
	out     string
	acme    Client
	globex  Client
	server  *sandbox.Server
	work    string // checkout of the shop, snapshots, socket
	broken  int    // promises that did not hold
}

// Names of the demonstration's databases.
const (
	production = "shop"
	copied     = "naive"
	other      = "globex"
)

// Run tells the story and fails when a promise did not hold. Nothing but the
// reports is left behind, also after Ctrl-C.
func (c *demoCmd) Run(ctx context.Context) (err error) {
	d, err := c.prepare()
	if err != nil {
		return err
	}
	began := time.Now()
	defer func() { err = errors.Join(err, d.clean(ctx)) }()
	steps := []func(context.Context) error{d.start, d.snapshots, d.rehearse, d.compat, d.release, d.naive}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.tell.Say("")
	d.tell.Say("done in %.0f s; the rehearsals' reports are in %s", time.Since(began).Seconds(), d.out)
	if d.broken > 0 {
		return fmt.Errorf("%d promises did not hold", d.broken)
	}
	return nil
}

func (c *demoCmd) prepare() (*demo, error) {
	acme, err := ClientNamed(acmeName, c.Orders)
	if err != nil {
		return nil, err
	}
	globex, err := ClientNamed(globexName, max(100, c.Orders/10))
	if err != nil {
		return nil, err
	}
	binary, err := filepath.Abs(c.Migrate)
	if err != nil {
		return nil, err
	}
	out, err := filepath.Abs(c.Out)
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "shop-")
	if err != nil {
		return nil, err
	}
	return &demo{tell: newTeller(os.Stdout), migrate: binary, engine: c.Engine, out: out, acme: acme, globex: globex, work: work},
		unpack(filepath.Join(work, "checkout"))
}

func (d *demo) clean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	err := os.RemoveAll(d.work)
	if d.server != nil {
		err = errors.Join(err, d.server.Close(ctx))
	}
	return err
}

// start makes production as the release before left it.
func (d *demo) start(ctx context.Context) error {
	d.tell.Step("A shop in production, with the schema of its last release")
	server, err := sandbox.Start(ctx, sandbox.Options{Engine: sandbox.Kind(d.engine), Version: sandbox.Version{Major: 15}, Durable: true})
	if err != nil {
		return err
	}
	d.server, d.engine = server, string(server.Engine())
	d.tell.Say("server: %s", server.Describe())
	first := filepath.Join(d.work, "released")
	if err := unpackFirst(first); err != nil {
		return err
	}
	for database, client := range map[string]Client{production: d.acme, other: d.globex} {
		if err := server.CreateDatabase(ctx, database); err != nil {
			return err
		}
		if err := d.run(ctx, database, exitOK, "--dir", first, "up"); err != nil {
			return err
		}
		if err := generateInto(ctx, d.tell, server.URL(database), client); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) dump(client string) string { return filepath.Join(d.work, client+".dump") }

// snapshots dumps both clients, and keeps a copy of production for the last step.
func (d *demo) snapshots(ctx context.Context) error {
	d.tell.Step("Thursday: a snapshot of each client's data")
	for database, client := range map[string]string{production: acmeName, other: globexName} {
		path := d.dump(client)
		if err := d.server.Dump(ctx, database, path); err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		d.tell.Say("%s: %.1f MB", filepath.Base(path), float64(info.Size())/1e6)
	}
	conn, err := pgx.Connect(ctx, d.server.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", copied, production))
	return err
}

// compat proves that either version's queries run on the schemas they meet.
func (d *demo) compat(ctx context.Context) error {
	d.tell.Step("In CI: do old queries live on the new schema, and new ones on what is left?")
	err := d.run(ctx, production, exitOK, "compat", "--engine", d.engine, "--server", "postgres15", "--from", "1")
	d.promise(err == nil, "old code runs before and after pre, new code before and after post")
	return nil
}

// release renames the column under traffic.
func (d *demo) release(ctx context.Context) error {
	d.tell.Step("Sunday, by day: the release to acme, while customers shop")
	stats, err := d.underTraffic(ctx, production, func(ctx context.Context, socket string) error {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		return d.run(ctx, production, exitOK, "release", "--", self, "push", "--socket", socket)
	})
	if err != nil {
		return err
	}
	stats.Tell(d.tell)
	d.promise(stats.Failed() == 0, "no request failed")
	d.promise(stats.Slow() == 0, "no request took longer than 500 ms")
	d.promise(stats.Requests(Old) > 0 && stats.Requests(New) > 0, "both versions served customers")
	return nil
}

// naive does the same in one statement, on a copy.
func (d *demo) naive(ctx context.Context) error {
	d.tell.Step("The same rename in one ALTER TABLE, on a copy, with the same push")
	stats, err := d.underTraffic(ctx, copied, func(ctx context.Context, socket string) error {
		if err := renameNaively(ctx, d.server.URL(copied)); err != nil {
			return err
		}
		return (&pushCmd{Socket: socket}).Run(ctx)
	})
	if err != nil {
		return err
	}
	stats.Tell(d.tell)
	if stats.Failed() == 0 {
		d.promise(false, "the naive way fails requests")
	}
	return nil
}

// underTraffic runs fn while the app serves, with two seconds of traffic before
// and after it.
func (d *demo) underTraffic(ctx context.Context, database string, fn func(ctx context.Context, socket string) error) (*Stats, error) {
	app, err := StartApp(ctx, d.server.URL(database), d.acme.Orders)
	if err != nil {
		return nil, err
	}
	defer app.Stop()
	socket := filepath.Join(d.work, database+".sock")
	stop, err := app.Serve(ctx, socket)
	if err != nil {
		return nil, err
	}
	defer stop()
	time.Sleep(2 * time.Second)
	if err := fn(ctx, socket); err != nil {
		return nil, err
	}
	time.Sleep(2 * time.Second)
	return app.Stats, ctx.Err()
}

// promise notes whether something held.
func (d *demo) promise(held bool, words string) {
	if held {
		d.tell.Kept("%s", words)
		return
	}
	d.broken++
	d.tell.Broken("%s", words)
}
