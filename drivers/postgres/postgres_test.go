package postgres_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/drivers/postgres"
	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { sandboxtest.Main(m) }

func open(t *testing.T, url string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close(context.Background()) })
	return db
}

func execute(t *testing.T, db *postgres.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func value(t *testing.T, db *postgres.DB, sql string, args ...any) any {
	t.Helper()
	rows, err := db.Query(t.Context(), sql, args...)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%s: %v, %v", sql, rows, err)
	}
	return rows[0][0]
}

// refusal is the server's refusal of a statement.
func refusal(t *testing.T, db *postgres.DB, sql string) *migrator.ServerError {
	t.Helper()
	_, err := db.Exec(t.Context(), sql)
	refused, ok := migrator.AsServerError(err)
	if !ok {
		t.Fatalf("%s: %v, want a refusal", sql, err)
	}
	return refused
}

func TestOpenErrorsHoldNoPassword(t *testing.T) {
	good, err := url.Parse(sandboxtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") // a port that nobody serves once it is closed
	if err != nil {
		t.Fatal(err)
	}
	dead := listener.Addr().String()
	listener.Close()
	const secret = "s3cret-geheim"
	with := func(change func(u *url.URL)) string {
		u := *good
		u.User = url.UserPassword(good.User.Username(), secret)
		change(&u)
		return u.String()
	}
	tests := []struct{ name, url, want string }{
		{"wrong password", with(func(*url.URL) {}), "password authentication failed"},
		{"nobody listens", with(func(u *url.URL) { u.Host = dead }), dead},
		{"no such user", with(func(u *url.URL) { u.User = url.UserPassword("nobody", secret) }), "as nobody"},
		{"bad option", with(func(u *url.URL) { u.RawQuery = "sslmode=geheim" }), ""},
		{"bad timeout", with(func(u *url.URL) { u.RawQuery = "connect_timeout=x" }), ""},
		{"bad escape", "postgres://u:" + secret + "%zz@h/db", ""},
		{"bad port", "postgres://u:" + secret + "@h:port/db", ""},
		{"bad host", "postgres://u:" + secret + "@[::1/db", ""},
		{"other scheme", "oracle://u:" + secret + "@h/db", "oracle"},
		{"MySQL without a database", "mysql://u:" + secret + "@h", "no database"},
		{"no scheme", "u:" + secret + "@h/db", ""},
		{"password in the query", "postgres://" + dead + "/db?user=u&password=" + secret, dead},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := drivers.Open(t.Context(), test.url)
			if err == nil {
				t.Fatal("no error")
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if e == err && (strings.Contains(e.Error(), secret) || !strings.Contains(e.Error(), test.want)) {
					t.Errorf("error is %q, want %q in it and no password", e, test.want)
				}
			}
		})
	}
	missing := *good
	missing.Path = "/nowhere"
	_, err = drivers.Open(t.Context(), missing.String())
	if err == nil || !strings.Contains(err.Error(), `database "nowhere" does not exist`) {
		t.Errorf("error is %v", err)
	}
}

func TestServerErrors(t *testing.T) {
	db := open(t, sandboxtest.Database(t))
	execute(t, db, "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL CONSTRAINT positive CHECK (n > 0))", "INSERT INTO t VALUES (1, 1)")
	tests := []struct {
		sql  string
		want migrator.ServerError
	}{
		{"INSERT INTO t VALUES (1, 1)", migrator.ServerError{Code: "23505", Table: "t", Schema: "public", Constraint: "t_pkey"}},
		{"INSERT INTO t VALUES (2)", migrator.ServerError{Code: "23502", Table: "t", Schema: "public", Column: "n"}},
		{"INSERT INTO t VALUES (2, 0)", migrator.ServerError{Code: "23514", Table: "t", Schema: "public", Constraint: "positive"}},
		{"SELECT 1 FROM nowhere", migrator.ServerError{Code: "42P01", Position: 15}},
		{"SELEC 1", migrator.ServerError{Code: "42601", Position: 1}},
	}
	for _, test := range tests {
		got := *refusal(t, db, test.sql)
		if got.Message == "" || got.Kind != migrator.KindOther {
			t.Errorf("%s: %+v", test.sql, got)
		}
		got.Message, got.Detail, got.Hint, got.Kind = "", "", "", ""
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s:\n%s", test.sql, diff)
		}
	}
}

func TestTimeoutsHaveKinds(t *testing.T) {
	database := sandboxtest.Database(t)
	db, holder := open(t, database), open(t, database)
	execute(t, holder, "CREATE TABLE t (id int)", "BEGIN", "LOCK TABLE t")
	if err := db.SetTimeouts(t.Context(), 10*time.Millisecond, 0); err != nil {
		t.Fatal(err)
	}
	if refused := refusal(t, db, "SELECT FROM t"); refused.Kind != migrator.KindLockTimeout {
		t.Errorf("a lock timeout is %+v", refused)
	}
	if err := db.SetTimeouts(t.Context(), 0, 10*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if refused := refusal(t, db, "SELECT FROM t"); refused.Kind != migrator.KindCancelled {
		t.Errorf("a statement timeout is %+v", refused)
	}
}

func TestInTx(t *testing.T) {
	db := open(t, sandboxtest.Database(t))
	execute(t, db, "CREATE TABLE t (id int)")
	insert := func(n string) error { _, err := db.Exec(t.Context(), "INSERT INTO t VALUES ("+n+")"); return err }
	if err := db.InTx(t.Context(), func() error { return insert("1") }); err != nil {
		t.Fatal(err)
	}
	mine := errors.New("mine")
	if err := db.InTx(t.Context(), func() error { return errors.Join(insert("2"), mine) }); !errors.Is(err, mine) {
		t.Errorf("error is %v, want fn's", err)
	}
	err := db.InTx(t.Context(), func() error { _ = insert("3"); _ = insert("'x'"); return nil })
	if err == nil || !strings.Contains(err.Error(), "rolled back") {
		t.Errorf("a COMMIT that became a ROLLBACK: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = db.InTx(ctx, func() error { cancel(); return insert("4") })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before COMMIT: %v", err)
	}
	execute(t, db, "CREATE TABLE deferred (id int PRIMARY KEY, p int REFERENCES deferred DEFERRABLE INITIALLY DEFERRED)")
	err = db.InTx(t.Context(), func() error { _, err := db.Exec(t.Context(), "INSERT INTO deferred VALUES (1, 9)"); return err })
	if refused, ok := migrator.AsServerError(err); !ok || refused.Code != "23503" {
		t.Errorf("a COMMIT that is refused: %v", err)
	}
	if value(t, db, "SELECT string_agg(id::text, ',') FROM t") != "1" || value(t, db, "SELECT count(*) FROM deferred") != int64(0) {
		t.Error("more than the first transaction stayed")
	}
	// Outside a transaction now: this is refused inside one.
	execute(t, db, "CREATE INDEX CONCURRENTLY ON t (id)")
}

func TestCancelledContextKeepsSession(t *testing.T) {
	database := sandboxtest.Database(t)
	db, watch := open(t, database), open(t, database)
	execute(t, db, "CREATE TABLE t (id int)")
	backend := db.Backend()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- db.InTx(ctx, func() error {
			if _, err := db.Exec(ctx, "INSERT INTO t VALUES (1)"); err != nil {
				return err
			}
			_, err := db.Exec(ctx, "SELECT pg_sleep(600)")
			return err
		})
	}()
	for value(t, watch, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'") != int64(1) {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if refused, ok := migrator.AsServerError(<-done); !ok || refused.Kind != migrator.KindCancelled {
		t.Errorf("error is %v, want a cancelled statement", refused)
	}
	if got := value(t, db, "SELECT pg_backend_pid()"); got != int64(backend) {
		t.Errorf("the session is %v, want the same %d", got, backend)
	}
	if got := value(t, db, "SELECT count(*) FROM t"); got != int64(0) {
		t.Errorf("%v rows stayed", got)
	}
	if _, err := db.Query(ctx, "SELECT 1"); !errors.Is(err, context.Canceled) {
		t.Errorf("a query with a context that is done: %v", err)
	}
	execute(t, db, "SELECT 1")
}

func TestQueryNormalisesTypes(t *testing.T) {
	db := open(t, sandboxtest.Database(t))
	at := time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC)
	tests := []struct {
		sql  string
		want any
	}{
		{"1::smallint", int64(1)}, {"2::int", int64(2)}, {"3::bigint", int64(3)}, {"4::oid", int64(4)},
		{"1.5::real", 1.5}, {"2.5::double precision", 2.5},
		{"12.340::numeric(8,3)", "12.340"}, {"'NaN'::numeric", "NaN"}, {"12345678901234567890::numeric", "12345678901234567890"},
		{"true", true}, {"NULL", nil}, {"NULL::int", nil}, {"'x'::text", "x"}, {"'y'::varchar(3)", "y"}, {"'z'::name", "z"},
		{"'\\x00ff'::bytea", []byte{0, 255}},
		{"'0b0e3c1a-7d4f-4a3e-8f15-0123456789ab'::uuid", "0b0e3c1a-7d4f-4a3e-8f15-0123456789ab"},
		{"'2024-02-29 13:30:00+01'::timestamptz", at}, {"'2024-02-29 12:30:00'::timestamp", at},
		{"'2024-02-29'::date", at.Truncate(24 * time.Hour)},
		{"ARRAY['a','b']::text[]", "{a,b}"}, {"ARRAY[1,NULL]::int[]", "{1,NULL}"}, {"'infinity'::timestamptz", "infinity"},
		{"'{\"a\": 1}'::jsonb", `{"a":1}`}, {"'{\"a\":1}'::json", `{"a":1}`},
		{"'2 days 03:00'::interval", "2 day 03:00:00"}, {"'10.0.0.1'::inet", "10.0.0.1/32"}, {"'13:14'::time", "13:14:00.000000"},
	}
	for _, test := range tests {
		got := value(t, db, "SELECT "+test.sql)
		if stamp, ok := got.(time.Time); ok {
			got = stamp.UTC()
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s:\n%s", test.sql, diff)
		}
	}
	if got := value(t, db, "SELECT $1::bigint + $2::int", int64(40), 2); got != int64(42) {
		t.Errorf("with arguments: %v", got)
	}
	rows, err := db.Query(t.Context(), "SELECT 1 WHERE false")
	if err != nil || len(rows) != 0 {
		t.Errorf("no rows: %v, %v", rows, err)
	}
}

func TestTryLock(t *testing.T) {
	database := sandboxtest.Database(t)
	first, second := open(t, database), open(t, database)
	try := func(db *postgres.DB, name string, want bool) {
		t.Helper()
		if got, err := db.TryLock(t.Context(), name); err != nil || got != want {
			t.Fatalf("TryLock(%s) = %v, %v, want %v", name, got, err, want)
		}
	}
	try(first, "a", true)
	try(second, "a", false)
	try(second, "b", true)
	if err := first.Unlock(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	try(second, "a", true)
	try(open(t, sandboxtest.Database(t)), "a", true) // another database
	if err := second.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.Unlock(t.Context(), "a"); err != nil {
		t.Errorf("unlock on a closed session: %v", err)
	}
	for { // the server notices the closed session soon
		if got, err := first.TryLock(t.Context(), "a"); err != nil || got {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
	}
}

func TestEmpty(t *testing.T) {
	db := open(t, sandboxtest.Database(t))
	empty := func(want bool) {
		t.Helper()
		if got, err := db.Empty(t.Context()); err != nil || got != want {
			t.Errorf("Empty = %v, %v, want %v", got, err, want)
		}
	}
	empty(true)
	execute(t, db, "CREATE TABLE migrate_versions (id int)")
	empty(true)
	execute(t, db, "CREATE SCHEMA s", "CREATE VIEW s.v AS SELECT 1")
	empty(false)
	execute(t, db, "DROP SCHEMA s CASCADE", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
	empty(false)
}

func TestMarkBackfillEndsWithTransaction(t *testing.T) {
	db := open(t, sandboxtest.Database(t))
	const setting = "SELECT coalesce(current_setting('migrate.backfill', true), '')"
	err := db.InTx(t.Context(), func() error {
		if err := db.MarkBackfill(t.Context()); err != nil {
			return err
		}
		if got := value(t, db, setting); got != "on" {
			t.Errorf("inside: %v", got)
		}
		return nil
	})
	if got := value(t, db, setting); err != nil || got != "" {
		t.Errorf("afterwards: %v, %v", got, err)
	}
}

func TestLocks(t *testing.T) {
	database := sandboxtest.Database(t)
	db, watch := open(t, database), open(t, database)
	execute(t, db, "CREATE TABLE parent (id int PRIMARY KEY)", "CREATE TABLE child (id int, p int)", "CREATE SCHEMA s", "CREATE TABLE s.t (id int)")
	tests := []struct {
		sql  string
		want []string
	}{
		{"ALTER TABLE child ADD COLUMN x int", []string{"child AccessExclusiveLock"}},
		{"ALTER TABLE s.t ADD COLUMN x int", []string{"s.t AccessExclusiveLock"}},
		{"ALTER TABLE child ADD FOREIGN KEY (p) REFERENCES parent", []string{"child ShareRowExclusiveLock", "parent ShareRowExclusiveLock"}},
		{"CREATE INDEX ON child (p)", []string{"child ShareLock"}},
		{"UPDATE child SET p = p", []string{"child RowExclusiveLock"}},
		{"SELECT FROM child", nil},
	}
	for _, test := range tests {
		execute(t, db, "BEGIN", test.sql)
		for _, from := range []*postgres.DB{db, watch} {
			locks, err := from.Locks(t.Context(), db.Backend())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, l := range locks {
				if l.Relation == "parent" || l.Relation == "child" || l.Relation == "s.t" {
					got = append(got, l.Relation+" "+l.Mode)
				}
			}
			slices.Sort(got)
			for _, want := range test.want {
				if !slices.Contains(got, want) {
					t.Errorf("%s: locks are %v, want %s among them", test.sql, got, want)
				}
			}
			if test.want == nil && got != nil {
				t.Errorf("%s: locks are %v, want none", test.sql, got)
			}
		}
		execute(t, db, "ROLLBACK")
	}
}

func TestRelationsShowRewrites(t *testing.T) {
	db := open(t, sandboxtest.Database(t))
	execute(t, db, "CREATE TABLE t (id int PRIMARY KEY, n int, long text)", "INSERT INTO t SELECT g, g FROM generate_series(1, 1000) g")
	relations := func() map[string]migrator.Relation {
		t.Helper()
		all, err := db.Relations(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		byName := map[string]migrator.Relation{}
		for _, r := range all {
			byName[r.Name] = r
		}
		return byName
	}
	before := relations()
	if r := before["t"]; r.Kind != "table" || r.Bytes == 0 || r.FileNode == 0 || r.Owner != "" {
		t.Errorf("the table is %+v", r)
	}
	if r := before["t_pkey"]; r.Kind != "index" || r.Owner != "t" {
		t.Errorf("its index is %+v", r)
	}
	execute(t, db, "ALTER TABLE t ADD COLUMN cheap int DEFAULT 1")
	if after := relations(); after["t"].FileNode != before["t"].FileNode {
		t.Error("a column with a constant default is shown as a rewrite")
	}
	execute(t, db, "ALTER TABLE t ALTER COLUMN n TYPE bigint")
	after := relations()
	if after["t"].FileNode == before["t"].FileNode || after["t"].ID != before["t"].ID || after["t_pkey"].FileNode == before["t_pkey"].FileNode {
		t.Errorf("a rewrite is not shown: %+v, then %+v", before["t"], after["t"])
	}
	some, err := db.Relations(t.Context(), before["t"].ID, 4_000_000_000)
	if err != nil || len(some) != 1 || some[0].Name != "t" {
		t.Errorf("by number: %v, %v", some, err)
	}
}

func TestPrepare(t *testing.T) {
	db := open(t, sandboxtest.Database(t))
	execute(t, db, "CREATE TABLE t (id bigint PRIMARY KEY, name text, born date, price numeric(8,2))", "CREATE TYPE mood AS ENUM ('ok')")
	columns, err := db.Prepare(t.Context(), "SELECT id, name AS n, born, price, 'ok'::mood AS m FROM t WHERE id = $1")
	if err != nil || len(columns) != 5 {
		t.Fatalf("%v, %v", columns, err)
	}
	if diff := cmp.Diff([]migrator.Column{{Name: "id", Type: "int8"}, {Name: "n", Type: "text"}, {Name: "born", Type: "date"},
		{Name: "price", Type: "numeric"}}, columns[:4]); diff != "" {
		t.Error(diff)
	}
	if columns, err := db.Prepare(t.Context(), "UPDATE t SET name = $1"); err != nil || len(columns) != 0 {
		t.Errorf("an UPDATE: %v, %v", columns, err)
	}
	for sql, code := range map[string]string{"SELECT nothing FROM t": "42703", "SELECT 1 FROM nowhere": "42P01", "INSERT INTO t (nothing) VALUES (1)": "42703"} {
		_, err := db.Prepare(t.Context(), sql)
		if refused, ok := migrator.AsServerError(err); !ok || refused.Code != code {
			t.Errorf("%s: %v, want %s", sql, err, code)
		}
	}
}

func TestOffenders(t *testing.T) {
	db := open(t, sandboxtest.Database(t))
	execute(t, db, `CREATE TABLE parent (id int PRIMARY KEY, code text UNIQUE)`, `CREATE TABLE "Child" (id int PRIMARY KEY, email text, "Qty" int, p int)`,
		`INSERT INTO parent VALUES (1, 'a@x')`,
		`INSERT INTO "Child" VALUES (1, 'a@x', 1, 1), (2, 'A@x', 2, 1), (3, NULL, 3, 7), (4, NULL, -4, 8), (5, 'b@x', -5, NULL), (6, 'a@x', NULL, 1)`,
		`CREATE TABLE keyless (n int)`, `INSERT INTO keyless VALUES (NULL)`, `CREATE SCHEMA s`,
		`CREATE TABLE s.two (a int, b int, c int, PRIMARY KEY (a, b))`, `INSERT INTO s.two VALUES (1, 2, NULL), (1, 3, 4)`)
	tests := []struct {
		name    string
		before  []string
		sql     string
		columns []string
		keys    [][]string
	}{
		{"not null", nil, `ALTER TABLE "Child" ALTER COLUMN email SET NOT NULL`, []string{"id"}, [][]string{{"3"}, {"4"}}},
		{"unique", nil, `CREATE UNIQUE INDEX ON "Child" (email)`, []string{"id"}, [][]string{{"1"}, {"6"}}},
		{"unique expression", nil, `CREATE UNIQUE INDEX ON "Child" (lower(email))`, []string{"id"}, [][]string{{"1"}, {"2"}, {"6"}}},
		{"unique, columns", nil, `ALTER TABLE "Child" ADD UNIQUE (email, p)`, []string{"id"}, [][]string{{"1"}, {"6"}}},
		{"foreign key", nil, `ALTER TABLE "Child" ADD FOREIGN KEY (p) REFERENCES parent`, []string{"id"}, [][]string{{"3"}, {"4"}}},
		{"foreign key, not valid", []string{`ALTER TABLE "Child" ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES parent NOT VALID`},
			`ALTER TABLE "Child" VALIDATE CONSTRAINT fk`, []string{"id"}, [][]string{{"3"}, {"4"}}},
		{"foreign key in one step, another column", nil, `ALTER TABLE "Child" ADD FOREIGN KEY (email) REFERENCES parent (code)`,
			[]string{"id"}, [][]string{{"2"}, {"5"}}},
		{"foreign key of a quoted column", nil, `ALTER TABLE "Child" ADD FOREIGN KEY ("Qty") REFERENCES parent`,
			[]string{"id"}, [][]string{{"2"}, {"3"}, {"4"}, {"5"}}},
		{"foreign key, another column", []string{`ALTER TABLE "Child" ADD CONSTRAINT fk FOREIGN KEY (email) REFERENCES parent (code) NOT VALID`},
			`ALTER TABLE "Child" VALIDATE CONSTRAINT fk`, []string{"id"}, [][]string{{"2"}, {"5"}}},
		{"check, not valid", []string{`ALTER TABLE "Child" ADD CONSTRAINT c CHECK ("Qty" > 0) NOT VALID`},
			`ALTER TABLE "Child" VALIDATE CONSTRAINT c`, []string{"id"}, [][]string{{"4"}, {"5"}}},
		{"no primary key", nil, `ALTER TABLE keyless ALTER COLUMN n SET NOT NULL`, []string{"ctid"}, [][]string{{"(0,1)"}}},
		{"two columns, schema", nil, `ALTER TABLE s.two ALTER COLUMN c SET NOT NULL`, []string{"a", "b"}, [][]string{{"1", "2"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			execute(t, db, "BEGIN")
			defer execute(t, db, "ROLLBACK")
			execute(t, db, append(test.before, "SAVEPOINT probe")...)
			refused := refusal(t, db, test.sql)
			execute(t, db, "ROLLBACK TO SAVEPOINT probe")
			got, err := db.Offenders(t.Context(), refused, 10)
			if err != nil || got == nil {
				t.Fatalf("%v: offenders %v, %v", refused, got, err)
			}
			if got.Total != int64(len(test.keys)) || got.Problem == "" || !cmp.Equal(got.Keys, test.keys) || !cmp.Equal(got.Columns, test.columns) {
				t.Errorf("%+v, want %v %v", *got, test.columns, test.keys)
			}
			one, err := db.Offenders(t.Context(), refused, 1)
			if err != nil || len(one.Keys) != 1 || one.Total != got.Total {
				t.Errorf("limited to one: %+v, %v", one, err)
			}
			if strings.Contains(got.Problem, "@x") {
				t.Errorf("a value is in %q", got.Problem)
			}
		})
	}
	if got, err := db.Offenders(t.Context(), refusal(t, db, "SELECT 1 FROM nowhere"), 10); got != nil || err != nil {
		t.Errorf("an error that no row caused: %v, %v", got, err)
	}
}
