package sqltext

import (
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// scanAll is what a Scanner with a small window finds.
func scanAll(d Dialect, src string, chunk int) ([]Statement, []Token, error) {
	s := newScanner(d, iotest.OneByteReader(strings.NewReader(src)), chunk, chunk, 70)
	s.Keep = func(tok Token) bool { return strings.Contains(tok.Text, "keep") }
	var all []Statement
	var comments []Token
	for s.Scan() {
		all, comments = append(all, s.Statement()), append(comments, s.Comments()...)
	}
	return all, append(comments, s.Comments()...), s.Err()
}

func TestScannerFindsWhatSplitFinds(t *testing.T) {
	postgres := "\uFEFF-- keep 1\r\nSELECT E'a\\'b' 'c'\n'd;'; /* keep 2 /* nested ; */ */ ;;\nCREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;\n" +
		"DO $tag$ x; $x$; $tag$; -- keep 3\nSELECT \"a;b\", U&'d\\0061;', 1..2, ARRAY[1;2]"
	mysql := "# keep 1\nSELECT `a;b`, 'it\\'s;', \"q;\" ; /*!50003 CREATE PROCEDURE p() BEGIN SELECT 1; END */; -- keep 2\nDELIMITER //\n" +
		"CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW BEGIN SET NEW.a = 1; END //\nDELIMITER ;\nCREATE FUNCTION f() RETURNS int BEGIN IF 1 THEN RETURN 1; END IF; RETURN 2; END;\nSELECT 1"
	for d, src := range map[Dialect]string{Postgres: postgres, MySQL: mysql} {
		src = strings.Repeat(src+";\n", 3) + src
		want, err := Split(d, src)
		if err != nil {
			t.Fatal(err)
		}
		for chunk := 1; chunk < 200; chunk += 7 {
			got, comments, err := scanAll(d, src, chunk)
			if err != nil {
				t.Fatalf("%s, %d bytes at a time: %v", d, chunk, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s, %d bytes at a time:\n%s", d, chunk, diff)
			}
			if kept := strings.Count(src, "keep"); len(comments) != kept {
				t.Fatalf("%s, %d bytes at a time: %d of %d comments", d, chunk, len(comments), kept)
			}
		}
	}
}

func TestScannerRefusesWhatSplitRefuses(t *testing.T) {
	for _, src := range []string{"SELECT 1; SELECT 'x", "SELECT 1;\n\\i other.sql\n", "COPY t FROM stdin;\n1\n\\.\n", "SELECT (1;"} {
		_, want := Split(Postgres, src)
		_, _, got := scanAll(Postgres, src, 3)
		if want == nil || got == nil || want.Error() != got.Error() {
			t.Errorf("%q: %v, want %v", src, got, want)
		}
	}
}
