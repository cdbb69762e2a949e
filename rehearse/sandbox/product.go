package sandbox

import (
	"context"
	"fmt"
)

// Products that can be sandboxed, as their images are named.
const (
	PostgreSQL = "postgres"
	MySQL      = "mysql"
	MariaDB    = "mariadb"
)

// product is what differs between the servers; engines know no more of them.
type product interface {
	// name is the product's constant, label the name for people, user the superuser's, scheme that of URLs.
	name() string
	label() string
	user() string
	scheme() string
	// newest is the version to fetch when none is wanted and none is there.
	newest() Version
	// port is where a container listens.
	port() int
	// environment leads client programs to the server.
	environment(host string, port int, password string) []string
	// container is what an image's entrypoint is told.
	container(password string) (env map[string]string, command []string)
	// answers reports whether a server of this kind answers at the address within a second.
	answers(ctx context.Context, host string, port int) bool

	// inspect recognises a complete installation in a folder of this machine.
	inspect(ctx context.Context, folder string) (installation, bool)
	// folders lists where installations may be.
	folders(ctx context.Context) []string
	// packages says how to install one.
	packages(v Version) string
	// initialise makes the data directory of a local server.
	initialise(ctx context.Context, l *local) error
	// command is the local server's program and arguments.
	command(l *local) (string, []string)
	// ready does what a local server needs once it listens.
	ready(l *local) error

	// query runs statements by the client program and returns the last one's result
	// without decoration.
	query(ctx context.Context, s *Server, database string, statements ...string) (string, error)
	// version asks a server that may still be starting for its version.
	version(ctx context.Context, s *Server) (string, error)
	// sync makes commits durable, or not.
	sync(ctx context.Context, s *Server, on bool) error
	exists(ctx context.Context, s *Server, database string) (bool, error)
	create(ctx context.Context, s *Server, database string) error
	drop(ctx context.Context, s *Server, database string) error
	// load restores a snapshot into a database that is there, and gathers statistics.
	load(ctx context.Context, s *Server, snap Snapshot, database string) error
	// dump is the program that writes a database to its output.
	dump(database string) command
	// schema is the program that writes a database's definitions alone, without
	// anything that differs between two equal ones.
	schema(database string) command
}

// productOf finds a product by its name.
func productOf(name string) (product, error) {
	switch name {
	case PostgreSQL:
		return postgres{}, nil
	case MySQL:
		return mysql{flavour: MySQL}, nil
	case MariaDB:
		return mysql{flavour: MariaDB}, nil
	default:
		return nil, fmt.Errorf("%w: no such product as %q, want %s, %s or %s", ErrNoEngine, name, PostgreSQL, MySQL, MariaDB)
	}
}
