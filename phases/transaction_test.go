package phases_test

import (
	"testing"

	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/phases"
)

func TestNeedsAutocommit(t *testing.T) {
	for sql, want := range map[string]bool{
		"CREATE INDEX CONCURRENTLY i ON t (a)":                        true,
		"create unique index concurrently if not exists i on t (a)":   true,
		"CREATE INDEX i ON t (a)":                                     false,
		"CREATE INDEX \"concurrently\" ON t (a)":                      false,
		"DROP INDEX CONCURRENTLY i":                                   true,
		"DROP INDEX i":                                                false,
		"REINDEX (VERBOSE) TABLE CONCURRENTLY t":                      true,
		"REINDEX TABLE t":                                             false,
		"REINDEX DATABASE d":                                          true,
		"VACUUM t":                                                    true,
		"ALTER TABLE p DETACH PARTITION c CONCURRENTLY":               true,
		"ALTER TABLE p DETACH PARTITION c":                            false,
		"ALTER TYPE mood ADD VALUE 'x'":                               false,
		"REFRESH MATERIALIZED VIEW CONCURRENTLY v":                    false,
		"ALTER SYSTEM SET work_mem = '1MB'":                           true,
		"CREATE DATABASE d":                                           true,
		"COMMENT ON TABLE t IS 'CREATE INDEX CONCURRENTLY i ON t'":    false,
		"/* VACUUM */ SELECT 1":                                       false,
		"CREATE TABLE t (concurrently int)":                           false,
		"CREATE FUNCTION f() RETURNS void AS $$ VACUUM $$ LANGUAGE c": false,
	} {
		if got := phases.NeedsAutocommit(sqltext.Postgres, sql); got != want {
			t.Errorf("%s: %v, want %v", sql, got, want)
		}
	}
	if !phases.NeedsAutocommit(sqltext.MySQL, "ALTER TABLE t ADD a int") {
		t.Error("MySQL's DDL commits by itself")
	}
}

func TestControlsTransaction(t *testing.T) {
	for sql, want := range map[string]bool{
		"BEGIN": true, "begin isolation level serializable": true, "COMMIT": true, "END": true, "ROLLBACK TO s": true,
		"START TRANSACTION": true, "PREPARE TRANSACTION 'x'": true, "PREPARE p AS SELECT 1": false, "SELECT 'COMMIT'": false,
		"DO $$ BEGIN NULL; END $$": false,
	} {
		if got := phases.ControlsTransaction(sqltext.Postgres, sql); got != want {
			t.Errorf("%s: %v, want %v", sql, got, want)
		}
	}
	if phases.ControlsTransaction(sqltext.MySQL, "BEGIN NOT ATOMIC SELECT 1; END") {
		t.Error("a compound statement of MariaDB is no transaction")
	}
}
