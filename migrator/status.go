package migrator

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/expandcontract/migrate/migrations"
)

// Entry is one migration's standing: its file, its row, or both.
type Entry struct {
	ID        migrations.ID
	Name      string
	Migration *migrations.Migration // nil: the file is gone
	Record    *Record               // nil: never begun
}

// State is pending for a migration that was never begun, else its row's.
func (e Entry) State() string {
	if e.Record == nil {
		return "pending"
	}
	return string(e.Record.State)
}

// Status is where a database stands.
type Status struct {
	Database string
	Entries  []Entry  // all files and rows by version and phase
	Drifted  []string // applied files that were edited
	Left     []string // what older releases left over, and what is stuck, each with the next command
	Release  *Release // the newest release; nil: none yet
}

// Pending counts the entries that are not applied and have a file.
func (s Status) Pending() int {
	n := 0
	for _, e := range s.Entries {
		if e.Migration != nil && e.State() != string(Applied) {
			n++
		}
	}
	return n
}

// Status compares files and ledger. It changes nothing and takes no lock.
func (m *Migrator) Status(ctx context.Context) (Status, error) {
	status := Status{Database: m.DB.Describe()}
	exists, err := m.ledger.Exists(ctx)
	if err != nil {
		return status, err
	}
	records, err := m.ledger.Records(ctx)
	if err != nil {
		return status, err
	}
	h := newHistory(m.Set, records)
	status.Drifted = h.drifted()
	status.Entries = h.entries(records)
	status.Left = h.left(m.Clock())
	if exists {
		status.Release, err = m.ledger.lastRelease(ctx)
	}
	if r := status.Release; r != nil && (r.State == ReleaseRunning || r.State == ReleaseFailed) && r.Next() != nil {
		status.Left = append(status.Left, fmt.Sprintf("release %s stopped at its step %s: run `migrate release --resume -- CMD`", r.ID, r.Next().Name))
	}
	return status, err
}

// left names the work that newer changes have overtaken, and what a run has left
// half-way.
func (h history) left(now time.Time) []string {
	var lines []string
	for _, m := range h.set {
		r := h.records[m.ID()]
		switch {
		case r != nil && r.State == Aborting:
			lines = append(lines, fmt.Sprintf("%s is being taken back, %d of %d statements are done: run `migrate abort`", m.Name, r.StatementsDone, len(m.Undo)))
		case r != nil && r.InFlight > 0 && r.State == Running:
			lines = append(lines, fmt.Sprintf("%s has statement %d in flight: its run is at work, or died: run `migrate %s`", m.Name, r.InFlight, m.Phase))
		case r != nil && r.State != Applied:
			lines = append(lines, fmt.Sprintf("%s stopped behind statement %d of %d: run `migrate %s`", m.Name, r.StatementsDone, m.Count(), m.Phase))
		case r == nil && m.Phase != migrations.Pre && h.newest[migrations.Pre].Compare(m.Version) > 0:
			lines = append(lines, fmt.Sprintf("%s is left over%s: run `migrate %s`", m.Name, h.since(m.Version, now), m.Phase))
		}
	}
	return lines
}

// since says how long ago the change's pre was applied.
func (h history) since(v migrations.Version, now time.Time) string {
	pre := h.records[migrations.ID{Version: v, Phase: migrations.Pre}]
	if pre == nil || pre.Finished.IsZero() {
		return ""
	}
	return fmt.Sprintf(", its pre was applied %s", humanize.RelTime(pre.Finished, now, "ago", "from now"))
}

func (h history) entries(records []Record) []Entry {
	var entries []Entry
	i := 0
	for _, m := range h.set {
		for ; i < len(records) && records[i].ID.Compare(m.ID()) < 0; i++ {
			entries = append(entries, Entry{ID: records[i].ID, Name: records[i].Name, Record: &records[i]})
		}
		e := Entry{ID: m.ID(), Name: m.Name, Migration: m}
		if i < len(records) && records[i].ID == m.ID() {
			e.Record = &records[i]
			i++
		}
		entries = append(entries, e)
	}
	for ; i < len(records); i++ {
		entries = append(entries, Entry{ID: records[i].ID, Name: records[i].Name, Record: &records[i]})
	}
	return entries
}
