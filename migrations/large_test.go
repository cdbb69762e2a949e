package migrations_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
)

// writeLarge writes a file of about that many bytes and returns its statements' number.
func writeLarge(t testing.TB, path string, size int) int {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "-- migrate:lock-timeout 7s")
	n := 0
	for written := 0; written < size; n++ {
		k, _ := fmt.Fprintf(w, "INSERT INTO t (id, note) VALUES (%d, 'some; text');\n", n)
		written += k
	}
	fmt.Fprintln(w, "-- migrate:verify\nSELECT 1 WHERE false;")
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return n
}

// heapOf is the most that the heap held while fn ran, above what it held before.
func heapOf(fn func()) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	most, stop, done := uint64(0), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapInuse)
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	fn()
	close(stop)
	<-done
	if most < before.HeapInuse {
		return 0
	}
	return most - before.HeapInuse
}

// TestLargeFileTakesBoundedMemory loads and goes through files of 12 MB and more;
// with MIGRATE_SOAK the last has 200 MB.
func TestLargeFileTakesBoundedMemory(t *testing.T) {
	sizes := []int{12 << 20, 48 << 20}
	if os.Getenv("MIGRATE_SOAK") != "" {
		sizes = append(sizes, 200<<20)
	}
	for _, size := range sizes {
		dir := t.TempDir()
		statements := writeLarge(t, filepath.Join(dir, "1_a.pre.sql"), size)
		seen := 0
		heap := heapOf(func() {
			set, err := migrations.Load(os.DirFS(dir), dir, sqltext.Postgres)
			if err != nil {
				t.Fatal(err)
			}
			m := set[0]
			if m.Count() != statements || len(m.Verify) != 1 || *m.LockTimeout != 7*time.Second {
				t.Fatalf("%d of %d statements, %d verify", m.Count(), statements, len(m.Verify))
			}
			for s, err := range m.From(1000) {
				if err != nil || s.Ordinal != 1001+seen || !strings.Contains(s.Text, fmt.Sprintf("(%d,", s.Ordinal-1)) {
					t.Fatalf("statement %d is %+v, %v", 1001+seen, s, err)
				}
				seen++
			}
		})
		if seen != statements-1000 {
			t.Errorf("%d of %d statements", seen, statements-1000)
		}
		t.Logf("%d MB, %d statements: %d MB of heap", size>>20, statements, heap>>20)
		if heap > 40<<20 {
			t.Errorf("a file of %d MB took %d MB of heap", size>>20, heap>>20)
		}
	}
}

func TestLargeFileIsParsedLikeASmallOne(t *testing.T) {
	dir := t.TempDir()
	writeLarge(t, filepath.Join(dir, "1_a.pre.sql"), migrations.LargeFile+1)
	set, err := migrations.Load(os.DirFS(dir), dir, sqltext.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "1_a.pre.sql"))
	if err != nil {
		t.Fatal(err)
	}
	if set[0].Checksum != migrations.Checksum(string(text)) {
		t.Error("the checksum differs")
	}
	// Another text behind our back is noticed before it runs.
	if err := os.WriteFile(filepath.Join(dir, "1_a.pre.sql"), text[:len(text)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	for s, err := range set[0].From(0) {
		if s != nil || err == nil || !strings.Contains(err.Error(), "has changed") {
			t.Errorf("statement %v, error %v", s, err)
		}
	}
}

func TestLongLines(t *testing.T) {
	long := strings.Repeat("x", 10<<20)
	fsys := fstest.MapFS{"1_a.pre.sql": {Data: []byte("INSERT INTO t VALUES ('" + long + "'); SELECT 2;")}}
	set, err := migrations.Load(fsys, "m", sqltext.MySQL)
	if err != nil || set[0].Count() != 2 {
		t.Fatalf("%v", err)
	}
	first, err := set[0].Statement(1)
	if err != nil || len(first.Text) != len(long)+len("INSERT INTO t VALUES ('')") {
		t.Errorf("the statement has %d bytes, %v", len(first.Text), err)
	}
}

func TestLoadRefusesWhatIsNoText(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT 1;\nSELECT '\xff';":                     "m/1_a.pre.sql:2: the text is not UTF-8",
		"SELECT 1;\n\nSELECT '\x00';":                   "m/1_a.pre.sql:3: the text holds a zero byte",
		"SELECT 1; -- \xc3":                             "m/1_a.pre.sql:1: the text is not UTF-8",
		"SELECT 1;\n\\i other.sql\n":                    "m/1_a.pre.sql:2: client command \\i",
		"\\restrict abc\nSELECT 1;":                     "m/1_a.pre.sql:1: client command \\restrict",
		"SELECT 1;\nCOPY t FROM stdin;\n1\n\\.\n":       "m/1_a.pre.sql:2: ",
		"DELIMITER //\nSELECT 1//":                      "m/1_a.pre.sql:1: ",
		"/* a /* nested; */ comment; */ SELECT 1":       "",
		"\ufeffSELECT 'a''b', E'c\\'d', $$e;$$, \"f;\"": "",
		"SELECT 1;\r\nSELECT U&'d\\0061', N'x';\r":      "",
	} {
		_, err := migrations.Load(fstest.MapFS{"1_a.pre.sql": {Data: []byte(text)}}, "m", sqltext.Postgres)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
