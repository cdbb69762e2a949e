package drivertest

import (
	stdcontext "context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/phases"
	"github.com/expandcontract/migrate/rehearse/compat"
)

// session proves what migrator.Conn and migrator.Database promise.
func (s suite) session(t *testing.T) {
	for name, test := range map[string]func(*testing.T, session, string){
		"values": s.values, "transactions": s.transactions, "cancel": s.cancel, "statement timeout": s.statementTimeout,
		"empty": s.empty, "backfill mark": s.mark, "server errors": s.serverErrors, "prepare": s.prepare, "state": s.state,
		"connect errors": s.connectErrors, "offenders": s.offenders,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := s.database(t)
			test(t, open(t, url), url)
		})
	}
}

func (s suite) values(t *testing.T, db session, _ string) {
	rows, err := db.Query(context(), s.sql(
		`SELECT 7, 7::bigint, 1.5::float8, 'text', NULL, '\x00ff'::bytea, 12.50::numeric, timestamp '2026-11-21 04:05:06.123456'`,
		`SELECT 7, CAST(7 AS SIGNED), 1.5e0, 'text', NULL, CAST(X'00ff' AS BINARY), CAST(12.50 AS DECIMAL(5,2)), TIMESTAMP'2026-11-21 04:05:06.123456'`))
	if err != nil {
		t.Fatal(err)
	}
	want := []any{int64(7), int64(7), 1.5, "text", nil, []byte{0, 255}, "12.50", time.Date(2026, 11, 21, 4, 5, 6, 123456000, time.UTC)}
	if diff := cmp.Diff(want, rows[0]); diff != "" {
		t.Error(diff)
	}
	sql, args, err := sqltext.Bind(s.dialect, s.sql("SELECT :a::text, :b::bigint, :a::text", "SELECT :a, CAST(:b AS SIGNED), :a"),
		map[string]any{"a": "x'\"\\", "b": int64(-1) << 63})
	if err != nil {
		t.Fatal(err)
	}
	rows, err = db.Query(context(), sql, args...)
	if err != nil || !cmp.Equal(rows[0], []any{`x'"\`, int64(-1) << 63, `x'"\`}) {
		t.Errorf("arguments come back as %v, %v", rows, err)
	}
}

func (s suite) transactions(t *testing.T, db session, _ string) {
	db.exec("CREATE TABLE t (n int PRIMARY KEY)")
	broken := errors.New("broken")
	err := db.InTx(context(), func() error {
		db.exec("INSERT INTO t VALUES (1)")
		return broken
	})
	if !errors.Is(err, broken) || db.value("SELECT count(*) FROM t") != int64(0) {
		t.Errorf("a failed transaction: %v, and %v rows", err, db.value("SELECT count(*) FROM t"))
	}
	err = db.InTx(context(), func() error {
		db.exec("INSERT INTO t VALUES (1)")
		_, err := db.Exec(context(), "INSERT INTO t VALUES (1)")
		return err
	})
	if _, ok := migrator.AsServerError(err); !ok || db.value("SELECT count(*) FROM t") != int64(0) {
		t.Errorf("a refused statement: %v, and %v rows", err, db.value("SELECT count(*) FROM t"))
	}
	if err := db.InTx(context(), func() error { db.exec("INSERT INTO t VALUES (1)"); return nil }); err != nil {
		t.Error(err)
	}
	affected, err := db.Exec(context(), "UPDATE t SET n = n")
	if err != nil || affected != 1 {
		t.Errorf("%d rows affected, %v; want those matched", affected, err)
	}
}

// busy is a query that runs for minutes and can be stopped at any moment.
func (s suite) busy() string {
	return s.sql("SELECT pg_sleep(120)",
		"SELECT count(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c, information_schema.columns d")
}

func (s suite) cancel(t *testing.T, db session, url string) {
	ctx, cancel := stdcontext.WithTimeout(context(), 300*time.Millisecond)
	defer cancel()
	started := time.Now()
	if _, err := db.Query(ctx, s.busy()); err == nil {
		t.Error("no error")
	}
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("stopped after %s", took)
	}
	if db.value("SELECT 1") != int64(1) {
		t.Error("the session is gone")
	}
	watch := open(t, url)
	watch.await(s.sql("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active')",
		"SELECT count(*) = 0 FROM information_schema.processlist WHERE db = database() AND id <> connection_id() AND command = 'Query'"))
}

func (s suite) statementTimeout(t *testing.T, db session, _ string) {
	if err := db.SetTimeouts(context(), time.Second, 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	_, err := db.Query(context(), s.busy())
	if refused, ok := migrator.AsServerError(err); !ok || refused.Kind != migrator.KindCancelled {
		t.Errorf("error is %v, want one of kind %s", err, migrator.KindCancelled)
	}
	if err := db.SetTimeouts(context(), 0, 0); err != nil || db.value("SELECT 1") != int64(1) {
		t.Errorf("the session is gone: %v", err)
	}
}

func (s suite) empty(t *testing.T, db session, _ string) {
	check := func(what string, want bool) {
		t.Helper()
		if got, err := db.Empty(context()); err != nil || got != want {
			t.Errorf("%s: empty is %v, %v", what, got, err)
		}
	}
	check("a new database", true)
	run(t, db, s.load(t, files{"1_a.pre.sql": "SELECT 1;"}), migrator.CmdUp)
	check("the ledger alone", true)
	db.exec("CREATE VIEW v AS SELECT 1 AS one")
	check("a view", false)
}

func (s suite) mark(t *testing.T, db session, _ string) {
	mark := s.sql("SELECT nullif(current_setting('migrate.backfill', true), '')", "SELECT @migrate_backfill")
	for _, end := range []error{nil, errors.New("broken")} {
		err := db.InTx(context(), func() error {
			if err := db.MarkBackfill(context()); err != nil {
				return err
			}
			if got := db.value(mark); got != "on" {
				t.Errorf("the mark is %v", got)
			}
			return end
		})
		if !errors.Is(err, end) || db.value(mark) != nil {
			t.Errorf("after a transaction that ended with %v (%v), the mark is %v", end, err, db.value(mark))
		}
	}
}

func (s suite) serverErrors(t *testing.T, db session, _ string) {
	db.exec("CREATE TABLE t (n int, CONSTRAINT positive CHECK (n > 0))", "CREATE UNIQUE INDEX t_n ON t (n)", "INSERT INTO t VALUES (1)")
	refusal := func(sql string) *migrator.ServerError {
		t.Helper()
		_, err := db.Exec(context(), sql)
		refused, ok := migrator.AsServerError(err)
		if !ok {
			t.Fatalf("%s: %v, want a server's error", sql, err)
		}
		return refused
	}
	if e := refusal("SELECT 1\nFORM t"); e.Position < 10 || e.Position > 15 {
		t.Errorf("a syntax error is at character %d, want the second line", e.Position)
	}
	if e := refusal("INSERT INTO t VALUES (1)"); e.Constraint != "t_n" || e.Table != "t" {
		t.Errorf("a duplicate is of %s on %s", e.Constraint, e.Table)
	}
	if e := refusal("INSERT INTO t VALUES (-1)"); e.Constraint != "positive" || e.Table != "t" {
		t.Errorf("a violated check is of %s on %s", e.Constraint, e.Table)
	}
}

func (s suite) prepare(t *testing.T, db session, _ string) {
	db.exec("CREATE TABLE t (id int, name varchar(10))", "INSERT INTO t VALUES (1, 'x')")
	prepares := db.Database.(compat.Session)
	one, two := s.sql("$1", "?"), s.sql("$2", "?")
	columns, err := prepares.Prepare(context(), "SELECT id, name AS n FROM t WHERE id = "+one+" ORDER BY id LIMIT "+two)
	if err != nil || len(columns) != 2 || columns[0].Name != "id" || columns[1].Name != "n" {
		t.Errorf("columns are %v, %v", columns, err)
	}
	columns, err = prepares.Prepare(context(), "INSERT INTO t (id) VALUES ("+one+")")
	if err != nil || len(columns) != 0 {
		t.Errorf("columns of an INSERT are %v, %v", columns, err)
	}
	_, err = prepares.Prepare(context(), "SELECT gone FROM t WHERE id = "+one)
	if _, ok := migrator.AsServerError(err); !ok {
		t.Errorf("a broken query: %v, want a server's error", err)
	}
	if db.value("SELECT count(*) FROM t") != int64(1) {
		t.Error("preparing has written")
	}
}

func (s suite) state(t *testing.T, db session, _ string) {
	catalogue := db.Database.(migrator.Catalogue)
	o := phases.Object{Kind: phases.Table, Name: "t"}
	if s.postgres() {
		o = phases.Object{Kind: phases.Index, Name: "t_n"}
	}
	seen := map[string]string{}
	look := func(what string) string {
		t.Helper()
		state, err := catalogue.State(context(), o)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if before, known := seen[state]; known {
			t.Errorf("%s: the state is as %s", what, before)
		}
		seen[state] = what
		return state
	}
	if state := look("before"); state != "" {
		t.Errorf("the state of nothing is %q", state)
	}
	db.exec("CREATE TABLE t (id int, n int)", "CREATE INDEX t_n ON t (n)")
	made := look("made")
	db.exec("INSERT INTO t VALUES (1, 1)")
	if state, err := catalogue.State(context(), o); err != nil || state != made {
		t.Errorf("a row has changed the state: %v\n%s\n%s", err, made, state)
	}
	db.exec(s.sql("REINDEX INDEX t_n", "ALTER TABLE t MODIFY n bigint"))
	look("changed")
	if _, err := catalogue.State(context(), phases.Object{Kind: "star", Name: "t"}); !errors.Is(err, migrator.ErrNoState) {
		t.Errorf("an unknown kind: %v", err)
	}
}

func (s suite) connectErrors(t *testing.T, _ session, raw string) {
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	const secret = "hunter2geheim"
	wrong := *u
	wrong.User = url.UserPassword(u.User.Username(), secret)
	missing := *u
	missing.Path = "/nosuchdatabase"
	closed := *u
	closed.User, closed.Host = wrong.User, "127.0.0.1:1"
	for name, c := range map[string]struct{ url, say string }{
		"wrong password": {wrong.String(), u.Host}, "no such database": {missing.String(), "nosuchdatabase"}, "nobody listens": {closed.String(), "127.0.0.1:1"},
	} {
		_, err := drivers.Open(context(), c.url)
		if err == nil || !strings.Contains(err.Error(), c.say) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, want %q in it and no password", name, err, c.say)
			continue
		}
		var hinted interface{ Hint() string }
		if !errors.As(err, &hinted) || hinted.Hint() == "" {
			t.Errorf("%s: no hint", name)
		}
	}
}

// offenders proves that the rows behind a refusal are named by their keys.
func (s suite) offenders(t *testing.T, db session, _ string) {
	db.exec("CREATE TABLE p (id int PRIMARY KEY)", "INSERT INTO p VALUES (1)",
		"CREATE TABLE t (id int PRIMARY KEY, n int, parent int)", "INSERT INTO t VALUES (1, NULL, 1), (2, 5, 7), (3, 5, 1), (4, -1, NULL)")
	finds := db.Database.(interface {
		Offenders(stdcontext.Context, *migrator.ServerError, int) (*migrator.Offenders, error)
	})
	for sql, want := range map[string]string{
		"CREATE UNIQUE INDEX t_n ON t (n)":                                                 "2 3",
		"ALTER TABLE t ADD CONSTRAINT t_n UNIQUE (n)":                                      "2 3",
		s.sql("ALTER TABLE t ALTER n SET NOT NULL", "ALTER TABLE t MODIFY n int NOT NULL"): "1",
		"ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (parent) REFERENCES p (id)":           "2",
	} {
		_, err := db.Exec(context(), sql)
		refused, ok := migrator.AsServerError(err)
		if !ok {
			t.Errorf("%s: %v, want a refusal", sql, err)
			continue
		}
		found, err := finds.Offenders(context(), refused, 10)
		if err != nil || found == nil {
			t.Errorf("%s: %+v: no rows found, %v", sql, refused, err)
			continue
		}
		var keys []string
		for _, key := range found.Keys {
			keys = append(keys, key...)
		}
		if got := strings.Join(keys, " "); got != want || found.Total != int64(len(keys)) || found.Table != "t" {
			t.Errorf("%s: %d rows of %s: %s, want %s", sql, found.Total, found.Table, got, want)
		}
	}
}
