package phases_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/phases"
)

func TestOnline(t *testing.T) {
	for sql, want := range map[string][]string{
		"ALTER TABLE t ADD c int": {"ALTER TABLE t ALGORITHM=INSTANT, ADD c int", "ALTER TABLE t ALGORITHM=INPLACE, LOCK=NONE, ADD c int"},
		"alter table `d`.`t` /* x */ partition by hash (id)": {"alter table `d`.`t` /* x */ ALGORITHM=INSTANT partition by hash (id)",
			"alter table `d`.`t` /* x */ ALGORITHM=INPLACE, LOCK=NONE partition by hash (id)"},
		"ALTER TABLE t WAIT 1 DROP c":                                {"ALTER TABLE t WAIT 1 ALGORITHM=INSTANT, DROP c", "ALTER TABLE t WAIT 1 ALGORITHM=INPLACE, LOCK=NONE, DROP c"},
		"ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4":             {"ALTER TABLE t ALGORITHM=INSTANT, CONVERT TO CHARACTER SET utf8mb4", "ALTER TABLE t ALGORITHM=INPLACE, LOCK=NONE, CONVERT TO CHARACTER SET utf8mb4"},
		"ALTER TABLE t ADD c int, ALGORITHM=COPY":                    nil,
		"ALTER TABLE t ADD c int, LOCK = SHARED":                     nil,
		"ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u":            nil,
		"CREATE UNIQUE INDEX i ON t (a) -- note":                     {"CREATE UNIQUE INDEX i ON t (a) -- note\nALGORITHM=INPLACE LOCK=NONE"},
		"DROP INDEX i ON t":                                          nil,
		"CREATE INDEX i ON t (a) ALGORITHM = INPLACE":                nil,
		"CREATE TABLE t (a int)":                                     nil,
		"ALTER VIEW v AS SELECT 1":                                   nil,
		"UPDATE t SET a = 1":                                         nil,
		"ALTER TABLE t COMMENT 'ALGORITHM=COPY', ADD INDEX (`lock`)": {"ALTER TABLE t ALGORITHM=INSTANT, COMMENT 'ALGORITHM=COPY', ADD INDEX (`lock`)", "ALTER TABLE t ALGORITHM=INPLACE, LOCK=NONE, COMMENT 'ALGORITHM=COPY', ADD INDEX (`lock`)"},
	} {
		if diff := cmp.Diff(want, phases.Online(sql)); diff != "" {
			t.Errorf("%s\n%s", sql, diff)
		}
	}
}

func TestOnSession(t *testing.T) {
	for _, c := range []struct {
		dialect sqltext.Dialect
		sql     string
		want    phases.SessionEffect
	}{
		{sqltext.MySQL, "SET foreign_key_checks = 0", phases.SetsVariable},
		{sqltext.MySQL, "SET SESSION sql_mode = ''", phases.SetsVariable},
		{sqltext.MySQL, "SET GLOBAL max_connections = 9", phases.NoSessionEffect},
		{sqltext.MySQL, "LOCK TABLES t WRITE", phases.LocksTables},
		{sqltext.MySQL, "UNLOCK TABLES", phases.UnlocksTables},
		{sqltext.Postgres, "LOCK TABLE t", phases.NoSessionEffect},
		{sqltext.Postgres, "SET search_path = a", phases.SetsVariable},
		{sqltext.Postgres, "SET LOCAL search_path = a", phases.NoSessionEffect},
		{sqltext.Postgres, "RESET ALL", phases.SetsVariable},
		{sqltext.Postgres, "SELECT 1", phases.NoSessionEffect},
	} {
		if got := phases.OnSession(c.dialect, c.sql); got != c.want {
			t.Errorf("%s: %q, want %q", c.sql, got, c.want)
		}
	}
}
