package phases

import (
	"cmp"
	"slices"
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// newClause is a clause of PostgreSQL 18 that the grammar does not know.
type newClause int

const (
	markNotEnforced newClause = iota
	markEnforced
	markNotNull // NOT NULL column as a table's constraint
	markVirtual
	markTemporal // WITHOUT OVERLAPS and PERIOD
)

// postgres18 is a statement whose newer clauses are written in older ones, and
// where they stood. A nil one has none.
type postgres18 struct {
	sql    string
	places []place
	marks  map[*pg.Constraint][]newClause
	alters map[string]string // of ALTER CONSTRAINT, by the constraint's name
}

// place is where in the older text a clause belongs.
type place struct {
	offset int
	clause newClause
}

// rewritePostgres18 writes what PostgreSQL 18 added in the words of 17
// (PostgreSQL 18 manual: CREATE TABLE, ALTER TABLE, RETURNING, VACUUM), and the
// tool's own parameters as placeholders. It reports false when there is none.
func rewritePostgres18(sql string) (*postgres18, bool) {
	tokens, err := significant(sqltext.Postgres, sql)
	if err != nil {
		return nil, false
	}
	w := &rewriter{in: tokens, source: sql, out: postgres18{alters: map[string]string{}}}
	for w.i < len(w.in) {
		if !w.clause() {
			w.keep()
		}
	}
	w.out.sql = w.text.String()
	return &w.out, w.changed
}

// rewriter walks the tokens of a statement once and writes the older text.
type rewriter struct {
	in      []sqltext.Token
	source  string
	i       int
	text    strings.Builder
	stored  []int // the tokens behind which STORED is missing
	changed bool
	out     postgres18
}

// keep copies the token, with a blank so that a comment left out parts words.
func (w *rewriter) keep() {
	tok := w.in[w.i]
	if w.i > 0 && w.in[w.i-1].Pos.Offset+len(w.in[w.i-1].Text) < tok.Pos.Offset {
		w.text.WriteByte('\n')
	}
	w.text.WriteString(tok.Text)
	if slices.Contains(w.stored, w.i) {
		w.text.WriteString(" STORED")
		w.mark(markVirtual)
	}
	w.i++
}

// write puts text in place of the next n tokens.
func (w *rewriter) write(n int, text string) {
	w.text.WriteString(" " + text + " ")
	w.i += n
	w.changed = true
}

func (w *rewriter) mark(c newClause) {
	w.out.places = append(w.out.places, place{w.text.Len(), c})
	w.changed = true
}

// at reports whether the next words are those given.
func (w *rewriter) at(words ...string) bool { return wordsAt(w.in, w.i, words...) }

// clause rewrites the clause at the next token, and reports false for none.
func (w *rewriter) clause() bool {
	switch {
	case w.in[w.i].Kind == sqltext.Param:
		w.write(1, "$1")
	case w.alteredConstraint():
	case w.at("NOT", "ENFORCED"):
		w.mark(markNotEnforced)
		w.write(2, "")
	case w.at("ENFORCED"):
		w.mark(markEnforced)
		w.write(1, "")
	case w.at("WITHOUT", "OVERLAPS"):
		w.mark(markTemporal)
		w.write(2, "")
	case w.at("PERIOD") && w.i > 0 && w.in[w.i-1].Text == ",":
		w.mark(markTemporal)
		w.write(1, "")
	case w.at("VACUUM", "ONLY"), w.at("ANALYZE", "ONLY"):
		w.keep()
		w.write(1, "")
	case w.at("RETURNING", "WITH"):
		w.keep()
		w.write(closing(w.in, w.i+1)-w.i+1, "")
	default:
		return w.notNull() || w.generated()
	}
	return true
}

// alteredConstraint writes what 18 lets ALTER CONSTRAINT change as DEFERRABLE.
func (w *rewriter) alteredConstraint() bool {
	if w.i < 3 || !wordsAt(w.in, w.i-3, "ALTER", "CONSTRAINT") {
		return false
	}
	for _, words := range [][]string{{"NOT", "ENFORCED"}, {"ENFORCED"}, {"NO", "INHERIT"}, {"INHERIT"}} {
		if w.at(words...) {
			w.out.alters[identifier(sqltext.Postgres, w.in[w.i-1])] = strings.ToLower(strings.Join(words, " "))
			w.write(len(words), "DEFERRABLE")
			return true
		}
	}
	return false
}

// notNull writes [CONSTRAINT name] NOT NULL column, a table's constraint, as a CHECK.
func (w *rewriter) notNull() bool {
	if !w.at("NOT", "NULL") || w.i == 0 || w.i+2 >= len(w.in) || !isName(w.in[w.i+2]) {
		return false
	}
	before := w.i - 1
	if before >= 2 && w.in[before-1].Is("CONSTRAINT") {
		before -= 2
	}
	if tok := w.in[before]; !tok.Is("ADD") && tok.Text != "," && tok.Text != "(" {
		return false
	}
	w.write(3, "CHECK ("+w.in[w.i+2].Text+" IS NOT NULL)")
	w.mark(markNotNull)
	return true
}

// generated sees that a generated column is STORED.
func (w *rewriter) generated() bool {
	if w.at("VIRTUAL") && slices.Contains(w.stored, w.i-1) {
		w.write(1, "")
		return true
	}
	if w.at("GENERATED", "ALWAYS", "AS") && w.i+3 < len(w.in) && w.in[w.i+3].Text == "(" {
		if end := closing(w.in, w.i+3); !wordsAt(w.in, end+1, "STORED") {
			w.stored = append(w.stored, end)
		}
	}
	return false
}

// assign gives each clause to the constraint that it stands in: the last one
// that starts before it.
func (p *postgres18) assign(tree *pg.ParseResult) {
	var constraints []*pg.Constraint
	walk(tree.ProtoReflect(), func(m protoreflect.Message) {
		if c, ok := m.Interface().(*pg.Constraint); ok {
			constraints = append(constraints, c)
		}
	})
	slices.SortStableFunc(constraints, func(a, b *pg.Constraint) int { return cmp.Compare(a.Location, b.Location) })
	p.marks = map[*pg.Constraint][]newClause{}
	for _, place := range p.places {
		n, _ := slices.BinarySearchFunc(constraints, place.offset, func(c *pg.Constraint, offset int) int {
			return cmp.Compare(int(c.Location), offset)
		})
		if n > 0 {
			p.marks[constraints[n-1]] = append(p.marks[constraints[n-1]], place.clause)
		}
	}
}

func (p *postgres18) has(c *pg.Constraint, clause newClause) bool {
	return p != nil && slices.Contains(p.marks[c], clause)
}

// mark sets on a constraint's effect what its newer clauses say.
func (p *postgres18) mark(c *pg.Constraint, e *Effect) {
	if p.has(c, markNotEnforced) {
		e.NotEnforced = true
	}
	if p.has(c, markTemporal) {
		e.Option = "temporal"
	}
	if p.has(c, markNotNull) {
		e.ConstraintType, e.Expression, e.Proves = NotNullConstraint, "", nil
	}
}

// alterConstraint sets what ALTER CONSTRAINT changes, where the grammar did not know it.
func (p *postgres18) alterConstraint(e *Effect) {
	if p == nil || p.alters[e.Object.Name] == "" {
		return
	}
	e.Option, e.Deferrable = p.alters[e.Object.Name], false
	e.NotEnforced = e.Option == "not enforced"
}
