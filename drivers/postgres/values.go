package postgres

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// normalise turns pgx's value of a type into one of those that migrator.Conn
// names. What has no Go type among them is in PostgreSQL's text form.
func normalise(types *pgtype.Map, oid uint32, v any) any {
	switch v := v.(type) {
	case nil, int64, float64, bool, string, []byte, time.Time:
		return v
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case uint32:
		return int64(v)
	case float32:
		return float64(v)
	case [16]byte:
		return fmt.Sprintf("%x-%x-%x-%x-%x", v[0:4], v[4:6], v[6:8], v[8:10], v[10:16])
	case pgtype.Numeric:
		return numeric(v)
	default:
		text, err := types.Encode(oid, pgtype.TextFormatCode, v, nil)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(text)
	}
}

func numeric(n pgtype.Numeric) any {
	value, err := n.Value()
	if err != nil {
		return fmt.Sprint(n)
	}
	return value
}
