// Package bench compares the runner with a peer. It is a module of its own, so
// that the peer is no dependency of the product.
package bench

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { sandboxtest.Main(m) }

// How much is compared: files of one table each, and rounds, of which the median counts.
const (
	files  = 1000
	rounds = 9
)

// BenchmarkAgainstGoose runs the same files with both, in turns. The server does not
// sync its log: a disk's hundredth part of a second more or less per commit, which
// both pay as often, would drown what is compared.
func BenchmarkAgainstGoose(b *testing.B) {
	var ours, theirs, noops []time.Duration
	var commits, peerCommits []int64
	round := func() {
		url := sandboxtest.Database(b)
		ours = append(ours, timed(b, func() error { return runMigrate(b.Context(), url) }))
		commits = append(commits, committed(b, url))
		noops = append(noops, timed(b, func() error { return runMigrate(b.Context(), url) }))
	}
	peerRound := func() {
		url := sandboxtest.Database(b)
		theirs = append(theirs, timed(b, func() error { return runGoose(b.Context(), url) }))
		peerCommits = append(peerCommits, committed(b, url))
	}
	for i := range rounds {
		if i%2 == 0 {
			round()
		}
		peerRound()
		if i%2 == 1 {
			round()
		}
	}
	b.ReportMetric(0, "ns/op")
	// Of neighbouring runs, so that what else the machine does weighs on both.
	var ratios []float64
	for i := range ours {
		ratios = append(ratios, ours[i].Seconds()/theirs[i].Seconds())
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "time/goose")
	b.ReportMetric(float64(slices.Min(ours))/float64(slices.Min(theirs)), "best/goose")
	b.ReportMetric(float64(slices.Max(commits))/files, "commits/file")
	b.ReportMetric(float64(slices.Max(peerCommits))/files, "goose-commits/file")
	b.ReportMetric(float64(median(noops).Microseconds())/1000, "noop-ms")
	b.Logf("migrate %v, goose %v; commits %v, goose %v; no-op %v", ours, theirs, commits, peerCommits, noops)
}

func timed(b *testing.B, run func() error) time.Duration {
	b.Helper()
	started := time.Now()
	if err := run(); err != nil {
		b.Fatal(err)
	}
	return time.Since(started)
}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// runMigrate does what the command up does, from reading the files on.
func runMigrate(ctx context.Context, url string) error {
	set, err := migrations.Load(source("%05d_t.pre.sql", ""), "migrations", sqltext.Postgres)
	if err != nil {
		return err
	}
	db, err := drivers.Open(ctx, url)
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	_, err = migrator.New(migrator.Options{DB: db, Set: set, Log: slog.New(slog.DiscardHandler), LockTimeout: migrator.DefaultLockTimeout,
		LockBudget: migrator.DefaultLockBudget, Wait: migrator.DefaultWait, Who: "bench"}).Run(ctx, migrator.CmdUp)
	return err
}

// runGoose does the same through goose's own provider, with its advisory lock off
// as by default.
func runGoose(ctx context.Context, url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, source("%05d_t.sql", "-- +goose Up\n"))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

func source(name, header string) fs.FS {
	fsys := fstest.MapFS{}
	for i := 1; i <= files; i++ {
		fsys[fmt.Sprintf(name, i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "%sCREATE TABLE t%d (id bigint PRIMARY KEY, name text NOT NULL, made timestamptz DEFAULT now());\n", header, i)}
	}
	return fsys
}

// committed is how many transactions the database has seen, its own connection's
// left out. Sessions report theirs when they end.
func committed(b *testing.B, url string) int64 {
	b.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	var n int64
	time.Sleep(1500 * time.Millisecond)
	if err := db.QueryRow("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()").Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}
