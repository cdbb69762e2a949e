package sqltext

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bind rewrites the :name parameters of a statement into placeholders and
// returns the arguments in the placeholders' order. PostgreSQL's $n is used
// again for a repeated name; for MySQL its value is repeated. Values no
// parameter names are ignored.
//
// A parameter is a colon and a name of ASCII letters, digits and underscores.
// It is none inside a string, a quoted identifier or a comment, nor in a cast
// (a::int) or an assignment (a := 1). A colon that touches the operand before
// it is never one: arr[lo:hi], 'key':value, label:LOOP. Directly in square
// brackets, a colon behind an operand is a slice's even with space between:
// ARRAY[:a, :b] and arr[:n] have parameters, arr[lo :hi] has none; write
// arr[lo:(:hi)].
//
// It is an error to use a name values has no entry for, or a placeholder
// beside a parameter; text that cannot be lexed is a *SyntaxError.
func Bind(d Dialect, sql string, values map[string]any) (string, []any, error) {
	b := &binder{dialect: d, values: values, numbers: make(map[string]int)}
	err := each(d, sql, b.add)
	if err == nil {
		err = b.mixed()
	}
	if err != nil {
		return "", nil, err
	}
	return b.text.String(), b.args, nil
}

type binder struct {
	dialect     Dialect
	values      map[string]any
	numbers     map[string]int
	text        strings.Builder
	args        []any
	placeholder Token
}

func (b *binder) add(tok Token) error {
	if tok.Kind == Placeholder {
		b.placeholder = tok
	}
	if tok.Kind != Param {
		b.text.WriteString(tok.Text)
		return nil
	}
	name := tok.Text[1:]
	value, ok := b.values[name]
	if !ok {
		return fmt.Errorf("%s: no value for the parameter :%s", tok.Pos, name)
	}
	n, seen := b.numbers[name]
	if !seen || b.dialect == MySQL {
		b.args = append(b.args, value)
		n = len(b.args)
		b.numbers[name] = n
	}
	b.text.WriteString(b.dialect.Placeholder(n))
	return nil
}

func (b *binder) mixed() error {
	if len(b.args) == 0 || b.placeholder.Text == "" {
		return nil
	}
	return fmt.Errorf("%s: placeholder %s beside named parameters", b.placeholder.Pos, b.placeholder.Text)
}

// Params returns the names of the parameters, in the order of their first use,
// without the colon. Bind says what is a parameter. Behind text that cannot be
// lexed there are none.
func Params(d Dialect, sql string) []string {
	var names []string
	seen := make(map[string]bool)
	_ = each(d, sql, func(tok Token) error {
		if tok.Kind == Param && !seen[tok.Text[1:]] {
			seen[tok.Text[1:]] = true
			names = append(names, tok.Text[1:])
		}
		return nil
	})
	return names
}

// errEnough stops each before the end.
var errEnough = errors.New("enough")

// Words returns the first n tokens of a statement that are neither blank space
// nor comments, all of them when n is 0 or less: for telling cheaply what the
// statement is. Words without quotes are in upper case (their ASCII letters);
// everything else stands as written. The marks of MySQL's executable comments
// are left out, what they enclose is not. Text that cannot be lexed ends it.
func Words(d Dialect, sql string, n int) []string {
	var words []string
	_ = each(d, sql, func(tok Token) error {
		switch {
		case !tok.Significant() || tok.Kind == Conditional:
			return nil
		case tok.Kind == Word:
			words = append(words, upper(tok.Text))
		default:
			words = append(words, tok.Text)
		}
		if len(words) == n {
			return errEnough
		}
		return nil
	})
	return words
}

// each calls f with every token up to the end or the first error.
func each(d Dialect, sql string, f func(Token) error) error {
	lexer := NewLexer(d, sql)
	for {
		tok, err := lexer.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f(tok); err != nil {
			return err
		}
	}
}

// upper puts ASCII letters in upper case and leaves other bytes alone.
func upper(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'a' && s[i] <= 'z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'a' && b[i] <= 'z' {
					b[i] -= 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
