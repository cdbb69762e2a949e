package rehearse

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/expandcontract/migrate/migrator"
)

var (
	quoted = regexp.MustCompile(`"[^"]*"`)
	// valued is where MySQL and MariaDB quote a row's value; quotes in it are not escaped.
	valued = regexp.MustCompile(`(?s)\b(entry|value|value:|string:) '.*'( for (key|column|function)\b|$)`)
)

// message is the server's message fit for a report that leaves the client's
// premises. Data exceptions (SQLSTATE class 22) quote the value at fault, and what
// a function raises (P0001, MySQL's 1644) may say anything; other messages name
// objects only (PostgreSQL manual, appendix A), save for the values that MySQL
// names (1062, 1292, 1366 and the like). A detail is never shown.
func message(refused *migrator.ServerError) string {
	switch {
	case strings.HasPrefix(refused.Code, "22"):
		return quoted.ReplaceAllString(refused.Message, `"..."`)
	case refused.Code == "P0001", refused.Code == "1644":
		return "raised by a function; its message is withheld, it may hold values"
	default:
		return valued.ReplaceAllString(refused.Message, "$1 '...'$2")
	}
}

// reason words the error that ended a rehearsal, without clients' values.
func reason(err error) string {
	var statement *migrator.StatementError
	refused, ok := migrator.AsServerError(err)
	if !ok || !errors.As(err, &statement) {
		return err.Error()
	}
	shown := migrator.ServerError{Message: message(refused), Code: refused.Code}
	return fmt.Sprintf("%s: %s", statement.Place(), shown.Error())
}
