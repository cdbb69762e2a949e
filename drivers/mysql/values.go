package mysql

import (
	"database/sql/driver"
	"math"
	"strconv"
	"strings"
	"time"
)

// typesOf are the server's names of the result's column types.
func typesOf(rows driver.Rows) []string {
	types := make([]string, len(rows.Columns()))
	named, ok := rows.(driver.RowsColumnTypeDatabaseTypeName)
	for i := range types {
		if ok {
			types[i] = named.ColumnTypeDatabaseTypeName(i)
		}
	}
	return types
}

// normalise turns the driver's value of a type into one of those that
// migrator.Conn names. Bytes are copied: the driver uses their buffer again.
func normalise(typeName string, v driver.Value) any {
	switch v := v.(type) {
	case []byte:
		if binary(typeName) {
			return append([]byte{}, v...)
		}
		return string(v)
	case uint64:
		if v > math.MaxInt64 {
			return strconv.FormatUint(v, 10)
		}
		return int64(v)
	case float32:
		return float64(v)
	case time.Time:
		return v.UTC()
	default:
		return v
	}
}

func binary(typeName string) bool {
	return strings.HasSuffix(typeName, "BLOB") || strings.HasSuffix(typeName, "BINARY") || typeName == "BIT" || typeName == "GEOMETRY"
}
