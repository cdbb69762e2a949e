package rehearse_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/expandcontract/migrate/rehearse/report"
)

// shop has a parent, its child, and a table by itself.
var shop = []string{
	`CREATE TABLE customers (id int PRIMARY KEY, email text, note text)`,
	`CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers, amount int, code varchar(10))`,
	`CREATE INDEX orders_amount ON orders (amount)`,
	`CREATE TABLE items (id int PRIMARY KEY, order_id int, customer_id int)`,
	`INSERT INTO customers SELECT i, 'c' || i || '@example.com', 'secret-' || i FROM generate_series(1, 200) i`,
	`INSERT INTO orders SELECT i, i % 200 + 1, i, 'x' || i FROM generate_series(1, 2000) i`,
	`INSERT INTO items SELECT i, i % 2000 + 1, i % 200 + 1 FROM generate_series(1, 1000) i`,
}

func TestLocksByMode(t *testing.T) {
	t.Parallel()
	r := run(t, files{"0001_a.pre.sql": `
ALTER TABLE items ADD COLUMN note text;`,
		"0002_b.pre.sql": `
ALTER TABLE items ADD FOREIGN KEY (order_id) REFERENCES orders;`,
		"0003_c.pre.sql": `
CREATE INDEX items_customer ON items (customer_id);`,
		"0004_d.pre.sql": `
CREATE TABLE fresh (id int PRIMARY KEY, amount int);
CREATE INDEX fresh_amount ON fresh (amount);
INSERT INTO fresh SELECT id, amount FROM orders;`,
		"0005_e.pre.sql": `
DROP TABLE orders CASCADE;`,
	}, shop...)
	wantVerdict(t, r, report.Pass)
	for _, want := range []struct {
		file  string
		n     int
		locks []string
	}{
		{"0001_a.pre.sql", 1, []string{"items AccessExclusiveLock"}},
		{"0002_b.pre.sql", 1, []string{"items ShareRowExclusiveLock", "orders RowShareLock", "orders ShareRowExclusiveLock"}}, // RowShareLock: the check of the rows
		{"0003_c.pre.sql", 1, []string{"items ShareLock"}},
		{"0004_d.pre.sql", 1, []string{}},
		{"0004_d.pre.sql", 2, []string{}},
		{"0004_d.pre.sql", 3, []string{}},
	} {
		got := locks(statement(t, r, want.file, want.n))
		slices.Sort(got)
		if !slices.Equal(got, want.locks) {
			t.Errorf("%s statement %d: locks %q, want %q", want.file, want.n, got, want.locks)
		}
	}
	dropped := statement(t, r, "0005_e.pre.sql", 1)
	for _, want := range []string{"customers AccessExclusiveLock", "orders AccessExclusiveLock", "items AccessExclusiveLock"} {
		if !slices.Contains(locks(dropped), want) {
			t.Errorf("DROP TABLE orders: no %s in %q", want, locks(dropped))
		}
	}
	if !slices.Contains(dropped.Dropped, "table orders") {
		t.Errorf("dropped %q, want table orders in it", dropped.Dropped)
	}
	if created := statement(t, r, "0004_d.pre.sql", 1).Created; !slices.Contains(created, "table fresh") {
		t.Errorf("created %q, want table fresh in it", created)
	}
	for _, f := range r.Files {
		if !f.Committed {
			t.Errorf("%s is not noted as committed", f.Name)
		}
		for _, s := range f.Statements {
			for _, l := range s.Locks {
				if l.HeldMS < s.ElapsedMS || l.Sampled {
					t.Errorf("%s: %+v, held for less than the statement's %v ms or sampled", f.Name, l, s.ElapsedMS)
				}
			}
		}
	}
}

func TestRewrites(t *testing.T) {
	t.Parallel()
	r := run(t, files{"0001_a.post.sql": `
ALTER TABLE orders ALTER COLUMN amount TYPE bigint;
ALTER TABLE orders ALTER COLUMN code TYPE varchar(20);`}, shop...)
	wantVerdict(t, r, report.Pass)
	rewritten := slices.Sorted(slices.Values(statement(t, r, "0001_a.post.sql", 1).Rewrites))
	if want := []string{"index orders_amount", "index orders_pkey", "table orders"}; !slices.Equal(rewritten, want) {
		t.Errorf("int to bigint rewrote %q, want %q", rewritten, want)
	}
	if growth := statement(t, r, "0001_a.post.sql", 2); len(growth.Rewrites) > 0 {
		t.Errorf("a longer varchar rewrote %q, want nothing", growth.Rewrites)
	}
}

func TestBackfillIsCounted(t *testing.T) {
	t.Parallel()
	r := run(t, files{"0001_a.pre.sql": `
ALTER TABLE orders ADD COLUMN total text;
UPDATE orders SET code = 'y' WHERE id <= 7;`,
		"0001_a.backfill.sql": `
-- migrate:backfill table=orders key=id batch=500 when=before-push
UPDATE orders SET total = repeat('x', 200) WHERE id > :lo AND id <= :hi AND total IS NULL;`}, shop...)
	wantVerdict(t, r, report.Pass)
	if s := statement(t, r, "0001_a.pre.sql", 2); s.Rows != 7 {
		t.Errorf("UPDATE counted %d rows, want 7", s.Rows)
	}
	s := statement(t, r, "0001_a.backfill.sql", 1)
	if !s.Backfill || s.Rows != 2000 {
		t.Errorf("backfill %v of %d rows, want true and 2000", s.Backfill, s.Rows)
	}
	if s.SizeDelta < 2000*200 || s.WALBytes < 2000*200 {
		t.Errorf("size %+d and WAL %d bytes after 2000 rows grew by 200, want at least 400000", s.SizeDelta, s.WALBytes)
	}
}

func TestConcurrentIndexIsSampled(t *testing.T) {
	t.Parallel()
	r := run(t, files{"0001_a.pre.sql": `
CREATE INDEX CONCURRENTLY customers_long ON customers (slow(id));
ALTER TABLE items ADD COLUMN note text;`}, append(slices.Clone(shop), `CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql
		AS $$ BEGIN PERFORM pg_sleep(0.002); RETURN $1; END $$`)...)
	wantVerdict(t, r, report.Pass)
	s := statement(t, r, "0001_a.pre.sql", 1)
	if !slices.Contains(locks(s), "customers ShareUpdateExclusiveLock") {
		t.Errorf("locks %q, want ShareUpdateExclusiveLock on customers", locks(s))
	}
	for _, l := range s.Locks {
		if !l.Sampled || l.HeldMS <= 0 {
			t.Errorf("%+v: want a sampled lock with a time", l)
		}
	}
	if !slices.Contains(s.Created, "index customers_long") {
		t.Errorf("created %q, want index customers_long", s.Created)
	}
	// What can run in a transaction is not sampled, also in such a file.
	if s = statement(t, r, "0001_a.pre.sql", 2); !slices.Contains(locks(s), "items AccessExclusiveLock") || s.Locks[0].Sampled {
		t.Errorf("locks %+v, want AccessExclusiveLock on items, not sampled", s.Locks)
	}
}

func TestNothingPending(t *testing.T) {
	t.Parallel()
	r := run(t, files{}, shop...)
	wantVerdict(t, r, report.Pass)
	if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, "nothing was pending") {
		t.Errorf("notes %q, want one that nothing was pending", notes)
	}
}

func TestLongFileInOneTransaction(t *testing.T) {
	t.Parallel()
	r := run(t, files{"0001_a.pre.sql": strings.Repeat("UPDATE items SET order_id = 1 WHERE id = 1;\n", 300)}, shop...)
	wantVerdict(t, r, report.Pass)
	if n := len(r.Files[0].Statements); n != 300 {
		t.Errorf("%d statements in the report, want 300", n)
	}
	if got := locks(statement(t, r, "0001_a.pre.sql", 300)); len(got) != 0 {
		t.Errorf("the last statement took %q, want nothing that was not held before", got)
	}
}
