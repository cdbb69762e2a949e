package main

import (
	"runtime/debug"
	"time"

	"github.com/alecthomas/kong"
)

// CLI is the whole command line.
type CLI struct {
	Globals

	Init     initCmd     `cmd:"" help:"Make a migrations directory and a migrate.yaml."`
	New      newCmd      `cmd:"" help:"Write the files of a new change."`
	Status   statusCmd   `cmd:"" help:"Show what is applied and what is pending."`
	Plan     planCmd     `cmd:"" help:"Show the statements that a phase would run, and change nothing."`
	Pre      preCmd      `cmd:"" help:"Run the pending pre migrations, before the push."`
	Backfill backfillCmd `cmd:"" help:"Run the pending backfills, in batches; goes on where the last run stopped."`
	Post     postCmd     `cmd:"" help:"Run the pending post migrations, after the push."`
	Up       upCmd       `cmd:"" help:"Run everything pending by version, for development and fresh databases."`
	Rehearse rehearseCmd `cmd:"" help:"Run the pending phases on restored snapshots in a throw-away server."`
	Compat   compatCmd   `cmd:"" help:"Prove that old code lives on the new schema and new code on the old."`
	Release  releaseCmd  `cmd:"" help:"Run pre, backfills, your push command, and post: migrate release -- CMD."`
	Abort    abortCmd    `cmd:"" help:"Take the newest change back by its undo section, before its post."`
	Repair   repairCmd   `cmd:"" help:"Accept the present text of files that were edited after they were applied."`
	Baseline baselineCmd `cmd:"" help:"Record all files up to a version as applied, on a database that has their schema."`
	Resolve  resolveCmd  `cmd:"" help:"Tell the ledger whether a statement that was in flight at a crash took effect."`
}

// Globals are the flags of every command. A flag wins over the environment, the
// environment over migrate.yaml.
type Globals struct {
	URL         string           `help:"Database to work on, postgres://user@host/db or mysql://user@host/db." env:"DATABASE_URL" placeholder:"URL"`
	Dir         string           `help:"Directory of the migrations (default: migrations)." env:"MIGRATE_DIR" placeholder:"DIR"`
	Config      string           `help:"Configuration file (default: migrate.yaml, when present)." env:"MIGRATE_CONFIG" placeholder:"FILE"`
	JSON        bool             `help:"Print exactly one JSON document on stdout."`
	LogLevel    string           `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"warn"`
	LogFormat   string           `help:"text or json." enum:"text,json" default:"text"`
	NoColor     bool             `help:"No colours; so does any value of NO_COLOR."`
	Wait        *time.Duration   `help:"How long to wait while another run holds the database (default: 10m)." placeholder:"TIME"`
	LockTimeout *time.Duration   `help:"Bound on each wait for a lock of the server's (default: 2s)." placeholder:"TIME"`
	LockBudget  *time.Duration   `help:"How long lock timeouts are retried (default: 10m)." placeholder:"TIME"`
	Version     kong.VersionFlag `help:"Print the version."`
}

// toolVersion is the module's version as the Go tool stamped it.
func toolVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
