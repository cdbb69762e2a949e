// Package migrator decides what to run (Plan, pure), runs it so that it can die
// at any moment (apply), and keeps the record (Ledger, Release). It speaks to
// servers only through the interfaces it declares; drivers implement them.
package migrator

import (
	"context"
	"log/slog"
	"time"

	"github.com/expandcontract/migrate/migrations"
)

// Defaults of Options.
const (
	DefaultLockTimeout = 2 * time.Second // below deadlock_timeout (1 s) DDL always loses to autovacuum
	DefaultLockBudget  = 10 * time.Minute
	DefaultWait        = 10 * time.Minute
	// BatchTarget is the time that a backfill's batch should take.
	BatchTarget = 200 * time.Millisecond
)

// Options configure a Migrator. DB, Set and Log must be given.
type Options struct {
	DB  Database
	Set migrations.Set
	Log *slog.Logger

	LockTimeout      time.Duration // bound on each wait for a lock of the server's; 0: none
	StatementTimeout time.Duration // bound on each statement; 0: none
	LockBudget       time.Duration // how long lock timeouts are retried
	Wait             time.Duration // how long to wait while another run holds the database
	AllowLate        bool
	AllowEmpty       bool               // let pre run on an empty database
	To               migrations.Version // run only up to this version; zero: all
	When             migrations.When    // run only backfills of this side of the push; empty: all

	Observer    Observer // told of every statement; may be nil
	Progress    func(Event)
	Clock       func() time.Time
	Who         string // recorded in the ledger: who runs this
	ToolVersion string
	Release     string // recorded in the ledger: the release that this run belongs to
}

// Migrator runs the migrations of one set on one database.
type Migrator struct {
	Options
	ledger  *Ledger
	offline bool     // the run is up: no application works on the database
	settled settings // what the session's settings are known to be

	watcher  Watcher   // a second session, once a statement has taken a while
	blind    bool      // there can be none
	blockers []Blocker // whom the last statement was last seen to wait for
}

// New fills the defaults that a zero value would make dangerous.
func New(o Options) *Migrator {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	if o.Observer == nil {
		o.Observer = unobserved{}
	}
	return &Migrator{Options: o, ledger: &Ledger{db: o.DB, clock: o.Clock, who: o.Who, tool: o.ToolVersion}}
}

// unobserved is the Observer of a run that nobody watches.
type unobserved struct{}

func (unobserved) Before(context.Context, Conn, Execution) error          { return nil }
func (unobserved) After(context.Context, Conn, Execution) error           { return nil }
func (unobserved) Committed(context.Context, *migrations.Migration) error { return nil }

// Result is what a run did.
type Result struct {
	Plan    Plan
	Applied []*migrations.Migration // finished by this run, in order
	Elapsed time.Duration
}

// Plan decides what the command would run now; it changes nothing and takes no lock.
func (m *Migrator) Plan(ctx context.Context, cmd Command) (Plan, error) {
	records, err := m.ledger.Records(ctx)
	if err != nil {
		return Plan{}, err
	}
	return NewPlan(m.Set, records, m.request(cmd))
}

func (m *Migrator) request(cmd Command) Request {
	return Request{Command: cmd, To: m.To, When: m.When, AllowLate: m.AllowLate}
}

// Run does what Plan says, under the database's lock. Files applied before an
// error stay applied and are in the Result. With nothing pending it changes
// nothing. Errors are *DriftError, *GateError, ErrLocked, *StatementError,
// *UnknownOutcomeError, or failures of the connection.
func (m *Migrator) Run(ctx context.Context, cmd Command) (Result, error) {
	started := m.Clock()
	var result Result
	m.offline, m.settled = cmd == CmdUp, settings{}
	defer m.unwatch(ctx)
	err := m.locked(ctx, runLock, func() error {
		plan, err := m.prepare(ctx, cmd)
		if err != nil {
			return err
		}
		result.Plan = plan
		for _, step := range plan.Steps {
			if err := m.apply(ctx, step); err != nil {
				return err
			}
			result.Applied = append(result.Applied, step.Migration)
		}
		return nil
	})
	result.Elapsed = m.Clock().Sub(started)
	return result, err
}

// prepare plans under the lock and makes the database ready for the first step.
func (m *Migrator) prepare(ctx context.Context, cmd Command) (Plan, error) {
	// An earlier run of the same session may have left it elsewhere.
	if err := m.DB.Reset(ctx, m.LockTimeout, m.StatementTimeout); err != nil {
		return Plan{}, err
	}
	m.settled = settings{known: true, lock: m.LockTimeout, statement: m.StatementTimeout}
	plan, err := m.Plan(ctx, cmd)
	if err != nil || len(plan.Steps) == 0 {
		return plan, err
	}
	if err := m.check(ctx, cmd, plan); err != nil {
		return plan, err
	}
	return plan, m.retrying(ctx, Event{}, func() error { return m.ledger.Upgrade(ctx) })
}

// check refuses what only the database can tell, before anything is touched.
func (m *Migrator) check(ctx context.Context, cmd Command, plan Plan) error {
	if err := m.checkStatements(plan); err != nil {
		return err
	}
	if cmd == CmdPre && !m.AllowEmpty {
		empty, err := m.DB.Empty(ctx)
		if err != nil {
			return err
		}
		if empty {
			return &GateError{Reasons: []string{"the database is empty, so there is no old code to run beside"},
				Hint: "run `migrate up` to create the whole schema"}
		}
	}
	if cmd == CmdPost {
		return m.checkVerified(ctx, plan)
	}
	return nil
}
