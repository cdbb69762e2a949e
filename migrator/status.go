package migrator

import (
	"context"

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
	if exists {
		status.Release, err = m.ledger.lastRelease(ctx)
	}
	return status, err
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
