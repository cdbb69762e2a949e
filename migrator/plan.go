package migrator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/expandcontract/migrate/migrations"
)

// Command is what a run is asked to do.
type Command string

const (
	CmdPre      Command = "pre"
	CmdBackfill Command = "backfill"
	CmdPost     Command = "post"
	CmdUp       Command = "up"
)

// Phases are the phases that the command runs.
func (c Command) Phases() []migrations.Phase {
	if c == CmdUp {
		return migrations.Phases()
	}
	return []migrations.Phase{migrations.Phase(c)}
}

// Request is what NewPlan decides about.
type Request struct {
	Command   Command
	To        migrations.Version // plan only up to this version; zero: all
	When      migrations.When    // backfills of this side of the push only; empty: both
	AllowLate bool
}

// Plan is what a run would do, decided before anything is touched.
type Plan struct {
	Command  Command
	Steps    []Step
	Warnings []string // applied files that are gone, work left over
}

// Step is one file to run, or to go on with.
type Step struct {
	Migration *migrations.Migration
	Record    *Record // what an earlier run left; nil: none
}

// Done is how many of the step's statements an earlier run has done.
func (s Step) Done() int {
	if s.Record == nil {
		return 0
	}
	return min(s.Record.StatementsDone, s.Migration.Count())
}

// Digest identifies the plan's content: names and checksums of its files, in order.
func (p Plan) Digest() string {
	h := sha256.New()
	for _, s := range p.Steps {
		fmt.Fprintf(h, "%s %s\n", s.Migration.Name, s.Migration.Checksum)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// NewPlan decides what a run does, from the files and the ledger alone. Errors are
// *DriftError and *GateError; both come before anything was touched.
func NewPlan(set migrations.Set, records []Record, r Request) (Plan, error) {
	h := newHistory(set, records)
	if drifted := h.drifted(); len(drifted) > 0 {
		return Plan{}, &DriftError{Files: drifted}
	}
	plan := Plan{Command: r.Command, Warnings: h.missing()}
	for _, m := range set.Through(r.To) {
		if h.applied(m.ID()) || !r.wants(m) {
			continue
		}
		plan.Steps = append(plan.Steps, Step{Migration: m, Record: h.record(m.ID())})
	}
	if err := h.gate(plan.Steps, r); err != nil {
		return Plan{}, err
	}
	return plan, nil
}

func (r Request) wants(m *migrations.Migration) bool {
	if r.Command == CmdUp {
		return true
	}
	return string(m.Phase) == string(r.Command) && (r.When == "" || m.When() == "" || m.When() == r.When)
}
