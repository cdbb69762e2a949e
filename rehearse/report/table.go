package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// Widths of the table. The statement's column takes what the others leave.
const (
	pageWidth     = 120
	lockWidth     = 40
	rewriteWidth  = 20
	leastSQLWidth = 20
	gap           = "  "
)

// sqlColumn is the place of the statement among the columns.
const sqlColumn = 1

func (f *File) table() string {
	rows := [][]string{{"line", "statement", "time", "rows", "size", "locks and how long they were held", "rewrites"}}
	for _, s := range f.Statements {
		rows = append(rows, []string{fmt.Sprint(s.Line), "", span(s.ElapsedMS), fmt.Sprint(s.Rows), delta(s.SizeDelta),
			strings.Join(s.lockLines(), "\n"), text.WrapSoft(s.rewritten(), rewriteWidth)})
	}
	left := pageWidth
	for column := range rows[0] {
		if column != sqlColumn {
			left -= width(rows, column) + len(gap)
		}
	}
	for i, s := range f.Statements {
		rows[i+1][sqlColumn] = s.short(max(left, leastSQLWidth))
	}
	return render(rows)
}

// width is that of a column's longest line.
func width(rows [][]string, column int) int {
	longest := 0
	for _, row := range rows {
		for line := range strings.Lines(row[column]) {
			longest = max(longest, utf8.RuneCountInString(strings.TrimRight(line, " \n")))
		}
	}
	return longest
}

func (s *Statement) short(width int) string {
	if s.Verify {
		return sqltext.OneLine("verify: "+s.SQL, width)
	}
	return sqltext.OneLine(s.SQL, width)
}

func render(rows [][]string) string {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", gap
	t.SetStyle(style)
	var numbers []table.ColumnConfig
	for _, column := range []int{1, 3, 4, 5} {
		numbers = append(numbers, table.ColumnConfig{Number: column, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(numbers)
	for i, row := range rows {
		cells := table.Row{}
		for _, cell := range row {
			cells = append(cells, cell)
		}
		if i == 0 {
			t.AppendHeader(cells)
		} else {
			t.AppendRow(cells)
		}
	}
	var lines []string
	for line := range strings.Lines(t.Render()) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.Join(lines, "\n")
}

// strength orders PostgreSQL's lock modes by what they keep others from.
var strength = []string{"AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
	"ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}

// lockLines shows the strongest lock on each relation. Those on indexes are only
// counted: who waits for an index waits for its table too.
func (s *Statement) lockLines() []string {
	var lines []string
	indexes := map[string]int{} // by mode
	for _, l := range s.strongest() {
		mode := strings.TrimSuffix(l.Mode, "Lock")
		if isIndex(l.Kind) {
			indexes[mode]++
			continue
		}
		line := fmt.Sprintf("%s %s %s", l.Relation, mode, span(l.HeldMS))
		if l.Sampled {
			line += " (sampled)"
		}
		lines = append(lines, text.WrapSoft(line, lockWidth))
	}
	for i := len(strength) - 1; i >= 0; i-- {
		mode := strings.TrimSuffix(strength[i], "Lock")
		if n := indexes[mode]; n > 0 {
			lines = append(lines, plural(n)+" "+mode)
		}
	}
	return lines
}

func (s *Statement) strongest() []Lock {
	var locks []Lock
	for _, l := range s.Locks {
		i := slices.IndexFunc(locks, func(other Lock) bool { return other.Relation == l.Relation })
		if i < 0 {
			locks = append(locks, l)
		} else if cmp.Compare(slices.Index(strength, l.Mode), slices.Index(strength, locks[i].Mode)) > 0 {
			locks[i] = l
		}
	}
	return locks
}

// rewritten names what was written anew, and counts the indexes.
func (s *Statement) rewritten() string {
	var names []string
	indexes := 0
	for _, r := range s.Rewrites {
		if strings.HasPrefix(r, "index ") || strings.HasPrefix(r, "partitioned index ") {
			indexes++
			continue
		}
		for _, kind := range []string{"table ", "sequence ", "materialized view "} {
			r = strings.TrimPrefix(r, kind)
		}
		names = append(names, r)
	}
	if indexes > 0 {
		names = append(names, plural(indexes))
	}
	return strings.Join(names, ", ")
}

func isIndex(kind string) bool { return kind == "index" || kind == "partitioned index" }

func plural(indexes int) string {
	if indexes == 1 {
		return "1 index"
	}
	return fmt.Sprintf("%d indexes", indexes)
}
