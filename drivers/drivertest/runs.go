package drivertest

import (
	stdcontext "context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrator"
)

// runs proves what a run of the migrator does on the server.
func (s suite) runs(t *testing.T) {
	for name, test := range map[string]func(*testing.T, string){
		"one change": s.oneChange, "empty database": s.emptyDatabase, "resume": s.resume, "drift": s.drift, "late": s.late,
		"staged equals fresh": s.stagedEqualsFresh, "session settings": s.sessionSettings, "backfill": s.backfill,
		"online DDL": s.onlineDDL, "table locks": s.tableLocks, "bodies": s.bodies, "release": s.release, "failed build": s.failedBuild, "build progress": s.progress,
		"elsewhere": s.elsewhere, "large file": s.largeFile, "abort": s.abort, "baseline": s.baseline,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s.database(t))
		})
	}
}

// shop is a series of changes; the second renames a column in three phases.
func (s suite) shop() files {
	return files{
		"1_shop.pre.sql": "CREATE TABLE orders (id bigint PRIMARY KEY, note varchar(100), total int NOT NULL);\n" +
			"CREATE TABLE items (id bigint PRIMARY KEY, order_id bigint);",
		"2_remark.pre.sql": "ALTER TABLE orders ADD COLUMN remark varchar(100);",
		"2_remark.backfill.sql": "-- migrate:backfill table=orders key=id batch=3\n" +
			"UPDATE orders SET remark = note WHERE id > :lo AND id <= :hi;\n-- migrate:verify\nSELECT id FROM orders WHERE remark IS NULL;",
		"2_remark.post.sql": "ALTER TABLE orders DROP COLUMN note;",
		"3_index.pre.sql": s.sql("CREATE INDEX CONCURRENTLY items_order ON items (order_id);", "CREATE INDEX items_order ON items (order_id);") +
			"\nCREATE VIEW open_orders AS SELECT id, total FROM orders;",
		"4_check.pre.sql": s.sql("ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT VALID;",
			"ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0), ALGORITHM=COPY, LOCK=SHARED;"),
		"4_check.post.sql": s.sql("ALTER TABLE orders VALIDATE CONSTRAINT positive;", "ALTER TABLE items MODIFY order_id bigint NOT NULL;"),
	}
}

// fill makes rows in the tables of shop's first change.
func fill(db session) {
	for i := range 10 {
		db.exec(fmt.Sprintf("INSERT INTO orders (id, note, total) VALUES (%d, 'n%d', %d)", i+1, i+1, i))
	}
}

func (f files) through(versions ...string) files {
	kept := files{}
	for name, text := range f {
		if version, _, _ := strings.Cut(name, "_"); slices.Contains(versions, version) {
			kept[name] = text
		}
	}
	return kept
}

func (s suite) oneChange(t *testing.T, url string) {
	db := open(t, url)
	run(t, db, s.load(t, s.shop().through("1")), migrator.CmdUp)
	fill(db)
	set := s.load(t, s.shop().through("1", "2"))
	var gate *migrator.GateError
	if _, err := migrator.New(options(db, set)).Run(context(), migrator.CmdPost); !errors.As(err, &gate) {
		t.Errorf("post ahead of pre: %v, want a refusal", err)
	}
	run(t, db, set, migrator.CmdPre, migrator.CmdBackfill, migrator.CmdPost)
	if n := db.value("SELECT count(*) FROM orders WHERE remark = " + s.sql("'n' || id", "concat('n', id)")); n != int64(10) {
		t.Errorf("%v rows are filled, want 10", n)
	}
	for _, command := range []migrator.Command{migrator.CmdPre, migrator.CmdBackfill, migrator.CmdPost, migrator.CmdUp} {
		result, err := migrator.New(options(db, set)).Run(context(), command)
		if err != nil || len(result.Plan.Steps) != 0 {
			t.Errorf("%s once more: %d steps, %v", command, len(result.Plan.Steps), err)
		}
	}
}

func (s suite) emptyDatabase(t *testing.T, url string) {
	db := open(t, url)
	o := options(db, s.load(t, s.shop()))
	o.AllowEmpty = false
	_, err := migrator.New(o).Run(context(), migrator.CmdPre)
	var gate *migrator.GateError
	if !errors.As(err, &gate) || !strings.Contains(gate.Hint, "migrate up") {
		t.Errorf("pre on an empty database: %v", err)
	}
	if empty, err := db.Empty(context()); err != nil || !empty || s.ledgerThere(db) {
		t.Error("the refused run has made something")
	}
}

func (s suite) ledgerThere(db session) bool {
	return db.value("SELECT count(*) FROM information_schema.tables WHERE table_name = 'migrate_versions' AND table_schema = "+
		s.sql("current_schema()", "database()")) == int64(1)
}

// resume proves that a file that failed at statement k goes on there, and what of
// it may be edited meanwhile.
func (s suite) resume(t *testing.T, url string) {
	db := open(t, url)
	text := "-- migrate:transaction none\nCREATE TABLE a (n int);\nINSERT INTO a VALUES (1);\nALTER TABLE b ADD COLUMN m int;\nINSERT INTO a VALUES (2);"
	_, err := migrator.New(options(db, s.load(t, files{"1_a.pre.sql": text}))).Run(context(), migrator.CmdPre)
	var failed *migrator.StatementError
	if !errors.As(err, &failed) || failed.Statement.Ordinal != 3 || failed.Kept != 2 || failed.Place() != "1_a.pre.sql:4" {
		t.Fatalf("error is %+v, want one of statement 3 with two kept", err)
	}
	edited := strings.Replace(text, "VALUES (1)", "VALUES (7)", 1)
	var drift *migrator.DriftError
	if _, err := migrator.New(options(db, s.load(t, files{"1_a.pre.sql": edited}))).Run(context(), migrator.CmdPre); !errors.As(err, &drift) {
		t.Errorf("an edit of a statement that is done: %v, want drift", err)
	}
	edited = strings.Replace(strings.Replace(text, "TABLE b", "TABLE a", 1), "VALUES (2)", "(n) VALUES (3)", 1)
	run(t, db, s.load(t, files{"1_a.pre.sql": edited}), migrator.CmdPre)
	if n := db.value("SELECT sum(n) FROM a"); fmt.Sprint(n) != "4" {
		t.Errorf("the rows add up to %v, want 4: statement 2 once, statement 4 as edited", n)
	}
}

func (s suite) drift(t *testing.T, url string) {
	db := open(t, url)
	f := files{"1_a.pre.sql": "CREATE TABLE a (n int);", "2_b.pre.sql": "CREATE TABLE b (n int);"}
	run(t, db, s.load(t, f), migrator.CmdUp)
	f["1_a.pre.sql"] = "CREATE TABLE a (n bigint);"
	var drift *migrator.DriftError
	if _, err := migrator.New(options(db, s.load(t, f))).Run(context(), migrator.CmdUp); !errors.As(err, &drift) {
		t.Errorf("an edited file: %v, want drift", err)
	}
	delete(f, "1_a.pre.sql")
	plan, err := migrator.New(options(db, s.load(t, f))).Plan(context(), migrator.CmdUp)
	if err != nil || len(plan.Warnings) != 1 || !strings.Contains(plan.Warnings[0], "1_a.pre.sql") {
		t.Errorf("a file that is gone: %q, %v", plan.Warnings, err)
	}
}

func (s suite) late(t *testing.T, url string) {
	db := open(t, url)
	run(t, db, s.load(t, files{"2_b.pre.sql": "CREATE TABLE b (n int);"}), migrator.CmdUp)
	set := s.load(t, files{"1_a.pre.sql": "CREATE TABLE a (n int);", "2_b.pre.sql": "CREATE TABLE b (n int);"})
	var gate *migrator.GateError
	if _, err := migrator.New(options(db, set)).Run(context(), migrator.CmdPre); !errors.As(err, &gate) {
		t.Errorf("a late file: %v, want a refusal", err)
	}
	o := options(db, set)
	o.AllowLate = true
	if _, err := migrator.New(o).Run(context(), migrator.CmdPre); err != nil || db.value("SELECT count(*) FROM a") != int64(0) {
		t.Errorf("a late file that is allowed: %v", err)
	}
}

// stagedEqualsFresh applies the changes release by release to one database and all
// at once to another.
func (s suite) stagedEqualsFresh(t *testing.T, url string) {
	staged := open(t, url)
	for _, versions := range [][]string{{"1"}, {"1", "2"}, {"1", "2", "3"}, {"1", "2", "3", "4"}} {
		set := s.load(t, s.shop().through(versions...))
		run(t, staged, set, migrator.CmdPre, migrator.CmdBackfill, migrator.CmdPost)
		if len(versions) == 1 {
			fill(staged)
		}
	}
	fresh := s.database(t)
	run(t, open(t, fresh), s.load(t, s.shop()), migrator.CmdUp)
	if diff := cmp.Diff(s.schema(t, url), s.schema(t, fresh)); diff != "" {
		t.Errorf("staged (-) and fresh (+) schemas differ:\n%s", diff)
	}
}

// sessionSettings proves that what a statement set for its session is set again
// when the file is resumed in another one, and not for the next file.
func (s suite) sessionSettings(t *testing.T, url string) {
	set := s.sql("SET search_path = other, public", "SET @who = 7")
	text := "-- migrate:transaction none\n" + set + ";\nCREATE TABLE late (n int);\n" +
		s.sql("CREATE TABLE result AS SELECT current_setting('search_path') AS v", "CREATE TABLE result AS SELECT @who AS v") + ";"
	db := open(t, url)
	db.exec(s.sql("CREATE SCHEMA other", "SELECT 1"), "CREATE TABLE "+s.sql("other.", "")+"late (n int)")
	if _, err := migrator.New(options(db, s.load(t, files{"1_a.pre.sql": text}))).Run(context(), migrator.CmdPre); err == nil {
		t.Fatal("no error")
	}
	again := open(t, url)
	again.exec("DROP TABLE " + s.sql("other.", "") + "late")
	run(t, again, s.load(t, files{"1_a.pre.sql": text}), migrator.CmdPre)
	if v := fmt.Sprint(open(t, url).value("SELECT v FROM " + s.sql("other.", "") + "result")); v != s.sql("other, public", "7") {
		t.Errorf("the setting was %s when the file was resumed", v)
	}
}

// elsewhere proves that a file which leads its session to another schema does not
// lead it away from the ledger.
func (s suite) elsewhere(t *testing.T, url string) {
	db := open(t, url)
	other := s.database(t)
	name, _, _ := strings.Cut(path.Base(other), "?")
	db.exec(s.sql("CREATE SCHEMA other", "SELECT 1"))
	away := s.sql("SET search_path = other", "USE `"+name+"`")
	for i, head := range []string{"", "-- migrate:transaction none\n"} {
		text := head + away + fmt.Sprintf(";\nCREATE TABLE t%d (n int);\nINSERT INTO t%[1]d VALUES (1);", i)
		set := s.load(t, files{fmt.Sprintf("%d_a.pre.sql", i+1): text})
		run(t, db, set, migrator.CmdPre)
		run(t, db, set, migrator.CmdPre)
	}
	if !s.postgres() {
		db = open(t, other)
	}
	if n := db.value("SELECT count(*) FROM " + s.sql("other.", "") + "t1"); n != int64(1) {
		t.Errorf("%v rows, want one", n)
	}
}

func (s suite) backfill(t *testing.T, url string) {
	db := open(t, url)
	db.exec("CREATE TABLE t (id bigint PRIMARY KEY, n bigint)")
	for i := range 50 {
		db.exec(fmt.Sprintf("INSERT INTO t VALUES (%d, 0)", i*i-300)) // negative keys and holes too
	}
	run(t, db, s.load(t, files{"1_a.backfill.sql": "-- migrate:backfill table=t key=id batch=7\nUPDATE t SET n = n + 1 WHERE id > :lo AND id <= :hi;"}), migrator.CmdBackfill)
	if n := db.value("SELECT count(*) FROM t WHERE n = 1"); n != int64(50) {
		t.Errorf("%v of 50 rows were moved once", n)
	}
}

// onlineDDL proves that a change that would block writes is refused while an
// application may be writing, unless it says so itself.
func (s suite) onlineDDL(t *testing.T, url string) {
	db := open(t, url)
	db.exec("CREATE TABLE t (id int PRIMARY KEY, n int)", "CREATE TABLE nothing (id int PRIMARY KEY, n int)", "INSERT INTO t VALUES (1, 1)")
	change := func(sql string) error {
		f := files{"1_a.pre.sql": sql}
		_, err := migrator.New(options(db, s.load(t, f))).Run(context(), migrator.CmdPre)
		db.exec("DELETE FROM migrate_versions WHERE phase <> 'ledger'")
		return err
	}
	if s.postgres() {
		return // its locks are phases' and lint's business
	}
	var copies *migrator.CopyError
	if err := change("ALTER TABLE t MODIFY n varchar(20)"); !errors.As(err, &copies) || !strings.Contains(copies.Hint(), "ALGORITHM=COPY") {
		t.Errorf("a copying change: %v, want a refusal", err)
	}
	for _, sql := range []string{
		"ALTER TABLE nothing MODIFY n varchar(20)", "ALTER TABLE t MODIFY n varchar(20), ALGORITHM=COPY", "ALTER TABLE t ADD m int, ADD INDEX (m)",
		"ALTER TABLE t ADD o int", "CREATE INDEX t_n ON t (n) -- note", "DROP INDEX t_n ON t", "ALTER TABLE t RENAME TO u", "CREATE FULLTEXT INDEX f ON nothing (n)",
	} {
		if err := change(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// tableLocks runs the contract step of a renamed column as the recipe has it, which
// holds a table's lock over several statements.
func (s suite) tableLocks(t *testing.T, url string) {
	if s.postgres() {
		return // LOCK TABLE ends with its transaction there
	}
	db := open(t, url)
	db.exec("CREATE TABLE t (id int PRIMARY KEY, old int NOT NULL, new int)", "INSERT INTO t VALUES (1, 1, 1)",
		"CREATE TRIGGER t_mig_bu BEFORE UPDATE ON t FOR EACH ROW SET NEW.new = NEW.old")
	run(t, db, s.load(t, files{"1_a.post.sql": "LOCK TABLES t WRITE;\nALTER TABLE t ALTER old SET DEFAULT 0;\nDROP TRIGGER t_mig_bu;\n" +
		"UPDATE t SET new = 5;\nALTER TABLE t DROP COLUMN old;\nUNLOCK TABLES;"}), migrator.CmdPost)
	open(t, url).exec("INSERT INTO t VALUES (2, 2)")
}

func (s suite) bodies(t *testing.T, url string) {
	db := open(t, url)
	run(t, db, s.load(t, files{"1_a.pre.sql": s.sql(
		"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $x$ BEGIN\n RETURN 1; END $x$;\nCREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;",
		"CREATE FUNCTION f() RETURNS int DETERMINISTIC BEGIN\n RETURN 1; END;\nDELIMITER //\nCREATE FUNCTION g() RETURNS int DETERMINISTIC BEGIN RETURN 2; END //\nDELIMITER ;\n"+
			"/*!50003 CREATE VIEW v AS SELECT 1 */; # the end")}), migrator.CmdPre)
	if f, g := db.value("SELECT f()"), db.value("SELECT g()"); f != int64(1) || g != int64(2) {
		t.Errorf("the functions return %v and %v", f, g)
	}
}

// release runs all steps around a push, and goes on behind a push that failed.
func (s suite) release(t *testing.T, url string) {
	db := open(t, url)
	run(t, db, s.load(t, s.shop().through("1")), migrator.CmdUp)
	fill(db)
	m := migrator.New(options(db, s.load(t, s.shop().through("1", "2"))))
	push := migrator.ReleaseRequest{Push: func(stdcontext.Context, string) error { return errors.New("no") }}
	var failed *migrator.PushError
	if _, err := m.RunRelease(context(), push); err == nil || errors.As(err, &failed) {
		t.Fatalf("a push that cannot be run: %v", err)
	}
	pushed := ""
	push = migrator.ReleaseRequest{Resume: true, Push: func(_ stdcontext.Context, id string) error {
		pushed = id
		db.exec("UPDATE orders SET note = remark") // both columns are there
		return nil
	}}
	r, err := m.RunRelease(context(), push)
	if err != nil || r.ID != pushed || r.State != migrator.ReleaseDone {
		t.Errorf("the release is %+v, %v", r, err)
	}
	if _, err := db.Exec(context(), "SELECT note FROM orders"); err == nil {
		t.Error("post has not run")
	}
}

// failedBuild proves that a unique index whose build fails on the data is not
// recorded, and is built anew once the data is mended, also with IF NOT EXISTS.
func (s suite) failedBuild(t *testing.T, url string) {
	db := open(t, url)
	db.exec("CREATE TABLE t (id int PRIMARY KEY, n int)", "INSERT INTO t VALUES (1, 5), (2, 5)")
	set := s.load(t, files{"1_a.pre.sql": s.sql("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_n ON t (n);", "CREATE UNIQUE INDEX t_n ON t (n);")})
	for range 2 {
		_, err := migrator.New(options(db, set)).Run(context(), migrator.CmdPre)
		if refused, ok := migrator.AsServerError(err); !ok || refused.Kind != migrator.KindOther {
			t.Fatalf("with duplicates: %v", err)
		}
	}
	db.exec("UPDATE t SET n = 6 WHERE id = 2")
	run(t, db, set, migrator.CmdPre)
	if _, err := db.Exec(context(), "INSERT INTO t VALUES (3, 5)"); err == nil {
		t.Error("the index is not unique")
	}
	if s.postgres() && db.value("SELECT bool_and(indisvalid) AND count(*) = 2 FROM pg_index WHERE indrelid = 't'::regclass") != true {
		t.Error("an INVALID index is left")
	}
}

// progress proves that a long index build tells how far it is.
func (s suite) progress(t *testing.T, url string) {
	if !s.postgres() {
		return // MySQL tells only where its owner has switched that on; MariaDB's builds here are over too soon
	}
	db, holder := open(t, url), open(t, url)
	db.exec("CREATE TABLE t (n int)", "INSERT INTO t SELECT generate_series(1, 1000)")
	holder.exec("BEGIN", "UPDATE t SET n = n WHERE n = 1")
	var phases, blockers []string
	o := options(db, s.load(t, files{"1_a.pre.sql": "CREATE INDEX CONCURRENTLY t_n ON t (n);"}))
	o.Progress = func(e migrator.Event) {
		if e.Kind == migrator.BuildMoved {
			phases, blockers = append(phases, e.Build.Phase), append(blockers, fmt.Sprint(e.Blockers))
		}
	}
	m, done := migrator.New(o), make(chan error, 1)
	go func() {
		_, err := m.Run(context(), migrator.CmdPre)
		done <- err
	}()
	app := open(t, url)
	slowest := time.Duration(0)
	for started := time.Now(); time.Since(started) < 3*time.Second; time.Sleep(10 * time.Millisecond) {
		asked := time.Now()
		app.exec("UPDATE t SET n = n WHERE n = 2")
		slowest = max(slowest, time.Since(asked))
	}
	pid := holder.value("SELECT pg_backend_pid()")
	holder.exec("ROLLBACK")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if len(phases) == 0 || !strings.HasPrefix(phases[0], "waiting for writers") || !strings.Contains(blockers[0], fmt.Sprint(pid)) {
		t.Errorf("the build told %q, behind %v, want that it waits for session %v", phases, blockers, pid)
	}
	if slowest > time.Second {
		t.Errorf("a write waited %s while the build waited for an old transaction", slowest)
	}
}

// abort takes a change back, also when the run that does so is killed.
func (s suite) abort(t *testing.T, url string) {
	db := open(t, url)
	f := s.shop().through("1")
	run(t, db, s.load(t, f), migrator.CmdUp)
	fill(db)
	before := s.schema(t, url)
	f["2_remark.pre.sql"] = "ALTER TABLE orders ADD COLUMN remark varchar(100);\nCREATE INDEX orders_remark ON orders (remark);\n" +
		"-- migrate:undo\nDROP INDEX orders_remark" + s.sql("", " ON orders") + ";\nALTER TABLE orders DROP COLUMN remark;"
	f["2_remark.backfill.sql"] = s.shop()["2_remark.backfill.sql"]
	set := s.load(t, f)
	for range 2 {
		run(t, db, set, migrator.CmdPre, migrator.CmdBackfill)
		if _, err := migrator.New(options(db, set)).Abort(context(), migrations.Version{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, s.schema(t, url)); diff != "" {
			t.Errorf("what is left of the change:\n%s", diff)
		}
	}
	f["2_remark.post.sql"] = "DROP TABLE items;"
	set = s.load(t, f)
	run(t, db, set, migrator.CmdPre, migrator.CmdBackfill, migrator.CmdPost)
	var gate *migrator.GateError
	if _, err := migrator.New(options(db, set)).Abort(context(), migrations.Version{}); !errors.As(err, &gate) {
		t.Errorf("abort behind post: %v, want a refusal", err)
	}
}

// baseline takes a database over that has its schema.
func (s suite) baseline(t *testing.T, url string) {
	db := open(t, url)
	set := s.load(t, s.shop())
	version := set[len(set)-1].Version
	var gate *migrator.GateError
	if _, err := migrator.New(options(db, set)).Baseline(context(), version); !errors.As(err, &gate) {
		t.Errorf("on an empty database: %v, want a refusal", err)
	}
	db.exec("CREATE TABLE orders (id int)")
	for i, want := range []int{len(set), 0} {
		recorded, err := migrator.New(options(db, set)).Baseline(context(), version)
		if err != nil || len(recorded) != want {
			t.Errorf("call %d recorded %d files, want %d: %v", i+1, len(recorded), want, err)
		}
	}
	plan, err := migrator.New(options(db, set)).Plan(context(), migrator.CmdUp)
	if err != nil || len(plan.Steps) != 0 {
		t.Errorf("%d files are pending: %v", len(plan.Steps), err)
	}
}

// largeFile runs a file that is read piece by piece, with one long line in it.
func (s suite) largeFile(t *testing.T, url string) {
	var text strings.Builder
	text.WriteString("CREATE TABLE big (id bigint PRIMARY KEY, note " + s.sql("text", "longtext") + ");\n")
	fmt.Fprintf(&text, "INSERT INTO big VALUES (0, '%s');\n", strings.Repeat("long;", 400_000))
	n := 1
	for ; text.Len() <= migrations.LargeFile; n++ {
		fmt.Fprintf(&text, "INSERT INTO big VALUES (%d, '%s');\n", n, strings.Repeat("it''s; ", 500))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "1_big.pre.sql"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := migrations.Load(os.DirFS(dir), dir, s.dialect)
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, url)
	run(t, db, set, migrator.CmdPre)
	run(t, db, set, migrator.CmdPre)
	if rows := db.value("SELECT count(*) FROM big WHERE length(note) > 2000"); rows != int64(n) {
		t.Errorf("%v rows, want %d", rows, n)
	}
}
