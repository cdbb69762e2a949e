package migrator

import (
	"context"
	"time"
)

// Watchable is a Database that can be looked at from a second session.
type Watchable interface {
	// Watch opens a second session that looks at this one. It may be used while
	// this one runs a statement.
	Watch(ctx context.Context) (Watcher, error)
}

// Watcher looks at what another session is doing.
type Watcher interface {
	// Blockers lists the sessions that the watched one waits for now, the one that
	// has been at it longest first; none when it does not wait.
	Blockers(ctx context.Context) ([]Blocker, error)
	// Build reports how far the watched session's index build is; nil when it runs
	// none or the server does not tell.
	Build(ctx context.Context) (*Build, error)
	Close(ctx context.Context) error
}

// Blocker is a session that another one waits for.
type Blocker struct {
	PID         int64
	User        string
	Application string
	State       string        // as the server says: active, idle in transaction, Sleep, Query, ...
	Age         time.Duration // of its transaction, else of its statement
	Query       string        // what it runs or ran last, on one line, at most 80 characters; "" when not known
}

// Build is how far an index build is.
type Build struct {
	Phase       string // as the server says: "building index: scanning table", ...
	Done, Total int64  // of the phase, in the unit below; 0 when the server does not count
	Unit        string // blocks, tuples, lockers, ...
}
