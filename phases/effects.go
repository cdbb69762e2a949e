package phases

import (
	"github.com/expandcontract/migrate/migrations/sqltext"
)

// Effects reads what one statement does, in the order in which it does it. What
// cannot be read is an Effect with the action Unknown and its reason, so that no
// statement is without effects but an empty one. It takes time linear in the
// statement's length, keeps nothing between calls, and is safe for concurrent use.
func Effects(d sqltext.Dialect, sql string) []Effect {
	if len(sqltext.Words(d, sql, 1)) == 0 {
		return nil
	}
	if d == sqltext.MySQL {
		return mysqlEffects(sql)
	}
	return postgresEffects(sql)
}

// unknown is the effect of what cannot be read.
func unknown(reason string) Effect {
	return Effect{Action: Unknown, Reason: reason}
}

// conditional marks the effects of a body that runs now.
func conditional(effects []Effect) []Effect {
	for i := range effects {
		effects[i].Conditional = true
	}
	return effects
}
