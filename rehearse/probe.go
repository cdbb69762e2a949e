package rehearse

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse/compat"
	"github.com/expandcontract/migrate/rehearse/report"
)

// Evidence is what a database can tell of its own doings. A driver's database
// that offers it can be rehearsed on.
type Evidence interface {
	// Backend identifies the session to other sessions.
	Backend() uint32
	// Locks lists the relation locks that a session holds.
	Locks(ctx context.Context, backend uint32) ([]migrator.RelationLock, error)
	// Relations describes the given relations, or all of the user's.
	Relations(ctx context.Context, ids ...uint32) ([]migrator.Relation, error)
	// WALPosition is the write-ahead log's position in bytes.
	WALPosition(ctx context.Context) (int64, error)
	// Offenders finds the rows behind a refusal; nil where it cannot tell.
	Offenders(ctx context.Context, refused *migrator.ServerError, limit int) (*migrator.Offenders, error)
}

// probe is the Observer of a rehearsal: it gathers a statement's evidence in the
// statement's own session, before COMMIT, outside the statement's own time.
type probe struct {
	evidence Evidence
	sampler  *sampler // a second session for statements outside a transaction
	checker  *compat.Checker
	session  compat.Session
	files    []*report.File
	known    map[uint32]migrator.Relation   // every relation as last seen
	held     map[migrator.RelationLock]bool // by the open transaction
	born     map[uint32]bool                // relations made by the present file
	open     []*report.Statement            // of the open transaction, in order
	wal      int64
}

func newProbe(evidence Evidence, s *sampler, checker *compat.Checker, session compat.Session) *probe {
	return &probe{evidence: evidence, sampler: s, checker: checker, session: session}
}

// savepoint keeps the transaction usable after a refused statement, so that the
// rows behind the refusal can be looked for in the state that it met.
const savepoint = "migrate_probe"

func (p *probe) Before(ctx context.Context, conn migrator.Conn, e migrator.Execution) error {
	p.file(e)
	var err error
	if p.known == nil {
		if err = p.baseline(ctx); err != nil {
			return err
		}
	}
	if p.wal, err = p.evidence.WALPosition(ctx); err != nil {
		return err
	}
	if e.InTx {
		_, err = conn.Exec(ctx, "SAVEPOINT "+savepoint)
	} else {
		p.sampler.start(ctx, p.evidence.Backend())
	}
	return err
}

// file is the report of the statement's file, begun at its first statement; what
// starts over after a lost lock is noted again.
func (p *probe) file(e migrator.Execution) *report.File {
	var last *report.File
	if len(p.files) > 0 {
		last = p.files[len(p.files)-1]
	}
	if last == nil || last.Name != e.Migration.Name {
		last = &report.File{Name: e.Migration.Name, Phase: string(e.Migration.Phase), Statements: []*report.Statement{}}
		p.files = append(p.files, last)
		p.held, p.born = map[migrator.RelationLock]bool{}, map[uint32]bool{}
	} else if again := seen(last, e.Statement.Ordinal); again >= 0 {
		last.Statements = last.Statements[:again]
		p.held, p.born, p.known = map[migrator.RelationLock]bool{}, map[uint32]bool{}, nil
		p.open = nil
	}
	return last
}

// seen is the place of a statement in the file's report, -1 when it is new.
func seen(f *report.File, ordinal int) int {
	return slices.IndexFunc(f.Statements, func(s *report.Statement) bool { return s.Ordinal == ordinal })
}

func (p *probe) baseline(ctx context.Context) error {
	all, err := p.evidence.Relations(ctx)
	if err != nil {
		return err
	}
	p.known = map[uint32]migrator.Relation{}
	for _, r := range all {
		p.known[r.ID] = r
	}
	return nil
}

func (p *probe) After(ctx context.Context, conn migrator.Conn, e migrator.Execution) error {
	s := &report.Statement{Ordinal: e.Statement.Ordinal, Line: e.Statement.Pos.Line, SQL: e.Statement.Text, Backfill: e.Statement.Batch != nil,
		ElapsedMS: milliseconds(e.Elapsed), Rows: e.Rows, Locks: []report.Lock{}, Rewrites: []string{}, Created: []string{}, Dropped: []string{}}
	file := p.files[len(p.files)-1]
	file.Statements = append(file.Statements, s)
	var sampled []migrator.RelationLock
	if !e.InTx {
		sampled = p.sampler.stop()
	}
	if e.Err != nil {
		return p.refused(ctx, conn, e, s)
	}
	if e.InTx { // else savepoints pile up in a long file
		if _, err := conn.Exec(ctx, "RELEASE SAVEPOINT "+savepoint); err != nil {
			return err
		}
	}
	return errors.Join(p.gather(ctx, e, s, sampled), p.check(ctx, e))
}

// refused finds the rows behind a refusal. The migrator still sees the statement's
// own error and rolls back as in production.
func (p *probe) refused(ctx context.Context, conn migrator.Conn, e migrator.Execution, s *report.Statement) error {
	refused, ok := migrator.AsServerError(e.Err)
	if !ok {
		s.Error = e.Err.Error()
		return nil
	}
	p.ended(s.ElapsedMS)
	s.Error, s.SQLState = message(refused), refused.Code
	if e.InTx {
		if _, err := conn.Exec(ctx, "ROLLBACK TO SAVEPOINT "+savepoint); err != nil {
			return err
		}
	}
	var err error
	if s.Offenders, err = p.evidence.Offenders(ctx, refused, offendersShown); err != nil {
		// The refusal stands without its rows.
		p.sampler.log.Warn("look for the rows behind a refusal", "file", e.Migration.Name, "line", s.Line, "error", err)
	}
	return ctx.Err()
}

// offendersShown is how many keys of offending rows a report names.
const offendersShown = 10

func (p *probe) gather(ctx context.Context, e migrator.Execution, s *report.Statement, sampled []migrator.RelationLock) error {
	wal, err := p.evidence.WALPosition(ctx)
	if err != nil {
		return err
	}
	s.WALBytes = wal - p.wal
	if !e.InTx {
		p.lock(s, sampled, true)
		hold(s, s.ElapsedMS)
		return p.compareAll(ctx, s)
	}
	p.open = append(p.open, s)
	locks, err := p.evidence.Locks(ctx, p.evidence.Backend())
	if err != nil {
		return err
	}
	var fresh []migrator.RelationLock
	var touched []uint32
	for _, l := range locks {
		touched = append(touched, l.ID)
		if !p.held[l] {
			p.held[l] = true
			fresh = append(fresh, l)
		}
	}
	p.lock(s, fresh, false)
	if len(touched) == 0 {
		return nil
	}
	now, err := p.evidence.Relations(ctx, touched...)
	if err != nil {
		return err
	}
	p.compare(s, touched, now)
	return nil
}

func (p *probe) check(ctx context.Context, e migrator.Execution) error {
	if p.checker == nil {
		return nil
	}
	cause := &compat.Statement{Migration: e.Migration.Name, Line: e.Statement.Pos.Line, SQL: e.Statement.Text}
	return p.checker.Observe(ctx, p.session, cause, e.InTx)
}

// ended sets how long the transaction's locks were held, from the last statement
// back: a lock is held through all that follow, here also through after
// milliseconds more. The probes' own time does not count.
func (p *probe) ended(after float64) {
	held := after
	for _, s := range slices.Backward(p.open) {
		held += s.ElapsedMS
		hold(s, held)
	}
	p.open = nil
}

// Committed ends the holding of the transaction's locks.
func (p *probe) Committed(_ context.Context, m *migrations.Migration) error {
	p.ended(0)
	p.held, p.born = map[migrator.RelationLock]bool{}, map[uint32]bool{}
	last := p.files[len(p.files)-1]
	last.Committed = len(last.Statements) == m.Count()
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
