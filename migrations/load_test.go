package migrations_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
)

func load(t *testing.T, files map[string]string) (migrations.Set, error) {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return migrations.Load(fsys, "migrations", sqltext.Postgres)
}

func TestLoadOrdersVersionsAsNumbers(t *testing.T) {
	set, err := load(t, map[string]string{
		"10_b.pre.sql": "SELECT 1;", "9_a.post.sql": "SELECT 1;", "9_a.pre.sql": "SELECT 1;",
		"20260101120000_c.pre.sql": "SELECT 1;", "0009_a.backfill.sql": "SELECT 1;", "README.md": "no migration",
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range set {
		got = append(got, m.Name)
	}
	want := "9_a.pre.sql 0009_a.backfill.sql 9_a.post.sql 10_b.pre.sql 20260101120000_c.pre.sql"
	if strings.Join(got, " ") != want {
		t.Errorf("order is %v, want %s", got, want)
	}
}

func TestLoadReadsDirectives(t *testing.T) {
	set, err := load(t, map[string]string{"0002_name.backfill.sql": "\ufeff-- migrate:lock-timeout 3s\r\n" +
		"-- migrate:statement-timeout 20m\r\n-- migrate:backfill table=app.users key=id batch=500 when=after-push\r\n" +
		"-- migrate:allow unbatched because the table is tiny\r\n" +
		"UPDATE app.users SET b = a WHERE id > :lo AND id <= :hi;\r\n" +
		"-- migrate:verify\r\nSELECT id FROM app.users WHERE b <> '\n-- migrate:undo\n';\r\n"})
	if err != nil {
		t.Fatal(err)
	}
	m := set[0]
	if *m.LockTimeout != 3*time.Second || *m.StatementTimeout != 20*time.Minute {
		t.Errorf("timeouts are %v and %v", m.LockTimeout, m.StatementTimeout)
	}
	s := m.Statements[0]
	if *s.Batch != (migrations.Batch{Table: "app.users", Key: "id", Size: 500, When: migrations.AfterPush}) {
		t.Errorf("batch is %+v", s.Batch)
	}
	if s.Pos.Line != 5 || len(s.Allow) != 1 || s.Allow[0].Reason != "the table is tiny" {
		t.Errorf("statement is %+v", s)
	}
	if len(m.Verify) != 1 || len(m.Undo) != 0 || m.When() != migrations.AfterPush {
		t.Errorf("verify %d, undo %d, when %s", len(m.Verify), len(m.Undo), m.When())
	}
}

func TestLoadNamesFileAndLine(t *testing.T) {
	tests := []struct {
		name, file, text, want string
	}{
		{"no phase", "0001_a.sql", "SELECT 1", "migrations/0001_a.sql: no phase in the name"},
		{"unknown phase", "0001_a.before.sql", "SELECT 1", `unknown phase "before"`},
		{"no version", "_a.pre.sql", "SELECT 1", "version is empty"},
		{"version is no number", "v1_a.pre.sql", "SELECT 1", `version "v1" is not a number`},
		{"slug", "0001_A-b.pre.sql", "SELECT 1", `slug "A-b" may hold only`},
		{"empty", "0001_a.pre.sql", "-- nothing\n", "the file holds no statement"},
		{"unknown directive", "0001_a.pre.sql", "SELECT 1;\n-- migrate:transction none\n", "migrations/0001_a.pre.sql:2: -- migrate:transction: unknown directive"},
		{"bad duration", "0001_a.pre.sql", "-- migrate:lock-timeout 2 hours\nSELECT 1", `"2 hours" is no duration`},
		{"inside a statement", "0001_a.pre.sql", "SELECT 1\n-- migrate:verify\nFROM t;", "0001_a.pre.sql:2: -- migrate:verify: the directive stands inside a statement"},
		{"waiver without a reason", "0001_a.pre.sql", "-- migrate:allow rule\nSELECT 1", "want RULE because REASON"},
		{"waiver of nothing", "0001_a.pre.sql", "SELECT 1;\n-- migrate:allow r because x\n", ":2: -- migrate:allow: no statement below it"},
		{"undo outside pre", "0001_a.post.sql", "SELECT 1;\n-- migrate:undo\nSELECT 2", "only a pre migration can be taken back"},
		{"backfill in pre", "0001_a.pre.sql", "-- migrate:backfill table=t key=id\nSELECT 1", "only a .backfill.sql file can hold one"},
		{"backfill without key", "0001_a.backfill.sql", "-- migrate:backfill table=t\nSELECT 1", "want table=NAME key=COLUMN"},
		{"batch without bounds", "0001_a.backfill.sql", "-- migrate:backfill table=t key=id\nUPDATE t SET a = b", "a batch must use :lo and :hi"},
		{"bounds without header", "0001_a.backfill.sql", "UPDATE t SET a = b WHERE id > :lo AND id <= :hi", "no -- migrate:backfill header"},
		{"header of nothing", "0001_a.backfill.sql", "SELECT 1;\n-- migrate:backfill table=t key=id\n", ":2: -- migrate:backfill: no statement below it"},
		{"unterminated", "0001_a.pre.sql", "SELECT 1;\nSELECT 'x", "0001_a.pre.sql:2: "},
		{"meta-command", "0001_a.pre.sql", "SELECT 1;\n\\copy t from x\n", "0001_a.pre.sql:2: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := load(t, map[string]string{test.file: test.text})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
		})
	}
}

func TestLoadReportsAllFaults(t *testing.T) {
	_, err := load(t, map[string]string{
		"0001_a.pre.sql": "SELECT 1", "1_b.pre.sql": "SELECT 1", "0002_c.nope.sql": "SELECT 1"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"0001_a.pre.sql and 1_b.pre.sql", "0002_c.nope.sql"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in %v", want, err)
		}
	}
}

func TestChecksum(t *testing.T) {
	base := migrations.Checksum("SELECT 1;\n\n  -- x\nSELECT 2;\n")
	for name, same := range map[string]string{
		"crlf": "SELECT 1;\r\n\r\n  -- x\r\nSELECT 2;\r\n", "cr": "SELECT 1;\r\r  -- x\rSELECT 2;",
		"trailing": "SELECT 1;  \n\n  -- x\t\nSELECT 2;\n\n\n"} {
		if migrations.Checksum(same) != base {
			t.Errorf("%s changes the checksum", name)
		}
	}
	for name, other := range map[string]string{
		"leading": "\nSELECT 1;\n\n  -- x\nSELECT 2;\n", "indent": "SELECT 1;\n\n -- x\nSELECT 2;\n",
		"blank line": "SELECT 1;\n  -- x\nSELECT 2;\n", "case": "select 1;\n\n  -- x\nSELECT 2;\n"} {
		if migrations.Checksum(other) == base {
			t.Errorf("%s does not change the checksum", name)
		}
	}
}

func TestNewest(t *testing.T) {
	fsys := fstest.MapFS{"0009_a.pre.sql": {}, "010_b.pre.sql": {}, "broken.sql": {}}
	version, width, err := migrations.Newest(fsys)
	if err != nil || version.String() != "10" || width != 3 {
		t.Errorf("newest is %s with %d digits, %v", version, width, err)
	}
}
