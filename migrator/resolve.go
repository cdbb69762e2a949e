package migrator

import (
	"context"
	"fmt"

	"github.com/expandcontract/migrate/migrations"
)

// Resolve tells the ledger whether the statement that was in flight when a run
// died took effect. It refuses when the migration has no such statement.
func (m *Migrator) Resolve(ctx context.Context, id migrations.ID, tookEffect bool) error {
	return m.locked(ctx, runLock, func() error {
		records, err := m.ledger.Records(ctx)
		if err != nil {
			return err
		}
		file, r := m.Set.Find(id), newHistory(m.Set, records).record(id)
		if file == nil || r == nil || r.InFlight == 0 || r.InFlight > file.Count() {
			return &GateError{Reasons: []string{fmt.Sprintf("%s has no statement of unknown outcome", id)}, Hint: "run `migrate status`"}
		}
		if tookEffect {
			s, err := file.Statement(r.InFlight)
			if err != nil {
				return err
			}
			r.done(*s)
		}
		r.InFlight, r.Before, r.State = 0, nil, Failed
		return m.ledger.update(ctx, *r)
	})
}
