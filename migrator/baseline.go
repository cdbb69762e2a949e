package migrator

import (
	"context"
	"fmt"

	"github.com/expandcontract/migrate/migrations"
)

// Baseline records all files up to and including version as applied, without
// running them: for a database whose schema was made without this tool. It returns
// the files it recorded, none when that very baseline is there already. It is
// refused (*GateError) on an empty database and where the ledger says something
// else. All rows are written in one transaction.
func (m *Migrator) Baseline(ctx context.Context, version migrations.Version) ([]*migrations.Migration, error) {
	var recorded []*migrations.Migration
	err := m.locked(ctx, runLock, func() error {
		wanted := m.Set.Through(version)
		if err := m.checkBaseline(ctx, wanted); err != nil {
			return err
		}
		records, err := m.ledger.Records(ctx)
		if err != nil || len(records) > 0 {
			return err // the same baseline
		}
		if err := m.ledger.Upgrade(ctx); err != nil {
			return err
		}
		recorded = wanted
		return m.DB.InTx(ctx, func() error { return m.recordBaseline(ctx, wanted) })
	})
	return recorded, err
}

func (m *Migrator) checkBaseline(ctx context.Context, wanted migrations.Set) error {
	empty, err := m.DB.Empty(ctx)
	if err != nil {
		return err
	}
	if empty {
		return &GateError{Reasons: []string{"the database is empty, so it has no schema to record"}, Hint: "run `migrate up` to create it"}
	}
	records, err := m.ledger.Records(ctx)
	if err != nil || len(records) == 0 {
		return err
	}
	same := len(records) == len(wanted)
	for _, r := range records {
		file := wanted.Find(r.ID)
		same = same && file != nil && file.Checksum == r.Checksum && r.State == Applied
	}
	if !same {
		return &GateError{Reasons: []string{fmt.Sprintf("the ledger already has %d migrations", len(records))},
			Hint: "run `migrate status`; a baseline is for databases that this tool has not worked on"}
	}
	return nil
}

// baselined marks rows of files that were not run here.
const baselined = " (baseline)"

func (m *Migrator) recordBaseline(ctx context.Context, set migrations.Set) error {
	for _, file := range set {
		r := m.ledger.start(file, "")
		for s, err := range file.From(0) {
			if err != nil {
				return err
			}
			r.done(*s)
		}
		r.finish(m.Clock())
		r.By += baselined
		if err := m.ledger.save(ctx, &r); err != nil {
			return err
		}
	}
	return nil
}
