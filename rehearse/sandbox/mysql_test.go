package sandbox

import (
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mysqlKinds runs a test on each MySQL and MariaDB that this machine can run.
func mysqlKinds(t *testing.T, test func(t *testing.T, o Options)) {
	t.Helper()
	t.Run("local MariaDB", func(t *testing.T) { test(t, Options{Engine: Local, Product: MariaDB, CacheDir: cacheDir(t)}) })
	for _, o := range []Options{
		{Engine: Docker, Product: MySQL, Version: Version{9, 7}},
		{Engine: Docker, Product: MariaDB, Version: Version{11, 8}},
	} {
		t.Run(fmt.Sprintf("docker %s %s", o.Product, o.Version), func(t *testing.T) {
			p, err := productOf(o.Product)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := dockerLauncher(t.Context(), o, p); err != nil {
				t.Skipf("SKIPPED, containers are not tested: %v", err)
			}
			test(t, o)
		})
	}
}

// mysqlDump is a dump as mysqldump writes it, with all that needs care.
const mysqlDump = `-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
--
-- Host: localhost    Database: shop
-- ------------------------------------------------------
-- Server version	8.0.36
SET @@SESSION.SQL_LOG_BIN= 0;
SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'aa57ed0e-1c0b-11ee-8f0b-0242ac120002:1-20,
bb57ed0e-1c0b-11ee-8f0b-0242ac120002:1-3';
CREATE DATABASE /*!32312 IF NOT EXISTS*/ ` + "`shop`" + `;
USE ` + "`shop`" + `;
/*!40101 SET @saved_cs_client = @@character_set_client */;
CREATE TABLE ` + "`orders`" + ` (id bigint PRIMARY KEY AUTO_INCREMENT, note varchar(100), changed int DEFAULT 0);
INSERT INTO ` + "`orders`" + ` VALUES (1,'a;b',0),(2,'USE ` + "`x`" + `;',0),(3,'ä',0);
/*!50003 CREATE*/ /*!50017 DEFINER=` + "`app`@`10.0.0.%`" + `*/ /*!50003 TRIGGER orders_bu BEFORE UPDATE ON orders FOR EACH ROW SET NEW.changed = OLD.changed + 1 */;
DELIMITER ;;
CREATE DEFINER=` + "`app`@`10.0.0.%`" + ` PROCEDURE twice(IN n int)
BEGIN
  UPDATE orders SET note = note WHERE id = n;
  UPDATE orders SET note = note WHERE id = n;
END ;;
CREATE DEFINER=` + "`ops`@`localhost`" + ` EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM orders ;;
DELIMITER ;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=` + "`app`@`10.0.0.%`" + ` SQL SECURITY DEFINER */
/*!50001 VIEW v AS SELECT id, note FROM orders */;
-- Dump completed on 2026-11-01  4:00:00
`

func TestRestoreOfMySQLDumps(t *testing.T) {
	mysqlKinds(t, func(t *testing.T, o Options) {
		s := start(t, o)
		text := mysqlDump
		if o.Product == MariaDB {
			text = "/*M!999999\\- enable the sandbox mode */ \n" + strings.Replace(strings.Replace(text, "MySQL dump 10.13  Distrib 8.0.36",
				"MariaDB dump 10.19  Distrib 10.11.14-MariaDB", 1), "8.0.36", "10.11.14-MariaDB", 1)
			text = strings.Replace(text, "SET @@GLOBAL.GTID_PURGED", "-- SET @@GLOBAL.GTID_PURGED", 1)
			text = strings.Replace(text, "bb57ed0e", "-- bb57ed0e", 1)
		}
		snap := written(t, "shop.sql.gz", text)
		if snap.Product != o.Product {
			t.Fatalf("the dump is taken for one of %s", snap.Product)
		}
		if err := s.Restore(t.Context(), snap, "shop2"); err != nil {
			t.Fatal(err)
		}
		check := func(database string) {
			t.Helper()
			got, err := s.query(t.Context(), database, "CALL twice(2)", "SELECT group_concat(concat(id, note, changed) ORDER BY id) FROM orders JOIN v USING (id, note)")
			if want := "1a;b0,2USE `x`;2,3ä0"; err != nil || got != want {
				t.Errorf("rows are %q (%v), want %q", got, err, want)
			}
		}
		again := filepath.Join(t.TempDir(), "again.sql")
		if err := s.Dump(t.Context(), "shop2", again); err != nil {
			t.Fatal(err)
		}
		check("shop2")
		second, err := Inspect(again)
		if err == nil {
			err = s.Restore(t.Context(), second, "shop3")
		}
		if err != nil {
			t.Fatal(err)
		}
		check("shop3")
		refused(t, s, text)
	})
}

// refused are dumps that must not be loaded.
func refused(t *testing.T, s *Server, text string) {
	t.Helper()
	for name, c := range map[string]struct {
		text string
		want error
		say  string
	}{
		"cut short":          {strings.Replace(text, "-- Dump completed", "--", 1), ErrTruncated, "last line"},
		"of two databases":   {strings.Replace(text, "DELIMITER ;;", "USE `other`;\nDELIMITER ;;", 1), ErrNotADump, "`shop`, `other`"},
		"of PostgreSQL":      {"--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.1\n", ErrOtherProduct, "postgres"},
		"with an error":      {strings.Replace(text, "CREATE TABLE", "CREATE TABEL", 1), nil, ".sql.gz:12"},
		"of other collation": {strings.Replace(text, "note varchar(100)", "note varchar(100) COLLATE utf8mb4_klingon_ci", 1), ErrNoEngine, "klingon"},
	} {
		if s.product.name() == MariaDB && name == "with an error" {
			c.say = ".sql.gz:13"
		}
		err := s.Restore(t.Context(), written(t, "bad.sql.gz", c.text), "bad")
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.say) {
			t.Errorf("a dump %s: error is %v, want %v with %q", name, err, c.want, c.say)
		}
		if there, err := s.product.exists(t.Context(), s, "bad"); err != nil || there {
			t.Errorf("a dump %s: the database is left (%v)", name, err)
		}
	}
}

func written(t *testing.T, name, text string) Snapshot {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := gzip.NewWriter(f)
	_, err = w.Write([]byte(text))
	if err := errors.Join(err, w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	snap, err := Inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

func TestCloseLeavesNothingOfMySQL(t *testing.T) {
	mysqlKinds(t, func(t *testing.T, o Options) {
		s := start(t, o)
		host, port := s.machine.address()
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.product.answers(t.Context(), host, port) {
			t.Error("the server still answers")
		}
	})
}
