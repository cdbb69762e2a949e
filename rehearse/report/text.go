package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// Text writes the document for people: a table per snapshot, then what broke and why.
func Text(w io.Writer, d Document) error {
	var b strings.Builder
	for i, r := range d.Rehearsals {
		if i > 0 {
			b.WriteString("\n")
		}
		r.text(&b)
	}
	if len(d.Rehearsals) > 1 {
		fmt.Fprintf(&b, "\n%d snapshots:\n", len(d.Rehearsals))
		for _, r := range d.Rehearsals {
			fmt.Fprintf(&b, "  %-5s %s\n", r.Verdict, r.Snapshot.Name)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Rehearsal) text(b *strings.Builder) {
	fmt.Fprintf(b, "%s: %s\n", r.Snapshot.Name, strings.ToUpper(string(r.Verdict)))
	switch {
	case r.Sandbox == "":
	case r.Snapshot.Bytes == 0:
		fmt.Fprintln(b, r.Sandbox)
	default:
		fmt.Fprintf(b, "%s, %s dump restored in %s\n", r.Sandbox, humanize.IBytes(uint64(r.Snapshot.Bytes)), span(float64(r.RestoreMS)))
	}
	for _, f := range r.Files {
		fmt.Fprintf(b, "\n%s  %s\n%s\n", f.Name, span(f.ElapsedMS()), f.table())
		for _, s := range f.Statements {
			s.failure(b, f.Name)
		}
	}
	r.compatText(b)
	for _, note := range r.Notes {
		fmt.Fprintf(b, "\nnote: %s\n", note)
	}
	for _, reason := range r.Reasons {
		fmt.Fprintf(b, "\n%s: %s\n", r.Verdict, reason)
	}
	if r.Next != "" {
		fmt.Fprintf(b, "next: %s\n", r.Next)
	}
}

func (s *Statement) failure(b *strings.Builder, file string) {
	if s.Error != "" {
		fmt.Fprintf(b, "\n%s:%d failed: %s\n", file, s.Line, s.Error)
	}
	if o := s.Offenders; o != nil {
		fmt.Fprintf(b, "%d rows of %s: %s\n", o.Total, o.Table, o.Problem)
		var keys []string
		for _, key := range o.Keys {
			keys = append(keys, strings.Join(key, ","))
		}
		more := ""
		if int64(len(keys)) < o.Total {
			more = ", ..."
		}
		fmt.Fprintf(b, "  %s: %s%s\n", strings.Join(o.Columns, ","), strings.Join(keys, " "), more)
	}
}

func (r *Rehearsal) compatText(b *strings.Builder) {
	c := r.Compat
	if c == nil {
		return
	}
	fmt.Fprintf(b, "\ncompat: %d old and %d new queries prepared on %v\n", c.Old, c.New, c.Stages)
	uncounted := map[string]int{}
	for _, f := range c.Failures {
		if !f.Counts {
			uncounted[fmt.Sprintf("%s code on %s: %s", f.Code, f.Stage, f.Reason)]++
			continue
		}
		fmt.Fprintf(b, "  %s code on %s breaks: %s (%s:%d)\n", f.Code, f.Stage, f.Query, f.File, f.Line)
		fmt.Fprintf(b, "    %s (SQLSTATE %s)\n", f.Message, f.SQLState)
		if f.Cause != nil {
			fmt.Fprintf(b, "    since %s:%d  %s\n", f.Cause.Migration, f.Cause.Line, sqltext.OneLine(f.Cause.SQL, 80))
		}
		fmt.Fprintf(b, "    %s\n", f.Reason)
	}
	for _, why := range slices.Sorted(maps.Keys(uncounted)) {
		fmt.Fprintf(b, "  not counted: %d of %s\n", uncounted[why], why)
	}
}

func span(ms float64) string {
	d := time.Duration(ms * float64(time.Millisecond))
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(time.Millisecond).String()
	default:
		return d.Round(100 * time.Microsecond).String()
	}
}

func delta(bytes int64) string {
	switch {
	case bytes < 0:
		return "-" + humanize.IBytes(uint64(-bytes))
	case bytes > 0:
		return "+" + humanize.IBytes(uint64(bytes))
	default:
		return ""
	}
}
