package migrator

import (
	"context"
	"fmt"
	"strings"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/phases"
)

// checkStatements refuses statements that the runner cannot run safely.
func (m *Migrator) checkStatements(plan Plan) error {
	for _, step := range plan.Steps {
		for s, err := range step.Migration.From(0) {
			if err != nil {
				return err
			}
			if phases.ControlsTransaction(m.DB.Dialect(), s.Text) {
				return &migrations.FileError{Path: step.Migration.Path, Line: s.Pos.Line,
					Err:  fmt.Errorf("a migration may not start or end a transaction"),
					Hint: "leave it out: the file commits together with its row in the ledger"}
			}
			if phases.Nameless(m.DB.Dialect(), s.Text) {
				return &migrations.FileError{Path: step.Migration.Path, Line: s.Pos.Line,
					Err:  fmt.Errorf("an index that is built concurrently needs a name"),
					Hint: "write CREATE INDEX CONCURRENTLY name ON ...: what a failed build leaves is found by it"}
			}
		}
	}
	return nil
}

// checkVerified refuses post while a verify query of an earlier phase of the
// same change returns rows.
func (m *Migrator) checkVerified(ctx context.Context, plan Plan) error {
	gate := &GateError{Hint: "mend the rows, then run `migrate post` again"}
	for _, step := range plan.Steps {
		for _, earlier := range m.Set {
			if earlier.Version != step.Migration.Version || earlier.Phase == migrations.Post {
				continue
			}
			failures, err := m.verify(ctx, earlier)
			if err != nil {
				return err
			}
			gate.add(failures)
		}
	}
	if len(gate.Rows) > 0 {
		return gate
	}
	return nil
}

func (e *GateError) add(failures []VerifyFailure) {
	for _, f := range failures {
		e.Rows = append(e.Rows, f)
		e.Reasons = append(e.Reasons, f.String())
	}
}

// String says how many rows there are and names the first by its first column,
// which by convention is the row's key.
func (f VerifyFailure) String() string {
	var keys []string
	for _, row := range f.Rows[:min(5, len(f.Rows))] {
		keys = append(keys, fmt.Sprint(row[0]))
	}
	return fmt.Sprintf("%s: verify finds %d rows: %s", f.Migration.At(f.Statement.Pos), f.Total, strings.Join(keys, ", "))
}

// verify runs a migration's verify queries and returns those that find rows.
func (m *Migrator) verify(ctx context.Context, file *migrations.Migration) ([]VerifyFailure, error) {
	var failures []VerifyFailure
	for i := range file.Verify {
		s := &file.Verify[i]
		rows, err := m.DB.Query(ctx, fmt.Sprintf("SELECT * FROM (\n%s\n) AS verify LIMIT %d", s.Text, VerifyRows))
		if err != nil {
			return nil, &StatementError{Migration: file, Statement: s, Err: err}
		}
		if len(rows) == 0 {
			continue
		}
		counted, err := m.DB.Query(ctx, fmt.Sprintf("SELECT count(*) FROM (\n%s\n) AS verify", s.Text))
		if err != nil {
			return nil, &StatementError{Migration: file, Statement: s, Err: err}
		}
		failures = append(failures, VerifyFailure{Migration: file, Statement: s, Total: asInt(counted[0][0]), Rows: rows})
	}
	return failures, nil
}

// verified fails when a verify query of the file returns rows.
func (m *Migrator) verified(ctx context.Context, file *migrations.Migration) error {
	failures, err := m.verify(ctx, file)
	if err != nil || len(failures) == 0 {
		return err
	}
	gate := &GateError{Hint: "mend the rows, then run `migrate " + string(file.Phase) + "` again"}
	gate.add(failures)
	return gate
}
