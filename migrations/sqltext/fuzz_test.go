package sqltext

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func FuzzLexPostgres(f *testing.F) { fuzzLex(f, Postgres) }
func FuzzLexMySQL(f *testing.F)    { fuzzLex(f, MySQL) }

func FuzzSplitPostgres(f *testing.F) { fuzzSplit(f, Postgres) }
func FuzzSplitMySQL(f *testing.F)    { fuzzSplit(f, MySQL) }

// fuzzLex holds that tokens rejoin to the input, up to the error if there is
// one, that positions follow from the text, and that an error is final.
func fuzzLex(f *testing.F, d Dialect) {
	f.Fuzz(func(t *testing.T, src string) {
		lexer := NewLexer(d, src)
		var joined strings.Builder
		for {
			tok, err := lexer.Next()
			if err != nil {
				checkLexEnd(t, lexer, err, src, joined.String())
				return
			}
			if tok.Text == "" || tok.Pos.Offset != joined.Len() {
				t.Fatalf("token %+v at offset %d", tok, joined.Len())
			}
			if want := 1 + lineBreaks(src[:tok.Pos.Offset], src); tok.Pos.Line != want || tok.Pos.Column < 1 {
				t.Fatalf("token %+v, want line %d", tok, want)
			}
			joined.WriteString(tok.Text)
		}
	})
}

func checkLexEnd(t *testing.T, lexer *Lexer, err error, src, joined string) {
	t.Helper()
	if !strings.HasPrefix(src, joined) {
		t.Fatalf("tokens rejoin to %q, not to the input %q", joined, src)
	}
	var syntax *SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		if joined != src {
			t.Fatalf("tokens end at %q, the input is %q", joined, src)
		}
	case !errors.As(err, &syntax):
		t.Fatalf("error %T: %v", err, err)
	case syntax.Pos.Offset >= len(src) || syntax.Msg == "":
		t.Fatalf("error %+v in %q", syntax, src)
	}
	if _, again := lexer.Next(); again != err {
		t.Fatalf("error %v, then %v", err, again)
	}
}

// lineBreaks counts the line breaks in prefix; one cut in two by its end counts
// for what follows.
func lineBreaks(prefix, src string) int {
	n := strings.Count(prefix, "\n") + strings.Count(prefix, "\r") - strings.Count(prefix, "\r\n")
	if strings.HasSuffix(prefix, "\r") && strings.HasPrefix(src[len(prefix):], "\n") {
		n--
	}
	return n
}

// fuzzSplit holds that statements are in order, apart, and pieces of the input,
// and that what reads a statement reads each of them.
func fuzzSplit(f *testing.F, d Dialect) {
	f.Fuzz(func(t *testing.T, src string) {
		statements, err := Split(d, src)
		var syntax *SyntaxError
		if err != nil && !errors.As(err, &syntax) {
			t.Fatalf("error %T: %v", err, err)
		}
		scanned(t, d, src, statements, err)
		at := 0
		for _, s := range statements {
			if s.Pos.Offset < at || s.End.Offset <= s.Pos.Offset || s.End.Offset > len(src) {
				t.Fatalf("statement %+v behind offset %d", s, at)
			}
			if s.Text != src[s.Pos.Offset:s.End.Offset] || strings.Trim(s.Text, " \t\n\v\f\r;") == "" {
				t.Fatalf("statement %+v", s)
			}
			at = s.End.Offset
			Words(d, s.Text, 0)
			bindAll(t, d, s.Text)
		}
	})
}

// scanned holds that a Scanner with a window of a few bytes finds the same.
func scanned(t *testing.T, d Dialect, src string, want []Statement, wantErr error) {
	t.Helper()
	s := newScanner(d, strings.NewReader(src), 16, 64, 256)
	var got []Statement
	for s.Scan() {
		got = append(got, s.Statement())
	}
	if (s.Err() == nil) != (wantErr == nil) || wantErr == nil && !slices.Equal(got, want) {
		t.Fatalf("scanned %+v, %v\nsplit %+v, %v", got, s.Err(), want, wantErr)
	}
}

func bindAll(t *testing.T, d Dialect, sql string) {
	t.Helper()
	values := make(map[string]any)
	for _, name := range Params(d, sql) {
		values[name] = name
	}
	_, args, err := Bind(d, sql, values)
	if err == nil && len(args) < len(values) {
		t.Fatalf("%q binds %d of %d values", sql, len(args), len(values))
	}
}
