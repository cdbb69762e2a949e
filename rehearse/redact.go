package rehearse

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/expandcontract/migrate/migrator"
)

var quoted = regexp.MustCompile(`"[^"]*"`)

// message is the server's message fit for a report that leaves the client's
// premises. Data exceptions (SQLSTATE class 22) quote the value at fault, and what
// a function raises (P0001) may say anything; other messages name objects only
// (PostgreSQL manual, appendix A). A detail is never shown.
func message(refused *migrator.ServerError) string {
	switch {
	case strings.HasPrefix(refused.Code, "22"):
		return quoted.ReplaceAllString(refused.Message, `"..."`)
	case refused.Code == "P0001":
		return "raised by a function; its message is withheld, it may hold values"
	default:
		return refused.Message
	}
}

// reason words the error that ended a rehearsal, without clients' values.
func reason(err error) string {
	var statement *migrator.StatementError
	refused, ok := migrator.AsServerError(err)
	if !ok || !errors.As(err, &statement) {
		return err.Error()
	}
	return fmt.Sprintf("%s: %s (SQLSTATE %s)", statement.Place(), message(refused), refused.Code)
}
