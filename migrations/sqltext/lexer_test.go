package sqltext

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// lexed lists the significant tokens of src as "kind text".
func lexed(t *testing.T, d Dialect, src string) []string {
	t.Helper()
	var all []string
	err := each(d, src, func(tok Token) error {
		if tok.Kind != Space {
			all = append(all, tok.Kind.String()+" "+tok.Text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

type lexCase struct {
	src  string
	want []string
}

func runLex(t *testing.T, d Dialect, cases []lexCase) {
	for _, c := range cases {
		t.Run(c.src, func(t *testing.T) {
			if diff := cmp.Diff(c.want, lexed(t, d, c.src)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLexPostgres(t *testing.T) {
	runLex(t, Postgres, []lexCase{
		{`'it''s' 'a\' E'a\'b'`, []string{"string 'it''s'", `string 'a\'`, `string E'a\'b'`}},
		{`U&'\0061' b'01' X'ff' n'x' U&"d""e"`, []string{`string U&'\0061'`, "string b'01'", "string X'ff'", "string n'x'", `quoted identifier U&"d""e"`}},
		{"E'a'\n--c\n'\\''", []string{"string E'a'", "line comment --c", `string '\''`}},
		{"E'a' '\\' E'a'/**/\n'\\'", []string{"string E'a'", `string '\'`, "string E'a'", "block comment /**/", `string '\'`}},
		{"$$a$b$$ $é1$ $$ $é1$ $1 a$b$c $", []string{"string $$a$b$$", "string $é1$ $$ $é1$", "placeholder $1", "word a$b$c", "operator $"}},
		{"1_000 0xFF 1e10 1.5E-3 .5 1..2 1. 0x", []string{"number 1_000", "number 0xFF", "number 1e10", "number 1.5E-3", "number .5", "number 1", "operator ..", "number 2", "number 1.", "number 0", "word x"}},
		{"a::int :b a:=:c", []string{"word a", "operator ::", "word int", "parameter :b", "word a", "operator :=", "parameter :c"}},
		{"a->>'b' @> -1", []string{"word a", "operator ->>", "string 'b'", "operator @>", "operator -", "number 1"}},
		{"1+-2 1+--c", []string{"number 1", "operator +", "operator -", "number 2", "number 1", "operator +", "line comment --c"}},
		{"</*c*/= *--d", []string{"operator <", "block comment /*c*/", "operator =", "operator *", "line comment --d"}},
		{"/* a /* b */ c */;", []string{"block comment /* a /* b */ c */", "semicolon ;"}},
		{"--a\r--b", []string{"line comment --a", "line comment --b"}},
		{"\\d x", []string{`meta-command \d x`}},
		{"\x00\xff", []string{"operator \x00", "word \xff"}},
	})
}

func TestLexMySQL(t *testing.T) {
	runLex(t, MySQL, []lexCase{
		{`'a\'''b' "c\"""d"` + " `e``\\`", []string{`string 'a\'''b'`, `string "c\"""d"`, "quoted identifier `e``\\`"}},
		{`x'ff' B'01' N'n' _utf8'x' _utf8mb4"y" a'b'`, []string{"string x'ff'", "string B'01'", "string N'n'", "string _utf8'x'", `string _utf8mb4"y"`, "word a", "string 'b'"}},
		{"# a\r\n-- b\n--c", []string{"line comment # a", "line comment -- b", "operator -", "operator -", "word c"}},
		{"/* a /* b */ c", []string{"block comment /* a /* b */", "word c"}},
		{"/*!50003 a '*/' */ /*M!100100 b;*/ /*!c*/", []string{"conditional /*!50003", "word a", "string '*/'", "conditional */",
			"conditional /*M!100100", "word b", "operator ;", "conditional */", "conditional /*!", "word c", "conditional */"}},
		{"/*!999999\\- x */ /*M!999999\\- y */", []string{"block comment /*!999999\\- x */", "block comment /*M!999999\\- y */"}},
		{"@a @@global.b @'c d' @`e` 'f'@'%' @", []string{"variable @a", "variable @@global.b", "variable @'c d'", "variable @`e`", "string 'f'", "variable @'%'", "operator @"}},
		{"1 1.5 .5 1e5 1e+5 0xFF 0b01 1a 0xg 1_0", []string{"number 1", "number 1.5", "number .5", "number 1e5", "number 1e+5", "number 0xFF", "number 0b01", "word 1a", "word 0xg", "word 1_0"}},
		{"t.1a `t`.2 a$b", []string{"word t", "operator .", "word 1a", "quoted identifier `t`", "operator .", "word 2", "word a$b"}},
		{"a<=>b ? a := :b", []string{"word a", "operator <=>", "word b", "placeholder ?", "word a", "operator :=", "parameter :b"}},
		{"DELIMITER $$\na;b$$", []string{"meta-command DELIMITER $$", "word a", "operator ;", "word b", "semicolon $$"}},
		{"\\N \\g", []string{`word \N`, `meta-command \g`}},
	})
}

func TestLexPositions(t *testing.T) {
	src := "\uFEFFé\r\nb\rc\n\xff d"
	var got []Pos
	_ = each(Postgres, src, func(tok Token) error {
		if tok.Kind == Word {
			got = append(got, tok.Pos)
		}
		return nil
	})
	want := []Pos{{3, 1, 1}, {7, 2, 1}, {9, 3, 1}, {11, 4, 1}, {13, 4, 3}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLinear gives texts whose reading looks ahead; a quadratic one would take
// hours.
func TestLinear(t *testing.T) {
	const n = 2 << 20
	for name, unit := range map[string]string{
		"plus": "+", "minus": "- -", "dollar": "$a ", "tag": "$a", "quote": "''", "open": "/*", "executable": "/*!",
		"brackets": "[", "parens": "(", "semicolons": ";", "case": "CASE ", "slash": "*/", "at": "@", "cr": "\r",
		"begin": "BEGIN ", "colon": ":", "underscore": "0x_", "backslash": `\N `, "dot": ".",
	} {
		for _, d := range []Dialect{Postgres, MySQL} {
			t.Run(name+" "+string(d), func(t *testing.T) {
				start := time.Now()
				_, _ = Split(d, strings.Repeat(unit, n/len(unit)))
				_, _ = Split(d, "CREATE PROCEDURE p() "+strings.Repeat(unit, n/len(unit)))
				if took := time.Since(start); took > 10*time.Second {
					t.Errorf("took %s", took)
				}
			})
		}
	}
}

func BenchmarkLexer(b *testing.B) {
	line := "INSERT INTO actor (id, name) VALUES (1, 'PENELOPE', '2006-02-15 04:34:33'), (2, 'NICK', NULL); -- a row\n"
	src := strings.Repeat(line, 10_000)
	for _, d := range []Dialect{Postgres, MySQL} {
		b.Run(string(d), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				lexer := NewLexer(d, src)
				for {
					if _, err := lexer.Next(); errors.Is(err, io.EOF) {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
