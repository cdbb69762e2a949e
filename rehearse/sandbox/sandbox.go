// Package sandbox owns throw-away database servers and puts snapshots into them. A rehearsal breaks things on
// purpose, so it must never meet a database that somebody needs: Start makes a server of the client's own version,
// in a container or from the server binaries of this machine; Restore loads a dump with the tools of that same
// version; Close leaves nothing behind, neither container, volume, process nor folder. What a killed process left
// is found by its owner mark and removed by the next Start (see Sweep).
//
// Servers are set up to be measured honestly: WAL as in production (wal_level=replica, full_page_writes=on), no
// autovacuum at a random moment, and no fsync until SetDurable, because a restore is faster without.
//
// Deciding what to run in a sandbox, probing it and judging the outcome belong to package rehearse. This package
// knows servers only through their own client programs: it opens no database driver.
package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Kind names an engine, the way a server is run.
type Kind string

// Engines. Auto is Docker when a daemon answers and the image is there or can be pulled, else Local.
const (
	Auto   Kind = "auto"
	Docker Kind = "docker"
	Local  Kind = "local"
)

// Bounds of a start and of a clean-up, which goes on after the caller's context has ended.
const (
	startTimeout = 90 * time.Second
	closeTimeout = 30 * time.Second
)

// Options say which server to start. The zero value is the newest PostgreSQL that can be had.
type Options struct {
	Engine   Kind         // Auto when empty
	Product  string       // PostgreSQL when empty
	Version  Version      // wanted series, zero for any; the local engine takes a newer one where it is missing
	Image    string       // container image instead of <product>:<version>
	CacheDir string       // where local sandboxes live; see DefaultCacheDir
	Durable  bool         // fsync from the start; otherwise off until SetDurable
	Log      *slog.Logger // discarded when nil
}

// withDefaults fills what the caller left out.
func (o Options) withDefaults() Options {
	if o.Engine == "" {
		o.Engine = Auto
	}
	if o.Product == "" {
		o.Product = PostgreSQL
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// machine is one running server as an engine provides it.
type machine interface {
	// address is where this process reaches the server.
	address() (host string, port int)
	// run executes one of the product's client programs beside the server, with the variables that lead to it.
	// A failure carries the program's own messages.
	run(ctx context.Context, c command) error
	// place makes a file or folder of this machine readable to run and returns the path to name there. release
	// takes back whatever place made.
	place(ctx context.Context, path string) (placed string, release func(context.Context) error, err error)
	// describe is the engine's part of Server.Describe, e.g. "docker postgres:15".
	describe() string
	// crash ends the server without letting it finish its work, and starts it again on its data.
	crash(ctx context.Context) error
	// remove ends the server and deletes all that belongs to it. It may be called again after a failure.
	remove(ctx context.Context) error
}

// Server is a running sandbox. Its methods may be used by several goroutines.
type Server struct {
	engine   Kind
	product  product
	machine  machine
	password string
	version  string
	log      *slog.Logger

	closing sync.Mutex
	closed  bool
}

// Start runs a new empty server and waits until it accepts connections, at most 90 seconds after its image is
// there. It first removes what dead processes left (Sweep). When it fails, or when ctx ends meanwhile, nothing
// is left behind. The error wraps ErrNoEngine when no engine can run the wanted version.
func Start(ctx context.Context, o Options) (*Server, error) {
	o = o.withDefaults()
	p, err := productOf(o.Product)
	if err != nil {
		return nil, fmt.Errorf("start a sandbox: %w", err)
	}
	if err := Sweep(ctx, o); err != nil {
		o.Log.Warn("sandboxes of dead processes remain", "error", err)
	}
	engine, launch, err := choose(ctx, o, p)
	if err != nil {
		return nil, err
	}
	password := randomHex(16)
	m, err := launch(ctx, password)
	if err != nil {
		return nil, fmt.Errorf("start a sandbox: %w", err)
	}
	s := &Server{engine: engine, product: p, machine: m, password: password, log: o.Log}
	if err := s.prepare(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("start a sandbox (%s): %w", m.describe(), err), s.Close(ctx))
	}
	o.Log.Debug("sandbox started", "engine", engine, "server", s.Describe())
	return s, nil
}

// launcher starts a server whose superuser has the given password.
type launcher func(ctx context.Context, password string) (machine, error)

// choose finds the engine and what it would run, without running it.
func choose(ctx context.Context, o Options, p product) (Kind, launcher, error) {
	switch o.Engine {
	case Local:
		launch, err := localLauncher(ctx, o, p)
		return Local, launch, err
	case Docker:
		launch, err := dockerLauncher(ctx, o, p)
		return Docker, launch, err
	case Auto:
		launch, dockerErr := dockerLauncher(ctx, o, p)
		if dockerErr == nil {
			return Docker, launch, nil
		}
		o.Log.Debug("docker engine is not available", "reason", dockerErr)
		launch, localErr := localLauncher(ctx, o, p)
		if localErr == nil {
			return Local, launch, nil
		}
		return "", nil, errors.Join(dockerErr, localErr)
	}
	return "", nil, fmt.Errorf("unknown sandbox engine %q (auto, docker or local): %w", o.Engine, ErrNoEngine)
}

// prepare waits for the server, learns its version and sets what may change while it runs.
func (s *Server) prepare(ctx context.Context, o Options) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	version, err := s.product.version(ctx, s)
	if err != nil {
		return err
	}
	s.version = version
	if o.Durable {
		return s.SetDurable(ctx)
	}
	return s.product.sync(ctx, s, false)
}

// Engine is the engine that runs the server: Docker or Local.
func (s *Server) Engine() Kind { return s.engine }

// Version is the version the server reports, e.g. "15.18".
func (s *Server) Version() string { return s.version }

// Series is the release series of Version.
func (s *Server) Series() Version { return ParseVersion(s.product.name(), s.version) }

// Describe says in a few words what runs, e.g. "docker postgres:15 (PostgreSQL 15.18)".
func (s *Server) Describe() string {
	return fmt.Sprintf("%s (%s %s)", s.machine.describe(), s.product.label(), s.version)
}

// URL is the superuser's connection URL of a database, which need not exist, reachable from this process. It
// holds the sandbox's password.
func (s *Server) URL(database string) string {
	host, port := s.machine.address()
	u := url.URL{
		Scheme: s.product.scheme(),
		User:   url.UserPassword(s.product.user(), s.password),
		Host:   net.JoinHostPort(host, strconv.Itoa(port)),
		Path:   "/" + database,
	}
	if u.Scheme == "postgres" {
		u.RawQuery = "sslmode=disable"
	}
	return u.String()
}

// CreateDatabase makes an empty database. It fails when there is one of that name.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	if err := s.product.create(ctx, s, name); err != nil {
		return fmt.Errorf("create database %s in the sandbox: %w", name, err)
	}
	return nil
}

// DropDatabase removes a database and ends the sessions in it. One that does not exist is no error.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	if err := s.product.drop(ctx, s, name); err != nil {
		return fmt.Errorf("drop database %s in the sandbox: %w", name, err)
	}
	return nil
}

// SetDurable makes commits durable, as in production, and writes out what the restore left in memory: to be called
// after Restore and before anything is measured.
func (s *Server) SetDurable(ctx context.Context) error {
	if err := s.product.sync(ctx, s, true); err != nil {
		return fmt.Errorf("make the sandbox durable: %w", err)
	}
	return nil
}

// Crash ends the server as a failure of its machine would, and starts it again on its data; it is back when Crash
// returns. Its URL may be another one afterwards. It is for tests of what outlives a server.
func (s *Server) Crash(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.machine.crash(ctx); err != nil {
		return fmt.Errorf("crash the sandbox (%s): %w", s.machine.describe(), err)
	}
	_, err := s.product.version(ctx, s)
	return err
}

// Close ends the server and removes everything that belongs to it, also when ctx has ended: it takes at most 30
// seconds. Closing again does nothing once it has succeeded.
func (s *Server) Close(ctx context.Context) error {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.closed {
		return nil
	}
	// A sandbox is most often closed because of Ctrl-C, when ctx is already over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := s.machine.remove(ctx); err != nil {
		return fmt.Errorf("remove the sandbox (%s): %w", s.machine.describe(), err)
	}
	s.closed = true
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b)
	return hex.EncodeToString(b)
}
