package phases

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

func TestTouched(t *testing.T) {
	table := func(name string) Object { return Object{Kind: Table, Name: name} }
	for _, test := range []struct {
		dialect sqltext.Dialect
		sql     string
		want    []Object
	}{
		{sqltext.Postgres, "ALTER TABLE t ADD COLUMN c int UNIQUE, DROP COLUMN d, ADD CHECK (a > 0)", []Object{table("t")}},
		{sqltext.Postgres, "CREATE TABLE app.t (id serial PRIMARY KEY)", []Object{{Kind: Table, Schema: "app", Name: "t"}}},
		{sqltext.Postgres, "CREATE INDEX CONCURRENTLY i ON app.t (a)", []Object{{Kind: Index, Schema: "app", Name: "i"}}},
		{sqltext.Postgres, "DROP INDEX i, j", []Object{{Kind: Index, Name: "i"}, {Kind: Index, Name: "j"}}},
		{sqltext.Postgres, "ALTER TABLE app.t RENAME TO u", []Object{
			{Kind: Table, Schema: "app", Name: "t"}, {Kind: Table, Schema: "app", Name: "u"}}},
		{sqltext.Postgres, "ALTER TABLE t RENAME COLUMN a TO b", []Object{table("t")}},
		{sqltext.Postgres, "ALTER TABLE t RENAME CONSTRAINT a TO b", []Object{table("t")}},
		{sqltext.Postgres, "ALTER INDEX i RENAME TO j", []Object{{Kind: Index, Name: "i"}, {Kind: Index, Name: "j"}}},
		{sqltext.Postgres, "ALTER TYPE e RENAME VALUE 'a' TO 'b'", []Object{{Kind: Type, Name: "e"}}},
		{sqltext.Postgres, "ALTER TYPE p ADD ATTRIBUTE a int", []Object{{Kind: Type, Name: "p"}}},
		{sqltext.Postgres, "ALTER VIEW v ALTER COLUMN c SET DEFAULT 1", []Object{{Kind: View, Name: "v"}}},
		{sqltext.Postgres, "ALTER TRIGGER a ON t RENAME TO b", []Object{
			{Kind: Trigger, Table: "t", Name: "a"}, {Kind: Trigger, Table: "t", Name: "b"}}},
		{sqltext.Postgres, "ALTER TABLE t SET SCHEMA app", []Object{table("t"), {Kind: Table, Schema: "app", Name: "t"}}},
		{sqltext.Postgres, "ALTER TABLE p ATTACH PARTITION app.c DEFAULT", []Object{table("p"), {Kind: Table, Schema: "app", Name: "c"}}},
		{sqltext.Postgres, "ALTER INDEX p ATTACH PARTITION c", []Object{{Kind: Index, Name: "p"}, {Kind: Index, Name: "c"}}},
		{sqltext.Postgres, "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DROP TABLE t'", []Object{{Kind: Function, Name: "f"}}},
		{sqltext.Postgres, "INSERT INTO t VALUES (1)", nil},
		{sqltext.Postgres, "SET lock_timeout = '2s'", nil},
		{sqltext.Postgres, "DROP TABLE", nil},
		{sqltext.MySQL, "CREATE INDEX i ON app.t (a)", []Object{{Kind: Table, Schema: "app", Name: "t"}}},
		{sqltext.MySQL, "ALTER TABLE t RENAME INDEX a TO b, RENAME TO u", []Object{table("t"), table("u")}},
		{sqltext.MySQL, "RENAME TABLE s.a TO b, n TO s.a", []Object{{Kind: Table, Schema: "s", Name: "a"}, table("b"), table("n")}},
		{sqltext.MySQL, "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", []Object{table("t"), table("u")}},
		{sqltext.MySQL, "ALTER TABLE t DROP PARTITION p", []Object{table("t")}},
		{sqltext.MySQL, "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW DELETE FROM u", []Object{{Kind: Trigger, Table: "t", Name: "tr"}}},
		{sqltext.MySQL, "TRUNCATE t", nil},
	} {
		if diff := cmp.Diff(test.want, Touched(Effects(test.dialect, test.sql))); diff != "" {
			t.Errorf("%s: %s", test.sql, diff)
		}
	}
}
