package migrator

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
)

//go:embed ledger
var ledgerFiles embed.FS

// ledgerPhase marks the rows of migrate_versions that speak of the ledger's own
// tables; they are no migrations of the user's.
const ledgerPhase = "ledger"

// Ledger reads and writes the version table and the tables beside it.
type Ledger struct {
	db    Database
	clock func() time.Time
	who   string
	tool  string
	home  string // the schema of its tables, quoted; "": not known yet
}

// exec runs the ledger's SQL, written with :name parameters for every dialect.
func (l *Ledger) exec(ctx context.Context, sql string, values map[string]any) error {
	_, err := l.execCount(ctx, sql, values)
	return err
}

func (l *Ledger) execCount(ctx context.Context, sql string, values map[string]any) (int64, error) {
	bound, args, err := sqltext.Bind(l.db.Dialect(), l.quoted(sql), values)
	if err != nil {
		return 0, err
	}
	return l.db.Exec(ctx, bound, args...)
}

// execLast is exec for a transaction's last statement.
func (l *Ledger) execLast(ctx context.Context, sql string, values map[string]any) error {
	committer, ok := l.db.(Committer)
	if !ok {
		return l.exec(ctx, sql, values)
	}
	bound, args, err := sqltext.Bind(l.db.Dialect(), l.quoted(sql), values)
	if err != nil {
		return err
	}
	return committer.ExecLast(ctx, bound, args...)
}

func (l *Ledger) query(ctx context.Context, sql string, values map[string]any) ([][]any, error) {
	bound, args, err := sqltext.Bind(l.db.Dialect(), l.quoted(sql), values)
	if err != nil {
		return nil, err
	}
	return l.db.Query(ctx, bound, args...)
}

// quoted puts the dialect's quotes where the ledger's SQL has double ones, around
// column names that MySQL reserves, and says where its tables are: a file may have
// set another search path or database for its session.
func (l *Ledger) quoted(sql string) string {
	if l.db.Dialect() == sqltext.MySQL {
		sql = strings.ReplaceAll(sql, `"`, "`")
	}
	if l.home != "" {
		sql = ledgerTable.ReplaceAllString(sql, l.home+".$0")
	}
	return sql
}

var ledgerTable = regexp.MustCompile(`\bmigrate_(versions|backfills|releases)\b`)

// Exists reports whether the ledger's tables are there. Reading commands treat
// an absent ledger as an empty one and create nothing.
func (l *Ledger) Exists(ctx context.Context) (bool, error) {
	query := `SELECT database(), count(*) FROM information_schema.tables WHERE table_name = 'migrate_versions' AND table_schema = database()`
	if l.home != "" {
		query = strings.ReplaceAll(query, "database()", "'"+strings.ReplaceAll(strings.Trim(l.home, "`"), "'", "''")+"'")
	}
	if l.db.Dialect() == sqltext.Postgres { // its information schema takes milliseconds for a thousand tables
		query = `SELECT quote_ident(current_schema()), count(to_regclass(quote_ident(current_schema()) || '.migrate_versions'))`
		if l.home != "" {
			query = strings.ReplaceAll(query, "quote_ident(current_schema())", "'"+strings.ReplaceAll(l.home, "'", "''")+"'")
		}
	}
	rows, err := l.db.Query(ctx, query)
	if err != nil {
		return false, fmt.Errorf("look for the ledger: %w", err)
	}
	if home := asString(rows[0][0]); l.home == "" && home != "" {
		l.home = home
		if l.db.Dialect() == sqltext.MySQL {
			l.home = sqltext.MySQL.QuoteIdent(home)
		}
	}
	return asInt(rows[0][1]) > 0, nil
}

// Upgrade brings the ledger's tables to this tool's version with the tool's own
// embedded migrations. Call it with the lock held. A crash inside leaves the
// previous version: each file commits with its row.
func (l *Ledger) Upgrade(ctx context.Context) error {
	sub, err := fs.Sub(ledgerFiles, "ledger/"+string(l.db.Dialect()))
	if err != nil {
		return err
	}
	set, err := migrations.Load(sub, "ledger", l.db.Dialect())
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	done, err := l.ownVersions(ctx)
	if err != nil {
		return err
	}
	for _, m := range set {
		if slices.Contains(done, m.Version.String()) {
			continue
		}
		if err := l.upgradeOne(ctx, m); err != nil {
			return fmt.Errorf("create or upgrade the ledger (%s): %w", m.Name, err)
		}
	}
	return nil
}

// ownVersions are the ledger's own migrations that are applied; nil when there is
// no ledger.
func (l *Ledger) ownVersions(ctx context.Context) ([]string, error) {
	exists, err := l.Exists(ctx)
	if err != nil || !exists {
		return nil, err
	}
	rows, err := l.query(ctx, `SELECT version FROM migrate_versions WHERE phase = :phase`, map[string]any{"phase": ledgerPhase})
	if err != nil {
		return nil, fmt.Errorf("read the ledger's version: %w", err)
	}
	versions := []string{}
	for _, row := range rows {
		versions = append(versions, asString(row[0]))
	}
	return versions, nil
}

func (l *Ledger) upgradeOne(ctx context.Context, m *migrations.Migration) error {
	return l.db.InTx(ctx, func() error {
		for _, s := range m.Statements {
			if _, err := l.db.Exec(ctx, s.Text); err != nil {
				return err
			}
		}
		return l.recordOwn(ctx, m)
	})
}

// recordOwn writes the row of the ledger's own migration, in the columns that the
// first of them made.
func (l *Ledger) recordOwn(ctx context.Context, m *migrations.Migration) error {
	r := l.start(m, "")
	r.Phase, r.State, r.StatementsDone, r.Finished = ledgerPhase, Applied, len(m.Statements), l.clock()
	return l.exec(ctx, `INSERT INTO migrate_versions (version, phase, name, checksum, state, statements_total,
		statements_done, digests, started_at, finished_at, duration_ms, applied_by, tool_version)
		VALUES (:version, :phase, :name, :checksum, :state, :total, :done, :digests, :started, :finished,
		:duration, :by, :tool)`, r.values())
}

// start is the row of a migration at its beginning.
func (l *Ledger) start(m *migrations.Migration, release string) Record {
	return Record{ID: m.ID(), Name: m.Name, Checksum: m.Checksum, State: Running,
		StatementsTotal: m.Count(), Started: l.clock(), By: l.who, ToolVersion: l.tool, Release: release}
}

// Records reads all rows of the user's migrations, sorted; none when there is no ledger.
func (l *Ledger) Records(ctx context.Context) ([]Record, error) {
	versions, err := l.ownVersions(ctx)
	if err != nil || versions == nil {
		return nil, err
	}
	// A reading command must do with a ledger that no newer tool has upgraded yet.
	state := "in_flight_state"
	if l.db.Dialect() == sqltext.Postgres && !slices.Contains(versions, "2") {
		state = "NULL"
	}
	rows, err := l.query(ctx, `SELECT version, phase, name, checksum, state, statements_total, statements_done,
		in_flight, `+state+`, digests, started_at, finished_at, duration_ms, applied_by, tool_version, "release", error
		FROM migrate_versions WHERE phase <> :phase`, map[string]any{"phase": ledgerPhase})
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	records := make([]Record, 0, len(rows))
	for _, row := range rows {
		r, err := recordOf(row)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	slices.SortFunc(records, func(a, b Record) int { return a.ID.Compare(b.ID) })
	return records, nil
}

func recordOf(row []any) (Record, error) {
	version, err := migrations.ParseVersion(asString(row[0]))
	if err != nil {
		return Record{}, fmt.Errorf("read the ledger: %w", err)
	}
	r := Record{ID: migrations.ID{Version: version, Phase: migrations.Phase(asString(row[1]))},
		Name: asString(row[2]), Checksum: asString(row[3]), State: State(asString(row[4])),
		StatementsTotal: int(asInt(row[5])), StatementsDone: int(asInt(row[6])), InFlight: int(asInt(row[7])),
		Started: asTime(row[10]), Finished: asTime(row[11]), Duration: time.Duration(asInt(row[12])) * time.Millisecond,
		By: asString(row[13]), ToolVersion: asString(row[14]), Release: asString(row[15]), Error: asString(row[16]), stored: true}
	if state := asString(row[8]); state != "" {
		if err := json.Unmarshal([]byte(state), &r.Before); err != nil {
			return Record{}, fmt.Errorf("read the ledger's state before a statement of %s: %w", r.Name, err)
		}
	}
	if err := json.Unmarshal([]byte(asString(row[9])), &r.Digests); err != nil {
		return Record{}, fmt.Errorf("read the ledger's digests of %s: %w", r.Name, err)
	}
	return r, nil
}

// insert writes a new row; a row that is there is an error.
func (l *Ledger) insert(ctx context.Context, r Record, exec func(context.Context, string, map[string]any) error) error {
	err := exec(ctx, `INSERT INTO migrate_versions (version, phase, name, checksum, state, statements_total,
		statements_done, in_flight, in_flight_state, digests, started_at, finished_at, duration_ms, applied_by, tool_version, "release", error)
		VALUES (:version, :phase, :name, :checksum, :state, :total, :done, :flight, :before, :digests, :started, :finished,
		:duration, :by, :tool, :release, :error)`, r.values())
	if err != nil {
		return fmt.Errorf("record %s in the ledger: %w", r.Name, err)
	}
	return nil
}

// update writes what changes while a migration runs.
func (l *Ledger) update(ctx context.Context, r Record) error {
	err := l.exec(ctx, `UPDATE migrate_versions SET name = :name, checksum = :checksum, state = :state,
		statements_total = :total, statements_done = :done, in_flight = :flight, in_flight_state = :before, digests = :digests, finished_at = :finished,
		duration_ms = :duration, applied_by = :by, tool_version = :tool, "release" = :release, error = :error
		WHERE version = :version AND phase = :phase`, r.values())
	if err != nil {
		return fmt.Errorf("record %s in the ledger: %w", r.Name, err)
	}
	return nil
}

func (r Record) values() map[string]any {
	digests, _ := json.Marshal(append([]string{}, r.Digests...)) // strings always marshal
	return map[string]any{
		"version": r.Version.String(), "phase": string(r.Phase), "name": r.Name, "checksum": r.Checksum,
		"state": string(r.State), "total": r.StatementsTotal, "done": r.StatementsDone, "flight": nullInt(r.InFlight), "before": r.Before.value(),
		"digests": string(digests), "started": r.Started, "finished": nullTime(r.Finished),
		"duration": r.Duration.Milliseconds(), "by": r.By, "tool": r.ToolVersion,
		"release": nullString(r.Release), "error": nullString(r.Error),
	}
}

func nullInt(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

func nullString(s string) any {
	if s == "" {
		return nil
	}
	return strings.ToValidUTF8(s, "?")
}

func nullTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func asInt(v any) int64 {
	n, _ := v.(int64)
	return n
}

func asString(v any) string {
	s, _ := v.(string)
	return s
}

func asTime(v any) time.Time {
	t, _ := v.(time.Time)
	return t
}

// save writes the row, a new one when it is not in the ledger yet.
func (l *Ledger) save(ctx context.Context, r *Record) error {
	if r.stored {
		return l.update(ctx, *r)
	}
	if err := l.insert(ctx, *r, l.exec); err != nil {
		return err
	}
	r.stored = true
	return nil
}

// saveLast is save for the last statement of a transaction.
func (l *Ledger) saveLast(ctx context.Context, r *Record) error {
	if r.stored {
		return l.update(ctx, *r)
	}
	return l.insert(ctx, *r, l.execLast)
}
