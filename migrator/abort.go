package migrator

import (
	"context"
	"errors"
	"fmt"

	"github.com/expandcontract/migrate/migrations"
)

// AbortPlan is a change that can be taken back.
type AbortPlan struct {
	Pre      *migrations.Migration // its undo section is what runs
	Record   *Record               // of the pre
	Backfill *Record               // nil: not begun
}

// Remaining are the statements of the undo section that are yet to run.
func (p AbortPlan) Remaining() []migrations.Statement {
	if p.Record.State != Aborting {
		return p.Pre.Undo
	}
	return p.Pre.Undo[min(p.Record.StatementsDone, len(p.Pre.Undo)):]
}

// PlanAbort decides what Abort would take back: the pre of the newest change that
// has begun, or of version when it is not zero. It is refused (*GateError) when a
// newer change or its post stands in the way, or the file has no undo section.
func (m *Migrator) PlanAbort(ctx context.Context, version migrations.Version) (AbortPlan, error) {
	records, err := m.ledger.Records(ctx)
	if err != nil {
		return AbortPlan{}, err
	}
	plan, err := newHistory(m.Set, records).abortPlan(version)
	if err != nil {
		return plan, err
	}
	return plan, m.checkPushed(ctx)
}

func (h history) abortPlan(version migrations.Version) (AbortPlan, error) {
	var newest migrations.Version
	for id := range h.records {
		if id.Version.Compare(newest) > 0 {
			newest = id.Version
		}
	}
	refuse := func(hint, format string, args ...any) (AbortPlan, error) {
		return AbortPlan{}, &GateError{Reasons: []string{fmt.Sprintf(format, args...)}, Hint: hint}
	}
	if version.IsZero() {
		version = newest
	}
	pre := h.files[migrations.ID{Version: version, Phase: migrations.Pre}]
	plan := AbortPlan{Pre: pre, Record: h.records[migrations.ID{Version: version, Phase: migrations.Pre}],
		Backfill: h.records[migrations.ID{Version: version, Phase: migrations.Backfill}]}
	post := h.records[migrations.ID{Version: version, Phase: migrations.Post}]
	switch {
	case newest.IsZero() || plan.Record == nil:
		return refuse("run `migrate status`", "no pre migration of version %s was applied, so there is nothing to take back", orNone(version))
	case newest != version:
		return refuse(fmt.Sprintf("run `migrate abort %s` first", newest), "version %s is newer and applied", newest)
	case post != nil:
		return refuse("write a new change that goes the other way", "%s has begun: what it took away cannot be given back", post.Name)
	case pre == nil:
		return refuse("put the file back", "%s is gone", plan.Record.Name)
	case len(pre.Undo) == 0:
		return refuse("add the line `-- migrate:undo` and below it the statements that take it back, then run the same command again",
			"%s has no undo section", pre.Path)
	}
	return plan, nil
}

func orNone(v migrations.Version) string {
	if v.IsZero() {
		return "any"
	}
	return v.String()
}

// checkPushed refuses to take a change back under code that was pushed for it.
func (m *Migrator) checkPushed(ctx context.Context) error {
	exists, err := m.ledger.Exists(ctx)
	if err != nil || !exists {
		return err
	}
	last, err := m.ledger.lastRelease(ctx)
	if err != nil || last == nil || last.State != ReleaseRunning && last.State != ReleaseFailed {
		return err
	}
	for _, step := range last.Steps {
		if step.Name == StepPush && step.State == StepFinished {
			return &GateError{Reasons: []string{fmt.Sprintf("release %s has pushed the new code, which needs this change", last.ID)},
				Hint: "push the old code back, then run `migrate release --abandon` with it, or go on with `migrate release --resume`"}
		}
	}
	return nil
}

// Abort runs the undo section of the change's pre and forgets the change's rows, so
// that pre can run again. It keeps count like a run: killed half-way, the next
// Abort goes on, and other runs are refused meanwhile.
func (m *Migrator) Abort(ctx context.Context, version migrations.Version) (AbortPlan, error) {
	var plan AbortPlan
	m.settled = settings{}
	defer m.unwatch(ctx)
	err := m.locked(ctx, runLock, func() error {
		var err error
		if plan, err = m.PlanAbort(ctx, version); err != nil {
			return err
		}
		undo := undoOf(plan.Pre)
		if err := m.checkStatements(Plan{Steps: []Step{{Migration: undo}}}); err != nil {
			return err
		}
		if err := m.ledger.Upgrade(ctx); err != nil {
			return err
		}
		row := *plan.Record
		if row.State != Aborting {
			row.State, row.StatementsDone, row.Digests, row.InFlight, row.Before = Aborting, 0, nil, 0, nil
		}
		return m.apply(ctx, Step{Migration: undo, Record: &row})
	})
	return plan, err
}

// undoOf is the undo section as a file of its own, in the same row of the ledger.
func undoOf(pre *migrations.Migration) *migrations.Migration {
	undo := *pre
	undo.Statements, undo.Verify, undo.Undo = pre.Undo, nil, nil
	return &undo
}

// conclude ends a file: its row says applied, or, for an undo, the rows of the
// change are gone.
func (m *Migrator) conclude(ctx context.Context, r *Record) error {
	if r.State != Aborting {
		r.finish(m.Clock())
		return m.ledger.save(ctx, r)
	}
	return errors.Join(m.ledger.forget(ctx, migrations.ID{Version: r.Version, Phase: migrations.Backfill}), m.ledger.forget(ctx, r.ID))
}
