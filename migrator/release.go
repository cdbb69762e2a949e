package migrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/expandcontract/migrate/migrations"
)

// StepName names one step of a release.
type StepName string

// The steps of a release, in order.
const (
	StepPre            StepName = "pre"
	StepBackfillBefore StepName = "backfill-before-push"
	StepPush           StepName = "push"
	StepBackfillAfter  StepName = "backfill-after-push"
	StepPost           StepName = "post"
)

// StepNames lists the steps in order.
func StepNames() []StepName {
	return []StepName{StepPre, StepBackfillBefore, StepPush, StepBackfillAfter, StepPost}
}

// ReleaseState is how far a release has come.
type ReleaseState string

const (
	ReleaseRunning   ReleaseState = "running" // begun; its process may be dead
	ReleaseFailed    ReleaseState = "failed"
	ReleaseDone      ReleaseState = "done"
	ReleaseAbandoned ReleaseState = "abandoned"
)

// StepState is the state of one step.
type StepState string

const (
	StepPending  StepState = "pending"
	StepRunning  StepState = "running"
	StepFinished StepState = "done"
	StepFailed   StepState = "failed"
)

// ReleaseStep is one step with its times, as kept in migrate_releases. The push
// command itself is not kept: its arguments may hold secrets.
type ReleaseStep struct {
	Name     StepName   `json:"name"`
	State    StepState  `json:"state"`
	Started  *time.Time `json:"started,omitempty"`
	Finished *time.Time `json:"finished,omitempty"`
	ExitCode int        `json:"exit_code,omitempty"` // of the push
	Error    string     `json:"error,omitempty"`
}

// Release is one row of migrate_releases.
type Release struct {
	ID         string        `json:"release"`
	State      ReleaseState  `json:"state"`
	Steps      []ReleaseStep `json:"steps"`
	PlanDigest string        `json:"plan_digest"`
	Started    time.Time     `json:"started"`
	Finished   *time.Time    `json:"finished,omitempty"`
	By         string        `json:"released_by"`
	Tool       string        `json:"tool_version"`
}

// Next is the first step that is not done, or nil.
func (r *Release) Next() *ReleaseStep {
	for i := range r.Steps {
		if r.Steps[i].State != StepFinished {
			return &r.Steps[i]
		}
	}
	return nil
}

// PushError is a push that failed; post has not run and will not.
type PushError struct {
	Code int // the command's exit code; 128 + n for signal n, as shells have it
	Err  error
}

func (e *PushError) Error() string { return fmt.Sprintf("the push failed: %v", e.Err) }

func (e *PushError) Unwrap() error { return e.Err }

// ReleaseRequest says how to run a release.
type ReleaseRequest struct {
	// Push runs the code push of the release with that id; a failure with an
	// exit code is a *PushError. nil on a resume when the push is done already.
	Push    func(ctx context.Context, release string) error
	Resume  bool // go on with the unfinished release
	Pushed  bool // with Resume: the push that was under way did go through
	Abandon bool // leave an unfinished release behind and begin a new one
}

// Release runs pre, the backfills before the push, the push, the backfills after
// it, and post. Each step is recorded before it starts and when it ends, so a
// release whose process dies is resumed at the step where it stopped; every
// step can be repeated. When the push fails nothing after it runs.
func (m *Migrator) RunRelease(ctx context.Context, req ReleaseRequest) (*Release, error) {
	var release *Release
	err := m.locked(ctx, releaseLock, func() error {
		var err error
		if release, err = m.openRelease(ctx, req); err != nil {
			return err
		}
		m.Options.Release = release.ID
		return m.runSteps(ctx, release, req)
	})
	return release, err
}

func (m *Migrator) runSteps(ctx context.Context, r *Release, req ReleaseRequest) error {
	for step := r.Next(); step != nil; step = r.Next() {
		if step.Name == StepPush && req.Push == nil {
			return &GateError{Reasons: []string{"release " + r.ID + " goes on with its push, and no command was given"},
				Hint: "run `migrate release --resume -- CMD`"}
		}
		if err := m.runStep(ctx, r, step, req); err != nil {
			return err
		}
	}
	now := m.Clock()
	r.State, r.Finished = ReleaseDone, &now
	return m.ledger.updateRelease(ctx, r)
}

func (m *Migrator) runStep(ctx context.Context, r *Release, step *ReleaseStep, req ReleaseRequest) error {
	started := m.Clock()
	step.State, step.Started, step.Error, step.ExitCode = StepRunning, &started, "", 0
	r.State = ReleaseRunning
	if err := m.ledger.updateRelease(ctx, r); err != nil {
		return err
	}
	m.Progress(Event{Kind: StepStarted, Step: string(step.Name)})
	err := m.perform(ctx, r, step.Name, req)
	finished := m.Clock()
	step.State, step.Finished = StepFinished, &finished
	if err != nil {
		step.fail(err)
		r.State = ReleaseFailed
	}
	m.Progress(Event{Kind: StepDone, Step: string(step.Name), Elapsed: finished.Sub(started), Err: err})
	// The step's end is recorded also after Ctrl-C: a push that is done must not be repeated.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, m.ledger.updateRelease(ctx, r))
}

func (s *ReleaseStep) fail(err error) {
	s.State = StepFailed
	var push *PushError
	if errors.As(err, &push) {
		s.ExitCode, s.Error = push.Code, fmt.Sprintf("the push exited with %d", push.Code)
		return
	}
	s.Error = err.Error()
}

func (m *Migrator) perform(ctx context.Context, r *Release, name StepName, req ReleaseRequest) error {
	run := func(cmd Command, when migrations.When) error {
		m.When = when
		_, err := m.Run(ctx, cmd)
		return err
	}
	switch name {
	case StepPre:
		return run(CmdPre, "")
	case StepBackfillBefore:
		return run(CmdBackfill, migrations.BeforePush)
	case StepBackfillAfter:
		return run(CmdBackfill, "")
	case StepPost:
		return run(CmdPost, "")
	default:
		return req.Push(ctx, r.ID)
	}
}

// openRelease begins a release or finds the one to go on with.
func (m *Migrator) openRelease(ctx context.Context, req ReleaseRequest) (*Release, error) {
	if err := m.locked(ctx, runLock, func() error { return m.ledger.Upgrade(ctx) }); err != nil {
		return nil, err
	}
	last, err := m.ledger.lastRelease(ctx)
	if err != nil {
		return nil, err
	}
	open := last != nil && (last.State == ReleaseRunning || last.State == ReleaseFailed)
	if req.Resume {
		return m.resumeRelease(last, open, req)
	}
	if open && !req.Abandon {
		return nil, &GateError{Reasons: []string{fmt.Sprintf("release %s stopped at its step %s", last.ID, last.Next().Name)},
			Hint: "run `migrate release --resume -- CMD` to go on with it, or add --abandon to begin anew"}
	}
	digest, err := m.releaseDigest(ctx)
	if err != nil {
		return nil, err
	}
	if open {
		last.State = ReleaseAbandoned
		if err := m.ledger.updateRelease(ctx, last); err != nil {
			return nil, err
		}
	}
	return m.beginRelease(ctx, digest)
}

func (m *Migrator) resumeRelease(last *Release, open bool, req ReleaseRequest) (*Release, error) {
	if !open {
		return nil, &GateError{Reasons: []string{"there is no unfinished release"}, Hint: "run `migrate release -- CMD`"}
	}
	step := last.Next()
	if step == nil || step.Name != StepPush {
		return last, nil
	}
	if req.Pushed {
		now := m.Clock()
		step.State, step.Finished, step.Error = StepFinished, &now, ""
	}
	return last, nil
}

// releaseDigest checks that all phases can be planned, and identifies what will
// run: a drifted or late file stops a release before its first step.
func (m *Migrator) releaseDigest(ctx context.Context) (string, error) {
	records, err := m.ledger.Records(ctx)
	if err != nil {
		return "", err
	}
	if _, err := NewPlan(m.Set, records, m.request(CmdPre)); err != nil {
		return "", err
	}
	plan, err := NewPlan(m.Set, records, m.request(CmdUp))
	if err != nil {
		return "", err
	}
	return plan.Digest(), m.check(ctx, CmdUp, plan)
}

func (m *Migrator) beginRelease(ctx context.Context, digest string) (*Release, error) {
	now := m.Clock().UTC()
	r := &Release{ID: now.Format("20060102T150405.000Z"), State: ReleaseRunning, PlanDigest: digest,
		Started: now, By: m.Who, Tool: m.ToolVersion}
	for _, name := range StepNames() {
		r.Steps = append(r.Steps, ReleaseStep{Name: name, State: StepPending})
	}
	return r, m.ledger.insertRelease(ctx, r)
}

func (l *Ledger) insertRelease(ctx context.Context, r *Release) error {
	values, err := r.values()
	if err != nil {
		return err
	}
	err = l.exec(ctx, `INSERT INTO migrate_releases ("release", state, steps, plan_digest, approvals, started_at, released_by, tool_version)
		VALUES (:release, :state, :steps, :digest, '[]', :started, :by, :tool)`, values)
	if err != nil {
		return fmt.Errorf("record release %s: %w", r.ID, err)
	}
	return nil
}

func (l *Ledger) updateRelease(ctx context.Context, r *Release) error {
	values, err := r.values()
	if err != nil {
		return err
	}
	err = l.exec(ctx, `UPDATE migrate_releases SET state = :state, steps = :steps, finished_at = :finished WHERE "release" = :release`, values)
	if err != nil {
		return fmt.Errorf("record release %s: %w", r.ID, err)
	}
	return nil
}

func (r *Release) values() (map[string]any, error) {
	steps, err := json.Marshal(r.Steps)
	if err != nil {
		return nil, fmt.Errorf("record release %s: %w", r.ID, err)
	}
	values := map[string]any{"release": r.ID, "state": string(r.State), "steps": string(steps), "digest": r.PlanDigest,
		"started": r.Started, "finished": nil, "by": r.By, "tool": r.Tool}
	if r.Finished != nil {
		values["finished"] = *r.Finished
	}
	return values, nil
}

// lastRelease is the newest release, or nil.
func (l *Ledger) lastRelease(ctx context.Context) (*Release, error) {
	rows, err := l.query(ctx, `SELECT "release", state, steps, plan_digest, started_at, finished_at, released_by, tool_version
		FROM migrate_releases ORDER BY started_at DESC, "release" DESC LIMIT 1`, nil)
	if err != nil {
		return nil, fmt.Errorf("read the releases: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	row := rows[0]
	r := &Release{ID: asString(row[0]), State: ReleaseState(asString(row[1])), PlanDigest: asString(row[3]),
		Started: asTime(row[4]), By: asString(row[6]), Tool: asString(row[7])}
	if finished := asTime(row[5]); !finished.IsZero() {
		r.Finished = &finished
	}
	if err := json.Unmarshal([]byte(asString(row[2])), &r.Steps); err != nil {
		return nil, fmt.Errorf("read the steps of release %s: %w", r.ID, err)
	}
	return r, nil
}
