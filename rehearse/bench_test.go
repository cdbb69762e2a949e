package rehearse_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/expandcontract/migrate/rehearse"
	"github.com/expandcontract/migrate/rehearse/report"
	"github.com/expandcontract/migrate/rehearse/sandbox"
)

// Sizes of the generated database.
const (
	benchRows  = 1_000_000
	shortRows  = 2_000
	benchPairs = 5
	benchLimit = 1.10 // of the plain floor
)

// benchStatements are what both sides run, each file in one transaction but the
// last, which needs autocommit.
var benchStatements = []struct {
	file       string
	statements []string
}{
	{"0001_a.pre.sql", []string{
		`ALTER TABLE orders ADD COLUMN state text`,
		`CREATE TABLE notes (id int PRIMARY KEY, order_id int)`,
		`UPDATE orders SET state = 'open' WHERE id % 5 = 0`,
		`CREATE INDEX orders_customer ON orders (customer_id)`}},
	{"0002_b.pre.sql", []string{`CREATE INDEX CONCURRENTLY orders_code ON orders (code)`}},
	{"0003_c.post.sql", []string{
		`ALTER TABLE orders ALTER COLUMN amount TYPE bigint`,
		`ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers`,
		`ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL`}},
}

func benchSnapshot(tb testing.TB, rows int) string {
	return snapshot(tb,
		`CREATE TABLE customers (id int PRIMARY KEY, email text)`,
		fmt.Sprintf(`INSERT INTO customers SELECT i, 'c' || i || '@example.com' FROM generate_series(1, %d) i`, rows/10),
		`CREATE TABLE orders (id int PRIMARY KEY, customer_id int, amount int, code text, note text)`,
		fmt.Sprintf(`INSERT INTO orders SELECT i, i %% %d + 1, i, md5(i::text), repeat('x', i %% 100) FROM generate_series(1, %d) i`, rows/10, rows))
}

// plain is the floor: the same server, restore and statements, unobserved. The
// server is as durable as in a rehearsal.
func plain(tb testing.TB, options sandbox.Options, path string) time.Duration {
	tb.Helper()
	ctx := tb.Context()
	started := time.Now()
	snap, err := sandbox.Inspect(path)
	if err != nil {
		tb.Fatal(err)
	}
	options.Product, options.Version = snap.Product, snap.Version
	server, err := sandbox.Start(ctx, options)
	if err != nil {
		tb.Fatal(err)
	}
	if err := plainStatements(ctx, server, snap); err != nil {
		tb.Error(err)
	}
	if err := server.Close(context.WithoutCancel(ctx)); err != nil {
		tb.Error(err)
	}
	return time.Since(started)
}

func plainStatements(ctx context.Context, server *sandbox.Server, snap sandbox.Snapshot) error {
	if err := server.Restore(ctx, snap, "plain"); err != nil {
		return err
	}
	if err := server.SetDurable(ctx); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, server.URL("plain"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, f := range benchStatements {
		sql := f.statements
		if len(sql) > 1 {
			sql = append(append([]string{"BEGIN"}, sql...), "COMMIT")
		}
		for _, s := range sql {
			if _, err := conn.Exec(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
	}
	return nil
}

func benchConfig(tb testing.TB) rehearse.Config {
	f := files{}
	for _, b := range benchStatements {
		for _, s := range b.statements {
			f[b.file] += s + ";\n"
		}
	}
	return config(tb, f)
}

// observed is a whole rehearsal's time.
func observed(tb testing.TB, c rehearse.Config, path string) time.Duration {
	tb.Helper()
	started := time.Now()
	r := rehearse.Run(tb.Context(), c, path)
	took := time.Since(started)
	wantVerdict(tb, r, report.Pass)
	if len(r.Files) != len(benchStatements) {
		tb.Fatalf("%d files ran, want %d", len(r.Files), len(benchStatements))
	}
	return took
}

func median(times []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(times))[len(times)/2]
}

// BenchmarkRehearsalOverhead compares a rehearsal with the plain floor, in turns:
// go test ./rehearse -run '^$' -bench RehearsalOverhead -benchtime 1x
func BenchmarkRehearsalOverhead(b *testing.B) {
	rows := benchRows
	if text := os.Getenv("MIGRATE_BENCH_ROWS"); text != "" {
		var err error
		if rows, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	path, c := benchSnapshot(b, rows), benchConfig(b)
	for b.Loop() {
		var floor, whole []time.Duration
		for i := range benchPairs {
			// Whoever comes second finds warmer caches, so they take turns.
			if i%2 == 0 {
				floor, whole = append(floor, plain(b, c.Sandbox, path)), append(whole, observed(b, c, path))
			} else {
				whole, floor = append(whole, observed(b, c, path)), append(floor, plain(b, c.Sandbox, path))
			}
			b.Logf("pair %d: plain %v, rehearsal %v", i+1, floor[i].Round(time.Millisecond), whole[i].Round(time.Millisecond))
		}
		ratio := float64(median(whole)) / float64(median(floor))
		b.Logf("%d rows: plain %v, rehearsal %v, ratio %.3f", rows, median(floor), median(whole), ratio)
		b.ReportMetric(ratio, "ratio")
		b.ReportMetric(median(floor).Seconds(), "plain-s")
		b.ReportMetric(median(whole).Seconds(), "rehearsal-s")
		if rows >= benchRows && ratio > benchLimit {
			b.Errorf("a rehearsal takes %.3f of the plain floor's time, want at most %.2f", ratio, benchLimit)
		}
	}
}

// TestBenchmarkSides runs both sides of the benchmark once, on few rows.
func TestBenchmarkSides(t *testing.T) {
	t.Parallel()
	path, c := benchSnapshot(t, shortRows), benchConfig(t)
	t.Logf("plain %v, rehearsal %v", plain(t, c.Sandbox, path), observed(t, c, path))
}
