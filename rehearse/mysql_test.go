package rehearse_test

import (
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/rehearse"
	"github.com/expandcontract/migrate/rehearse/compat"
	"github.com/expandcontract/migrate/rehearse/report"
	"github.com/expandcontract/migrate/rehearse/sandbox"
	"github.com/expandcontract/migrate/rehearse/sandbox/sandboxtest"
)

// TestMySQLAndMariaDB rehearses a rename, then one that the data breaks.
func TestMySQLAndMariaDB(t *testing.T) {
	for _, kind := range sandboxtest.Kinds() {
		if kind.Product == sandbox.PostgreSQL {
			continue
		}
		t.Run(kind.String(), func(t *testing.T) { rehearseRename(t, kind) })
	}
}

func rehearseRename(t *testing.T, kind sandboxtest.Kind) {
	f := files{
		"1_rename.pre.sql":      "ALTER TABLE orders ADD COLUMN remark varchar(100);",
		"1_rename.backfill.sql": "-- migrate:backfill table=orders key=id\nUPDATE orders SET remark = note WHERE id > :lo AND id <= :hi;",
		"1_rename.post.sql":     "ALTER TABLE orders DROP COLUMN note;",
	}
	dump := mysqlSnapshot(t, kind)
	c := mysqlConfig(t, kind, f)
	c.Old = []compat.Query{{Name: "Note", SQL: "SELECT id, note FROM orders WHERE id = ?"}}
	c.New = []compat.Query{{Name: "Remark", SQL: "SELECT id, remark FROM orders WHERE id = ?"}}
	r := rehearse.Run(t.Context(), c, dump)
	if r.Verdict != report.Pass || len(r.Files) != 3 || r.Files[1].Statements[0].Rows != 3 {
		t.Errorf("the rename: %s, %v", r.Verdict, r.Reasons)
	}
	if r.Compat == nil || !slices.Equal(r.Compat.Stages, []compat.Stage{compat.A, compat.B, compat.C}) || !r.Compat.Passed() {
		t.Errorf("compat is %+v", r.Compat)
	}
	f["2_unique.post.sql"] = "CREATE UNIQUE INDEX orders_note ON orders (remark);"
	broken := mysqlConfig(t, kind, f)
	r = rehearse.Run(t.Context(), broken, dump)
	if r.Verdict != report.Fail {
		t.Fatalf("duplicates: %s, %v", r.Verdict, r.Reasons)
	}
	last := r.Files[len(r.Files)-1].Statements[0]
	if last.Offenders == nil || last.Offenders.Total != 2 || last.Offenders.Keys[0][0] != "1" || last.Offenders.Keys[1][0] != "3" {
		t.Errorf("offenders are %+v, want orders 1 and 3", last.Offenders)
	}
	if text := last.Error + strings.Join(r.Reasons, " "); strings.Contains(text, "geheim") {
		t.Errorf("the report holds a client's value: %s", text)
	}
}

// mysqlSnapshot is a dump with two orders of the same note.
func mysqlSnapshot(t *testing.T, kind sandboxtest.Kind) string {
	t.Helper()
	raw := sandboxtest.DatabaseOn(t, kind)
	db, err := drivers.Open(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	for _, sql := range []string{"CREATE TABLE orders (id bigint PRIMARY KEY, note varchar(100))", "INSERT INTO orders VALUES (1, 'geheim'), (2, 'b'), (3, 'geheim')"} {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "client.sql")
	if err := sandboxtest.On(t, kind).Dump(t.Context(), path.Base(u.Path), file); err != nil {
		t.Fatal(err)
	}
	return file
}

func mysqlConfig(t *testing.T, kind sandboxtest.Kind, f files) rehearse.Config {
	t.Helper()
	c := config(t, files{})
	fsys := f.fsys()
	var err error
	if c.Set, err = migrations.Load(fsys, "migrations", sqltext.MySQL); err != nil {
		t.Fatal(err)
	}
	c.Sandbox.Engine = kind.Engine
	return c
}
