package phases_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/phases"
)

func TestTouched(t *testing.T) {
	table := func(names ...string) (objects []phases.Object) {
		for _, name := range names {
			objects = append(objects, phases.Object{Kind: phases.Table, Name: name})
		}
		return objects
	}
	for _, c := range []struct {
		dialect sqltext.Dialect
		sql     string
		want    []phases.Object
	}{
		{sqltext.MySQL, "ALTER TABLE `a b` ADD COLUMN c int", table("a b")},
		{sqltext.MySQL, "ALTER ONLINE IGNORE TABLE t WAIT 3 ADD c int", table("t")},
		{sqltext.MySQL, "ALTER TABLE t RENAME COLUMN a TO b", table("t")},
		{sqltext.MySQL, "ALTER TABLE t RENAME KEY a TO b, RENAME TO u", table("t", "u")},
		{sqltext.MySQL, "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", table("t", "u")},
		{sqltext.MySQL, "CREATE TABLE IF NOT EXISTS t (a int)", table("t")},
		{sqltext.MySQL, "CREATE TEMPORARY TABLE t (a int)", nil},
		{sqltext.MySQL, "DROP TABLE IF EXISTS a, d.b", []phases.Object{{Kind: phases.Table, Name: "a"}, {Kind: phases.Table, Schema: "d", Name: "b"}}},
		{sqltext.MySQL, "RENAME TABLE t TO t_old, t_new TO t", table("t", "t_old", "t_new", "t")},
		{sqltext.MySQL, "CREATE UNIQUE INDEX i USING BTREE ON t (a)", table("t")},
		{sqltext.MySQL, "DROP INDEX i ON t", table("t")},
		{sqltext.MySQL, "CREATE OR REPLACE ALGORITHM = MERGE DEFINER = `u`@`%` SQL SECURITY INVOKER VIEW v AS SELECT 1", []phases.Object{{Kind: phases.View, Name: "v"}}},
		{sqltext.MySQL, "CREATE DEFINER=CURRENT_USER TRIGGER g BEFORE UPDATE ON t FOR EACH ROW SET NEW.a = 1", []phases.Object{{Kind: phases.Trigger, Name: "g"}}},
		{sqltext.MySQL, "DROP PROCEDURE IF EXISTS p", []phases.Object{{Kind: phases.Procedure, Name: "p"}}},
		{sqltext.MySQL, "TRUNCATE TABLE t", nil},
		{sqltext.MySQL, "CREATE USER u", nil},
		{sqltext.MySQL, "INSERT INTO t VALUES (1)", nil},
		{sqltext.Postgres, `CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "I" ON ONLY s.T (a)`, []phases.Object{{Kind: phases.Index, Schema: "s", Table: "t", Name: "I"}}},
		{sqltext.Postgres, "CREATE INDEX CONCURRENTLY ON t (a)", nil},
		{sqltext.Postgres, "DROP INDEX CONCURRENTLY IF EXISTS s.i", []phases.Object{{Kind: phases.Index, Schema: "s", Name: "i"}}},
		{sqltext.Postgres, "VACUUM t", nil},
	} {
		if diff := cmp.Diff(c.want, phases.Touched(c.dialect, c.sql)); diff != "" {
			t.Errorf("%s\n%s", c.sql, diff)
		}
	}
}
