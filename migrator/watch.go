package migrator

import (
	"context"
	"fmt"
	"strings"
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

// String names the session for people: "session 4711 (shop, app api, idle in
// transaction for 3m12s): UPDATE orders SET ...".
func (b Blocker) String() string {
	who := []string{b.User}
	if b.Application != "" {
		who = append(who, "app "+b.Application)
	}
	who = append(who, fmt.Sprintf("%s for %s", b.State, b.Age.Round(time.Second)))
	text := fmt.Sprintf("session %d (%s)", b.PID, strings.Join(who, ", "))
	if b.Query != "" {
		text += ": " + b.Query
	}
	return text
}

// Pauses of a watch: before its first look, so that quick statements cost nothing,
// between two looks, and between two reports of a build.
const (
	watchAfter  = 500 * time.Millisecond
	watchEvery  = 250 * time.Millisecond
	reportEvery = time.Second
)

// watched runs a statement. Once it has taken a while, a second session notes whom
// it waits for, in m.blockers, and reports how far its index build is. That
// session's troubles never are the statement's. Progress is called by one
// goroutine at a time: run's caller waits for both.
func (m *Migrator) watched(ctx context.Context, event Event, run func() (int64, error)) (int64, error) {
	m.blockers = nil
	watchable, ok := m.DB.(Watchable)
	if !ok {
		return run()
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.watch(ctx, watchable, event)
	}()
	affected, err := run()
	cancel()
	<-ended
	return affected, err
}

func (m *Migrator) watch(ctx context.Context, db Watchable, event Event) {
	if pause(ctx, min(watchAfter, max(m.LockTimeout/2, watchEvery))) != nil {
		return
	}
	if m.watcher == nil && !m.blind {
		var err error
		if m.watcher, err = db.Watch(ctx); err != nil {
			m.blind = ctx.Err() == nil
			m.Log.Debug("watch the statement", "error", err)
		}
	}
	for reported := (time.Time{}); m.watcher != nil; {
		if err := m.look(ctx, event, &reported); err != nil && ctx.Err() == nil {
			m.Log.Debug("watch the statement", "error", err)
		}
		if pause(ctx, watchEvery) != nil {
			return
		}
	}
}

// look does not end with ctx: a query cut short would have to be awaited anyway,
// and takes milliseconds.
func (m *Migrator) look(ctx context.Context, event Event, reported *time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	blockers, err := m.watcher.Blockers(ctx)
	if err != nil {
		return err
	}
	if len(blockers) > 0 {
		m.blockers = blockers
	}
	build, err := m.watcher.Build(ctx)
	if err != nil || build == nil || time.Since(*reported) < reportEvery {
		return err
	}
	*reported = time.Now()
	event.Kind, event.Build, event.Blockers = BuildMoved, build, blockers
	m.Progress(event)
	return nil
}

// unwatch ends the second session.
func (m *Migrator) unwatch(ctx context.Context) {
	if m.watcher == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := m.watcher.Close(ctx); err != nil {
		m.Log.Debug("close the watching session", "error", err)
	}
	m.watcher = nil
}
