package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
)

// watcher looks at another session of the same server.
type watcher struct {
	*DB
	watched uint32 // the other session's process id
}

// Watch opens a second session that looks at this one.
func (db *DB) Watch(ctx context.Context) (migrator.Watcher, error) {
	config := db.conn.Config()
	config.RuntimeParams["application_name"] = "migrate watch"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, connectError(config, err)
	}
	return &watcher{DB: &DB{conn: conn}, watched: db.Backend()}, nil
}

// queryShown is how much of a blocker's query is shown, in characters.
const queryShown = 80

// Blockers lists whom the server says the watched session waits for, also those
// ahead of it in a lock's queue (pg_blocking_pids). Other users' queries need
// the role pg_read_all_stats.
func (w *watcher) Blockers(ctx context.Context) ([]migrator.Blocker, error) {
	rows, err := w.Query(ctx, `SELECT a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(a.state, a.backend_type, ''),
		coalesce(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.query_start, a.backend_start)), 0)::float8, coalesce(a.query, '')
		FROM pg_stat_activity a WHERE a.pid = ANY (pg_blocking_pids($1)) ORDER BY 5 DESC`, int32(w.watched))
	if err != nil {
		return nil, fmt.Errorf("look for what session %d waits for: %w", w.watched, err)
	}
	var all []migrator.Blocker
	for _, row := range rows {
		all = append(all, migrator.Blocker{PID: row[0].(int64), User: row[1].(string), Application: row[2].(string), State: row[3].(string),
			Age: time.Duration(row[4].(float64) * float64(time.Second)).Round(time.Millisecond), Query: sqltext.OneLine(row[5].(string), queryShown)})
	}
	return all, nil
}

// Build reads pg_stat_progress_create_index (PostgreSQL 12 and newer). While the
// build waits for others it counts lockers, else blocks, else tuples.
func (w *watcher) Build(ctx context.Context) (*migrator.Build, error) {
	rows, err := w.Query(ctx, `SELECT phase, lockers_done, lockers_total, blocks_done, blocks_total, tuples_done, tuples_total
		FROM pg_stat_progress_create_index WHERE pid = $1`, int32(w.watched))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	count := func(i int) int64 { n, _ := rows[0][i].(int64); return n }
	b := &migrator.Build{Phase: rows[0][0].(string)}
	for i, unit := range []string{"lockers", "blocks", "tuples"} {
		if done, total := count(1+2*i), count(2+2*i); total > 0 && (unit == "lockers") == waits(b.Phase) {
			b.Done, b.Total, b.Unit = done, total, unit
			break
		}
	}
	return b, nil
}

func waits(phase string) bool { return len(phase) > 7 && phase[:7] == "waiting" }
