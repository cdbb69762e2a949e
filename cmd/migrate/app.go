package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/user"
	"time"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
)

// app is what every command gets: the settings, resolved, and where to print.
type app struct {
	*output
	globals Globals
	config  config
	log     *slog.Logger
	dir     string
}

func newApp(g Globals, out *output) (*app, error) {
	cfg, err := loadConfig(g.Config)
	if err != nil {
		return nil, err
	}
	return &app{output: out, globals: g, config: cfg, log: newLogger(g, out), dir: cmp.Or(g.Dir, cfg.Dir, "migrations")}, nil
}

func newLogger(g Globals, out *output) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(g.LogLevel)) // kong has checked it
	options := &slog.HandlerOptions{Level: level}
	if g.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(out.stderr, options))
	}
	return slog.New(slog.NewTextHandler(out.stderr, options))
}

// load parses all migrations.
func (a *app) load(d sqltext.Dialect) (migrations.Set, error) {
	if info, err := os.Stat(a.dir); err != nil || !info.IsDir() {
		if err == nil {
			err = errors.New("not a directory")
		}
		return nil, usagef("run `migrate init`, or name the directory with --dir", "migrations directory %s: %w", a.dir, err)
	}
	return migrations.Load(os.DirFS(a.dir), a.dir, d)
}

// open parses the migrations, then connects. The caller closes the database.
func (a *app) open(ctx context.Context) (migrator.Database, migrations.Set, error) {
	if a.globals.URL == "" {
		return nil, nil, usagef("give --url or set DATABASE_URL", "no database is named")
	}
	dialect, err := drivers.Dialect(a.globals.URL)
	if err != nil {
		return nil, nil, err
	}
	set, err := a.load(dialect)
	if err != nil {
		return nil, nil, err
	}
	db, err := drivers.Open(ctx, a.globals.URL)
	return db, set, err
}

// withMigrator runs fn with a migrator on the named database.
func (a *app) withMigrator(ctx context.Context, adjust func(*migrator.Options), fn func(*migrator.Migrator) error) error {
	db, set, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := db.Close(ctx); err != nil {
			a.log.Debug("close the database", "error", err)
		}
	}()
	progress := newProgress(a)
	defer progress.finish()
	options := a.options()
	options.DB, options.Set, options.Progress = db, set, progress.event
	if adjust != nil {
		adjust(&options)
	}
	return fn(migrator.New(options))
}

// options are the settings that production and rehearsal share.
func (a *app) options() migrator.Options {
	g, c := a.globals, a.config
	return migrator.Options{Log: a.log, Who: who(), ToolVersion: toolVersion(),
		Wait:        first(migrator.DefaultWait, g.Wait, c.Wait),
		LockTimeout: first(migrator.DefaultLockTimeout, g.LockTimeout, c.LockTimeout),
		LockBudget:  first(migrator.DefaultLockBudget, g.LockBudget, c.LockBudget)}
}

// who names the person and host for the ledger.
func who() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		return name
	}
	return name + "@" + host
}
