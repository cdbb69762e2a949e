package main

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse/sandbox/sandboxtest"
)

const testOrders = 2000

func TestMain(m *testing.M) { sandboxtest.Main(m) }

// shop makes a client's database as the release before left it.
func shop(t *testing.T, name string) string {
	t.Helper()
	url := sandboxtest.Database(t)
	migrate(t, url, migrator.CmdUp, "1")
	client, err := ClientNamed(name, testOrders)
	if err != nil {
		t.Fatal(err)
	}
	if err := generateInto(t.Context(), newTeller(io.Discard), url, client); err != nil {
		t.Fatal(err)
	}
	return url
}

// migrate runs a phase of the shop's migrations up to a version.
func migrate(t *testing.T, url string, cmd migrator.Command, to string) {
	t.Helper()
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	set, err := migrations.Load(sub, "migrations", sqltext.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	version, err := migrations.ParseVersion(to)
	if err != nil {
		t.Fatal(err)
	}
	db, err := drivers.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	m := migrator.New(migrator.Options{DB: db, Set: set, To: version, Log: slog.New(slog.DiscardHandler),
		LockTimeout: migrator.DefaultLockTimeout, LockBudget: migrator.DefaultLockBudget})
	if _, err := m.Run(t.Context(), cmd); err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
}

func value[T any](t *testing.T, url, query string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var v T
	if err := conn.QueryRow(t.Context(), query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func TestGenerateGivesTheSameRowsEachTime(t *testing.T) {
	const fingerprint = `SELECT md5(string_agg(o::text, '|' ORDER BY id)) FROM (SELECT id, customer_id, reference, addr, status, total_cents, placed_at FROM orders) o`
	first, second, another := shop(t, acmeName), shop(t, acmeName), shop(t, globexName)
	a, b, c := value[string](t, first, fingerprint), value[string](t, second, fingerprint), value[string](t, another, fingerprint)
	if a != b {
		t.Error("the same client gives other rows the second time")
	}
	if a == c {
		t.Error("two clients have the same rows")
	}
	if n := value[int](t, another, `SELECT count(*) - count(DISTINCT reference) FROM orders`); n != 5 {
		t.Errorf("globex holds %d duplicates, want the 5 planted ones", n)
	}
}

// Old and new servers write all the while; whatever they do, both columns agree
// and no request fails.
func TestRenameUnderTraffic(t *testing.T) {
	url := shop(t, acmeName)
	app, err := StartApp(t.Context(), url, testOrders)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Stop()
	const differing = `SELECT count(*) FROM orders WHERE addr IS DISTINCT FROM shipping_address`
	migrate(t, url, migrator.CmdPre, "2")
	migrate(t, url, migrator.CmdBackfill, "2")
	if n := value[int](t, url, differing); n != 0 {
		t.Errorf("%d orders differ after the backfill, under old writers", n)
	}
	if err := app.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := value[int](t, url, differing); n != 0 {
		t.Errorf("%d orders differ after the push, under new writers", n)
	}
	migrate(t, url, migrator.CmdPost, "3")
	app.Stop()
	if app.Stats.Requests(Old) == 0 || app.Stats.Requests(New) == 0 {
		t.Errorf("requests: %d old, %d new", app.Stats.Requests(Old), app.Stats.Requests(New))
	}
	if n := app.Stats.Failed(); n != 0 {
		t.Errorf("%d requests failed: %v", n, app.Stats.failures)
	}
	if n := value[int](t, url, `SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'addr'`); n != 0 {
		t.Error("the old column is still there")
	}
}

func TestNaiveRenameFailsRequests(t *testing.T) {
	url := shop(t, acmeName)
	app, err := StartApp(t.Context(), url, testOrders)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Stop()
	if err := renameNaively(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if err := app.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	app.Stop()
	if app.Stats.Failed() == 0 {
		t.Error("no request failed")
	}
}
