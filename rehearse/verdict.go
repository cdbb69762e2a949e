package rehearse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse/report"
)

// harnessError is a rehearsal that could not be done; it says nothing of the release.
type harnessError struct{ err error }

func (e *harnessError) Error() string { return e.err.Error() }
func (e *harnessError) Unwrap() error { return e.err }

func harness(err error) error { return &harnessError{err: err} }

// judge turns the error that stopped the phases into the verdict.
func judge(r *report.Rehearsal, err error) {
	r.Verdict = report.Fail
	r.Reasons = append(r.Reasons, reason(err))
	var broken *harnessError
	var statement *migrator.StatementError
	var gate *migrator.GateError
	var file *migrations.FileError
	switch {
	case errors.As(err, &broken):
		r.Verdict = report.Error
		var hinted interface{ Hint() string }
		if errors.As(err, &hinted) {
			r.Next = hinted.Hint()
		}
	case errors.As(err, &gate):
		r.Next = gate.Hint
		addVerifyFailures(r, gate.Rows)
	case environmental(err):
		r.Verdict = report.Error
	case errors.As(err, &statement):
		r.Next = fmt.Sprintf("mend the data or %s, then rehearse again", statement.Migration.Name)
	case errors.As(err, &file):
		r.Next = file.Hint
	case errors.As(err, new(*migrator.DriftError)):
		r.Next = "put the file's text back, and make the change in a new version"
	case errors.As(err, new(*migrator.ServerError)), errors.As(err, new(*migrator.UnknownOutcomeError)):
	default:
		r.Verdict = report.Error
	}
}

// environmental tells what says nothing of the release: a cancelled rehearsal, a
// lost connection, and a server that is out of resources, shut down or broken
// (SQLSTATE classes 53, 57P, 58 and XX).
func environmental(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	refused, ok := migrator.AsServerError(err)
	if !ok {
		return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, new(net.Error))
	}
	return slices.ContainsFunc([]string{"53", "57P", "58", "XX"}, func(class string) bool { return strings.HasPrefix(refused.Code, class) })
}

// addVerifyFailures shows the rows that verify queries found, by their first column.
func addVerifyFailures(r *report.Rehearsal, failures []migrator.VerifyFailure) {
	for _, f := range failures {
		s := &report.Statement{Line: f.Statement.Pos.Line, SQL: f.Statement.Text, Verify: true, Locks: []report.Lock{},
			Rewrites: []string{}, Created: []string{}, Dropped: []string{}}
		s.Offenders = &migrator.Offenders{Table: f.Migration.Name, Columns: []string{"key"}, Total: f.Total, Problem: "found by verify"}
		for _, row := range f.Rows {
			s.Offenders.Keys = append(s.Offenders.Keys, []string{fmt.Sprint(row[0])})
		}
		fileOf(r, f).Statements = append(fileOf(r, f).Statements, s)
	}
}

func fileOf(r *report.Rehearsal, f migrator.VerifyFailure) *report.File {
	for _, file := range r.Files {
		if file.Name == f.Migration.Name {
			return file
		}
	}
	file := &report.File{Name: f.Migration.Name, Phase: string(f.Migration.Phase), Statements: []*report.Statement{}}
	r.Files = append(r.Files, file)
	return file
}

// conclude adds what only the whole rehearsal shows.
func conclude(r *report.Rehearsal) {
	if r.Verdict != report.Pass {
		return
	}
	if len(r.Files) == 0 {
		r.Notes = append(r.Notes, "nothing was pending on this snapshot")
	}
	if r.Compat == nil {
		return
	}
	if n := r.Compat.AlreadyBroken; n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d of %d old queries fail on A, before the release, and prove nothing: is A the schema that they run on?", n, r.Compat.Old))
	}
	if r.Compat.Passed() {
		return
	}
	r.Verdict = report.Fail
	for _, f := range r.Compat.Failures {
		if f.Counts {
			r.Reasons = append(r.Reasons, fmt.Sprintf("%s code breaks on %s: query %s: %s", f.Code, f.Stage, f.Query, f.Message))
		}
	}
	r.Next = "move what breaks it to another phase, or mend the query, then rehearse again"
}
