package mysql

import (
	"errors"
	"net/url"
	"strings"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// Errors of a URL that cannot be used. Neither repeats the URL.
var (
	ErrOptions    = errors.New("its options cannot be read; they are those of go-sql-driver/mysql, and socket=/path")
	ErrNoDatabase = errors.New("it names no database, want mysql://user@host/database")
)

// configOf reads mysql://user:password@host:port/database?option=value. Options
// are those of go-sql-driver/mysql (tls, timeout, ...), and socket for a Unix
// socket's path. The connection is encrypted when the server offers it.
func configOf(raw string) (*mysqldriver.Config, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, ErrOptions // the parser's error repeats its input
	}
	options := u.Query()
	socket := options.Get("socket")
	options.Del("socket")
	config, err := mysqldriver.ParseDSN("/?" + options.Encode())
	if err != nil {
		return nil, ErrOptions
	}
	config.Net, config.Addr = "tcp", address(u)
	if socket != "" {
		config.Net, config.Addr = "unix", socket
	}
	config.DBName = strings.TrimPrefix(u.Path, "/")
	if config.DBName == "" {
		return nil, ErrNoDatabase
	}
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	return config, settle(config)
}

func address(u *url.URL) string {
	if u.Port() == "" {
		return u.Hostname() + ":3306"
	}
	return u.Host
}

// settle sets what the tool relies on, whatever the URL says.
func settle(config *mysqldriver.Config) error {
	config.ParseTime, config.Loc = true, time.UTC
	config.InterpolateParams = true // one round trip, and every kind of statement
	config.MultiStatements = false
	config.ClientFoundRows = true // rows matched, as PostgreSQL counts
	config.AllowAllFiles = false
	config.Logger = &mysqldriver.NopLogger{}
	if config.ConnectionAttributes == "" {
		config.ConnectionAttributes = "program_name:migrate"
	}
	if config.Timeout == 0 {
		config.Timeout = 10 * time.Second
	}
	if config.TLSConfig == "" && config.TLS == nil {
		preferred, err := mysqldriver.ParseDSN("/?tls=preferred")
		if err != nil {
			return err
		}
		config.TLSConfig, config.TLS, config.AllowFallbackToPlaintext = preferred.TLSConfig, preferred.TLS, preferred.AllowFallbackToPlaintext
	}
	return nil
}
