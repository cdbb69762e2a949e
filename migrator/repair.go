package migrator

import (
	"context"
	"fmt"
	"slices"

	"github.com/expandcontract/migrate/migrations"
)

// Repair is one row of the ledger that no longer fits its file.
type Repair struct {
	Name string                `json:"name"`
	Old  string                `json:"old_checksum"`
	New  string                `json:"new_checksum,omitempty"` // "": the file is gone
	Half bool                  `json:"half_done,omitempty"`    // statements that are done were edited, others are not done yet
	file *migrations.Migration // nil: the file is gone
	row  *Record
}

// Repairs lists what Repair would accept: edited files, then rows without a file.
// It changes nothing and takes no lock.
func (m *Migrator) Repairs(ctx context.Context) ([]Repair, error) {
	records, err := m.ledger.Records(ctx)
	if err != nil {
		return nil, err
	}
	return newHistory(m.Set, records).repairs(), nil
}

func (h history) repairs() []Repair {
	var edited, gone []Repair
	for _, file := range h.set {
		if r := h.records[file.ID()]; r != nil && len(driftOf(file, r)) > 0 {
			edited = append(edited, Repair{Name: file.Name, Old: r.Checksum, New: file.Checksum, Half: r.State != Applied, file: file, row: r})
		}
	}
	for id, r := range h.records {
		if h.files[id] == nil {
			gone = append(gone, Repair{Name: r.Name, Old: r.Checksum, row: r})
		}
	}
	slices.SortFunc(gone, func(a, b Repair) int { return a.row.ID.Compare(b.row.ID) })
	return append(edited, gone...)
}

// Repair makes the ledger say what the files say: the row of an edited file gets its
// present text, the row of a file that is gone is deleted. It runs nothing of the
// files. The repairs must be among those that Repairs lists now.
func (m *Migrator) Repair(ctx context.Context, repairs []Repair) error {
	return m.locked(ctx, runLock, func() error {
		if err := m.ledger.Upgrade(ctx); err != nil {
			return err
		}
		now, err := m.Repairs(ctx)
		if err != nil {
			return err
		}
		return m.DB.InTx(ctx, func() error {
			for _, wanted := range repairs {
				i := slices.IndexFunc(now, func(r Repair) bool { return r.Name == wanted.Name && r.Old == wanted.Old && r.New == wanted.New })
				if i < 0 {
					return fmt.Errorf("repair %s: it has changed meanwhile", wanted.Name)
				}
				if err := m.repair(ctx, now[i]); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (m *Migrator) repair(ctx context.Context, r Repair) error {
	if r.file == nil {
		return m.ledger.forget(ctx, r.row.ID)
	}
	row := *r.row
	row.Name, row.Checksum, row.StatementsTotal = r.file.Name, r.file.Checksum, r.file.Count()
	done := min(row.StatementsDone, row.StatementsTotal)
	if row.State == Applied {
		done = row.StatementsTotal
	}
	row.StatementsDone, row.Digests = 0, nil
	for s, err := range r.file.From(0) {
		if err != nil {
			return err
		}
		if row.StatementsDone == done {
			break
		}
		row.done(*s)
	}
	return m.ledger.update(ctx, row)
}

// forget deletes a migration's row, and the cursors of a backfill.
func (l *Ledger) forget(ctx context.Context, id migrations.ID) error {
	values := map[string]any{"version": id.Version.String(), "phase": string(id.Phase)}
	if id.Phase == migrations.Backfill {
		if err := l.exec(ctx, `DELETE FROM migrate_backfills WHERE version = :version`, values); err != nil {
			return fmt.Errorf("forget the cursors of %s: %w", id, err)
		}
	}
	if err := l.exec(ctx, `DELETE FROM migrate_versions WHERE version = :version AND phase = :phase`, values); err != nil {
		return fmt.Errorf("forget %s: %w", id, err)
	}
	return nil
}
