package mysql

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	mysqldriver "github.com/go-sql-driver/mysql"

	"github.com/expandcontract/migrate/migrator"
)

// Error numbers that callers act on (MySQL manual, "Server Error Message
// Reference"; MariaDB's have the same meaning, or are named so).
const (
	accessDenied      = 1045
	databaseDenied    = 1044
	unknownDatabase   = 1049
	syntaxError       = 1064
	lockWaitTimeout   = 1205
	deadlock          = 1213
	interrupted       = 1317
	lockNoWait        = 3572
	executionTime     = 3024
	executionTimeMA   = 1969 // MariaDB's max_statement_time
	notSupported      = 1845 // ALGORITHM=X is not supported for this operation
	notSupportedCause = 1846 // the same, with a reason
)

// serverError makes the server's own refusal a *migrator.ServerError and leaves
// other errors as they are.
func serverError(err error, sql string) error {
	var refused *mysqldriver.MySQLError
	if !errors.As(err, &refused) {
		return err
	}
	e := &migrator.ServerError{Kind: kindOf(refused.Number), Code: fmt.Sprint(refused.Number), Message: refused.Message}
	if refused.Number == syntaxError {
		e.Position = position(refused.Message, sql)
	}
	locate(e, refused, sql)
	return e
}

func kindOf(number uint16) migrator.ErrorKind {
	switch number {
	case lockWaitTimeout, deadlock, lockNoWait:
		return migrator.KindLockTimeout
	case interrupted, executionTime, executionTimeMA:
		return migrator.KindCancelled
	case notSupported, notSupportedCause:
		return migrator.KindAlgorithm
	default:
		return migrator.KindOther
	}
}

var nearLine = regexp.MustCompile(`(?s)near '(.*)' at line (\d+)$`)

// position finds the place that a syntax error speaks of, 0 when it does not tell.
func position(message, sql string) int {
	match := nearLine.FindStringSubmatch(message)
	if match == nil || match[1] == "" {
		return 0
	}
	offset := strings.Index(sql, match[1])
	if offset < 0 {
		return 0
	}
	return utf8.RuneCountInString(sql[:offset]) + 1
}

// connectError words a failed connection without the URL.
func connectError(config *mysqldriver.Config, err error) error {
	where := fmt.Sprintf("connect to MySQL at %s, database %s, as %s", config.Addr, config.DBName, config.User)
	reason, hint := err.Error(), "check the host and port of --url or DATABASE_URL, and that the server is running"
	var refused *mysqldriver.MySQLError
	if errors.As(err, &refused) {
		reason, hint = refused.Message, connectHint(refused.Number)
	} else if i := strings.LastIndex(reason, ": "); i >= 0 {
		reason = reason[i+2:]
	}
	if config.Passwd != "" {
		reason = strings.ReplaceAll(reason, config.Passwd, "***")
	}
	return &migrator.ConnectError{Message: where + ": " + reason, Next: hint, Err: serverError(err, "")}
}

func connectHint(number uint16) string {
	switch number {
	case accessDenied, databaseDenied:
		return "check the user and password of --url or DATABASE_URL"
	case unknownDatabase:
		return "create the database, or check its name in --url or DATABASE_URL"
	default:
		return "check --url or DATABASE_URL"
	}
}
