package compat

import (
	"context"
	"fmt"

	"github.com/expandcontract/migrate/migrator"
)

// Stage is a schema that queries meet.
type Stage string

const (
	A Stage = "A" // before pre
	B Stage = "B" // after pre
	C Stage = "C" // after post
)

// Code says which version of the application a query belongs to.
type Code string

const (
	Old Code = "old"
	New Code = "new"
)

// Session is what a check needs of a database.
type Session interface {
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	// Prepare has the server parse and describe a query without running it.
	Prepare(ctx context.Context, sql string) ([]migrator.Column, error)
}

// Statement is the migration statement that broke a query.
type Statement struct {
	Migration string `json:"migration"`
	Line      int    `json:"line"`
	SQL       string `json:"sql"`
}

// Failure is a query that the server did not take at a stage.
type Failure struct {
	Code     Code       `json:"code"`
	Query    string     `json:"query"`
	File     string     `json:"file"`
	Line     int        `json:"line"`
	Stage    Stage      `json:"stage"`
	SQLState string     `json:"sqlstate"`
	Message  string     `json:"message"`
	Cause    *Statement `json:"cause,omitempty"` // nil: no statement of this run broke it
	Counts   bool       `json:"counts"`          // it makes the verdict fail
	Reason   string     `json:"reason"`          // why it counts or does not
}

// Result is what a run of checks found.
type Result struct {
	Old    int     `json:"old_queries"`
	New    int     `json:"new_queries"`
	Stages []Stage `json:"stages"` // those that were reached
	// AlreadyBroken counts the old queries that failed on A. They prove nothing.
	AlreadyBroken int       `json:"already_broken"`
	Failures      []Failure `json:"failures"`
}

// Passed reports whether no failure counts.
func (r *Result) Passed() bool {
	for _, f := range r.Failures {
		if f.Counts {
			return false
		}
	}
	return true
}

// Checker prepares queries at each stage and after each statement in between, so
// that a query's failure is laid to the statement that broke it.
type Checker struct {
	old, new []Query
	failing  map[*Query]broken
	baseline map[string]bool // SQL of old queries that failed on A
	result   Result
}

// broken is a query's present failure.
type broken struct {
	err   *migrator.ServerError
	cause *Statement
}

// NewChecker takes the queries of both versions; either may be empty.
func NewChecker(old, new []Query) *Checker {
	return &Checker{old: old, new: new, failing: map[*Query]broken{}, baseline: map[string]bool{},
		result: Result{Old: len(old), New: len(new), Failures: []Failure{}}}
}

// Observe prepares all queries after a statement. inTx must be set when the
// session is inside a transaction: a failing query would abort it otherwise.
func (c *Checker) Observe(ctx context.Context, s Session, cause *Statement, inTx bool) error {
	if inTx {
		if _, err := s.Exec(ctx, "SAVEPOINT migrate_compat"); err != nil {
			return err
		}
	}
	err := c.each(func(_ Code, q *Query) error { return c.try(ctx, s, q, cause, inTx) })
	if err == nil && inTx {
		// Parsing takes the query's locks; rolling back gives them up again, so that
		// they are not laid to the migration.
		if _, err = s.Exec(ctx, "ROLLBACK TO SAVEPOINT migrate_compat"); err == nil {
			_, err = s.Exec(ctx, "RELEASE SAVEPOINT migrate_compat")
		}
	}
	return err
}

func (c *Checker) each(fn func(Code, *Query) error) error {
	for i := range c.old {
		if err := fn(Old, &c.old[i]); err != nil {
			return err
		}
	}
	for i := range c.new {
		if err := fn(New, &c.new[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *Checker) try(ctx context.Context, s Session, q *Query, cause *Statement, inTx bool) error {
	_, err := s.Prepare(ctx, q.SQL)
	if err == nil {
		delete(c.failing, q)
		return nil
	}
	refused, ok := migrator.AsServerError(err)
	if !ok {
		return fmt.Errorf("prepare query %s: %w", q.Name, err)
	}
	if before, was := c.failing[q]; was {
		cause = before.cause // it was broken before this statement
	}
	c.failing[q] = broken{err: refused, cause: cause}
	if inTx {
		_, err := s.Exec(ctx, "ROLLBACK TO SAVEPOINT migrate_compat")
		return err
	}
	return nil
}

// Check prepares all queries at a stage and records what fails there.
func (c *Checker) Check(ctx context.Context, s Session, stage Stage) error {
	if err := c.Observe(ctx, s, nil, false); err != nil {
		return fmt.Errorf("check queries on %s: %w", stage, err)
	}
	c.result.Stages = append(c.result.Stages, stage)
	return c.each(func(code Code, q *Query) error {
		if b, failed := c.failing[q]; failed {
			c.record(stage, code, q, b)
		}
		return nil
	})
}

// record judges a failure at a stage.
func (c *Checker) record(stage Stage, code Code, q *Query, b broken) {
	if stage == A {
		if code == Old {
			c.baseline[q.SQL] = true
			c.result.AlreadyBroken++
		}
		return
	}
	counts, reason := c.judge(stage, code, q, b)
	c.result.Failures = append(c.result.Failures, Failure{Code: code, Query: q.Name, File: q.File, Line: q.Line, Stage: stage,
		SQLState: b.err.Code, Message: b.err.Message, Cause: b.cause, Counts: counts, Reason: reason})
}

func (c *Checker) judge(stage Stage, code Code, q *Query, b broken) (bool, string) {
	switch {
	case c.baseline[q.SQL]:
		return false, "it already failed before the release"
	case code == Old && stage == C:
		return false, "old code is gone by then"
	case code == Old:
		return true, "old code runs on this schema during the push"
	case b.cause == nil:
		return true, "no pending migration provides what it needs"
	default:
		return true, "new code runs on this schema"
	}
}

// Result is what was found so far.
func (c *Checker) Result() *Result { return &c.result }
