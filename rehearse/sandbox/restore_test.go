package sandbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const sourceSchema = `
CREATE ROLE shop_owner; CREATE ROLE "Reader One"; CREATE ROLE granter;
CREATE EXTENSION IF NOT EXISTS plpgsql;
CREATE TABLE orders (id int PRIMARY KEY, price numeric, note text);
ALTER TABLE orders OWNER TO shop_owner;
GRANT SELECT ON orders TO "Reader One";
ALTER DEFAULT PRIVILEGES FOR ROLE granter GRANT SELECT ON TABLES TO "Reader One";
CREATE FUNCTION discount() RETURNS void LANGUAGE sql AS $$
UPDATE orders
SET price = 1;
$$;
INSERT INTO orders SELECT i, i, repeat('x', 100) || E'\\n\\\\.' FROM generate_series(1, 2000) i;`

// dumps makes one snapshot of each format and compression, of a database with foreign owners and grants.
func dumps(t *testing.T) (folder string) {
	t.Helper()
	s := start(t, Options{Engine: Local, Version: Version{Major: testMajor}, CacheDir: cacheDir(t)})
	if err := s.CreateDatabase(t.Context(), "source"); err != nil {
		t.Fatal(err)
	}
	query(t, s, "source", sourceSchema)
	folder = t.TempDir()
	for format, name := range map[string]string{"custom": "a.dump", "directory": "b.dir", "tar": "c.tar", "plain": "d.sql"} {
		pgDump(t, s, "--format="+format, "--file="+filepath.Join(folder, name), "source")
	}
	pgDump(t, s, "--format=plain", "--create", "--clean", "--file="+filepath.Join(folder, "g.sql"), "source")
	content := read(t, filepath.Join(folder, "d.sql"))
	write(t, filepath.Join(folder, "e.whatever"), compress(t, content, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }))
	write(t, filepath.Join(folder, "f.whatever"), compress(t, content, func(w io.Writer) io.WriteCloser {
		z, err := zstd.NewWriter(w)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}))
	newer := bytes.Replace(content, []byte("SET lock_timeout = 0;"), []byte("SET lock_timeout = 0;\nSET transaction_timeout = 0;"), 1)
	if bytes.Equal(newer, content) {
		t.Fatal("the dump sets no lock_timeout")
	}
	write(t, filepath.Join(folder, "h.sql"), newer)
	return folder
}

func pgDump(t *testing.T, s *Server, args ...string) {
	t.Helper()
	if err := s.machine.run(t.Context(), command{name: "pg_dump", args: args}); err != nil {
		t.Fatalf("pg_dump %v: %v", args, err)
	}
}

func compress(t *testing.T, content []byte, with func(io.Writer) io.WriteCloser) []byte {
	t.Helper()
	var out bytes.Buffer
	w := with(&out)
	_, err := w.Write(content)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func inspect(t *testing.T, name string) Snapshot {
	t.Helper()
	snap, err := Inspect(name)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

func TestRestoreOfEveryFormat(t *testing.T) {
	folder := dumps(t)
	cases := []struct {
		name        string
		format      Format
		compression Compression
	}{
		{"a.dump", Custom, Uncompressed}, {"b.dir", Directory, Uncompressed}, {"c.tar", Tar, Uncompressed},
		{"d.sql", Plain, Uncompressed}, {"e.whatever", Plain, Gzip}, {"f.whatever", Plain, Zstd},
		{"g.sql", Plain, Uncompressed}, // with CREATE DATABASE and \connect
		{"h.sql", Plain, Uncompressed}, // with a setting of a newer server
	}
	engines(t, func(t *testing.T, o Options) {
		s := start(t, o)
		for i, c := range cases {
			snap := inspect(t, filepath.Join(folder, c.name))
			if snap.Format != c.format || snap.Compression != c.compression || snap.Product != PostgreSQL || snap.Version.Major != testMajor || snap.Size == 0 {
				t.Errorf("%s: inspected as %+v", c.name, snap)
			}
			database := "copy" + string(rune('a'+i))
			if err := s.Restore(t.Context(), snap, database); err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			checkCopy(t, s, database, c.name)
		}
		if got := query(t, s, "postgres", "SELECT count(*) FROM pg_database WHERE datname = 'source'"); got != "0" {
			t.Error("a dump made with --create was restored into its own database")
		}
	})
}

func checkCopy(t *testing.T, s *Server, database, name string) {
	t.Helper()
	for statement, want := range map[string]string{
		"SELECT count(*), sum(price) FROM orders":                                       "2000|2001000",
		"SELECT tableowner FROM pg_tables WHERE tablename = 'orders'":                   "shop_owner",
		"SELECT has_table_privilege('Reader One', 'orders', 'SELECT')":                  "t",
		"SELECT reltuples FROM pg_class WHERE relname = 'orders'":                       "2000",
		"SELECT prosrc LIKE '%SET price = 1;%' FROM pg_proc WHERE proname = 'discount'": "t",
		"SELECT rolcanlogin FROM pg_roles WHERE rolname = 'granter'":                    "f",
	} {
		if got := query(t, s, database, statement); got != want {
			t.Errorf("%s: %s = %s, want %s", name, statement, got, want)
		}
	}
}

func TestSnapshotErrors(t *testing.T) {
	folder := dumps(t)
	plain, custom := read(t, filepath.Join(folder, "d.sql")), read(t, filepath.Join(folder, "a.dump"))
	zipped := read(t, filepath.Join(folder, "e.whatever"))
	bad := t.TempDir()
	file := func(name string, content []byte) string { return write(t, filepath.Join(bad, name), content) }
	failing := bytes.Replace(plain, []byte("CREATE TABLE public.orders"), []byte("CREATE TABEL public.orders"), 1)
	cases := []struct {
		path string
		want error
		text string
	}{
		{filepath.Join(bad, "missing.dump"), os.ErrNotExist, "missing.dump: file does not exist"},
		{bad, ErrNotADump, "without toc.dat"},
		{file("empty.sql", nil), ErrNotADump, "empty.sql is empty"},
		{file("empty.gz", compress(t, nil, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })), ErrNotADump, "is empty inside its gzip"},
		{file("head.dump", custom[:30]), ErrTruncated, "head.dump"},
		{file("cut.dump", custom[:len(custom)-2000]), ErrTruncated, "cut.dump"},
		{file("cut.sql", plain[:len(plain)/2]), ErrTruncated, "cut.sql lacks the last line"},
		{file("cut.gz", zipped[:len(zipped)-100]), ErrTruncated, "in the middle of its gzip data"},
		{file("cut.zst", read(t, filepath.Join(folder, "f.whatever"))[:2000]), ErrTruncated, "cut.zst"},
		{file("mysql.sql", []byte("-- MySQL dump 10.13  Distrib 9.7.0\n--\n-- Server version\t9.7.0\n")), ErrOtherProduct, "mysql"},
		{file("maria.sql", []byte("/*!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n")), ErrOtherProduct, "mariadb"},
		{file("letter.txt", []byte("Dear client,\n")), ErrNotADump, "letter.txt"},
		{file("noise.bin", []byte{0, 1, 2, 3, 0xff}), ErrNotADump, "noise.bin"},
		{file("all.sql", []byte("--\n-- PostgreSQL database cluster dump\n--\n")), ErrNotADump, "pg_dumpall"},
		{file("extension.sql", append([]byte("-- PostgreSQL database dump\nCREATE EXTENSION IF NOT EXISTS nowhere;\n"), plain...)), ErrMissingExtension, "nowhere"},
		{file("failing.sql", failing), nil, `syntax error at or near "TABEL"`},
	}
	s := start(t, Options{Engine: Local, Version: Version{Major: testMajor}, CacheDir: cacheDir(t)})
	for _, c := range cases {
		snap, err := Inspect(c.path)
		if err == nil {
			err = s.Restore(t.Context(), snap, "broken")
		}
		if err == nil || (c.want != nil && !errors.Is(err, c.want)) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: error %v, want %v with %q", filepath.Base(c.path), err, c.want, c.text)
			continue
		}
		t.Log(err)
		if strings.Contains(err.Error(), s.password) {
			t.Errorf("%s: the error holds the password", c.path)
		}
	}
	if got := query(t, s, "postgres", "SELECT count(*) FROM pg_database WHERE datname = 'broken'"); got != "0" {
		t.Error("a failed restore left its database")
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "snapshot-*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestFailingStatementIsNamedByItsLine(t *testing.T) {
	sql := "-- PostgreSQL database dump\n\nSET lock_timeout = 0;\nSET from_the_future = 1;\nCREATE TABLE a (id int);\nCREATE TABLE a (id int);\n-- PostgreSQL database dump complete\n"
	snap := inspect(t, write(t, filepath.Join(t.TempDir(), "twice.sql"), []byte(sql)))
	engines(t, func(t *testing.T, o Options) {
		err := start(t, o).Restore(t.Context(), snap, "twice")
		if err == nil || !strings.Contains(err.Error(), "twice.sql:6") || !strings.Contains(err.Error(), `relation "a" already exists`) {
			t.Errorf("error %v, want line 6", err)
		}
	})
}

func TestTruncatedArchiveInContainer(t *testing.T) {
	o := Options{Engine: Docker, Version: Version{Major: testMajor}}
	needDocker(t, o)
	content := read(t, filepath.Join(dumps(t), "a.dump"))
	snap := inspect(t, write(t, filepath.Join(t.TempDir(), "cut.dump"), content[:len(content)-2000]))
	s := start(t, o)
	if err := s.Restore(t.Context(), snap, "cut"); !errors.Is(err, ErrTruncated) {
		t.Errorf("error %v, want ErrTruncated", err)
	}
	var out bytes.Buffer
	if err := s.machine.run(t.Context(), command{name: "ls", args: []string{"/tmp"}, stdout: &out}); err != nil || strings.Contains(out.String(), "snapshot") {
		t.Errorf("left in the container: %q, %v", out.String(), err)
	}
}

func TestCancelledRestoreLeavesNothing(t *testing.T) {
	sql := "-- PostgreSQL database dump\nCREATE TABLE a (id int);\nSELECT pg_sleep(60);\n-- PostgreSQL database dump complete\n"
	snap := inspect(t, write(t, filepath.Join(t.TempDir(), "slow.sql"), []byte(sql)))
	engines(t, func(t *testing.T, o Options) {
		s := start(t, o)
		volumes := volumesOf(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			for ctx.Err() == nil {
				out, _ := s.query(t.Context(), "postgres", "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'")
				if out == "1" {
					cancel()
				}
				time.Sleep(20 * time.Millisecond)
			}
		}()
		begin := time.Now()
		err := s.Restore(ctx, snap, "slow")
		if !errors.Is(err, context.Canceled) || time.Since(begin) > 15*time.Second {
			t.Errorf("error %v after %s", err, time.Since(begin))
		}
		if got := query(t, s, "postgres", "SELECT count(*) FROM pg_database WHERE datname = 'slow'"); got != "0" {
			t.Error("the cancelled restore left its database")
		}
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		assertEmpty(t, o, volumes)
	})
}

func TestSHA256(t *testing.T) {
	folder := dumps(t)
	plain, err := inspect(t, filepath.Join(folder, "d.sql")).SHA256(t.Context())
	if err != nil || len(plain) != 64 {
		t.Errorf("%q, %v", plain, err)
	}
	dir, err := inspect(t, filepath.Join(folder, "b.dir")).SHA256(t.Context())
	if err != nil || len(dir) != 64 || dir == plain {
		t.Errorf("%q, %v", dir, err)
	}
}
