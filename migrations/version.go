package migrations

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
)

// Version is a migration's number, held as digits without leading zeros, so that
// timestamps of any length fit. The zero value sorts before every version.
type Version struct{ digits string }

// ParseVersion reads digits; "0042" and "42" are the same version.
func ParseVersion(s string) (Version, error) {
	if s == "" {
		return Version{}, fmt.Errorf("version is empty")
	}
	if i := strings.IndexFunc(s, notDigit); i >= 0 {
		return Version{}, fmt.Errorf("version %q is not a number", s)
	}
	digits := strings.TrimLeft(s, "0")
	if digits == "" {
		digits = "0"
	}
	return Version{digits: digits}, nil
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

// Compare orders versions as numbers, so 9 comes before 10.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(len(v.digits), len(w.digits)), cmp.Compare(v.digits, w.digits))
}

// IsZero reports whether v is the zero value, which no file has.
func (v Version) IsZero() bool { return v.digits == "" }

func (v Version) String() string { return v.digits }

// MarshalJSON writes the version as a string: timestamps exceed JSON's safe integers.
func (v Version) MarshalJSON() ([]byte, error) { return json.Marshal(v.digits) }

// UnmarshalJSON reads what MarshalJSON wrote; an empty string is the zero value.
func (v *Version) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	if s == "" {
		*v = Version{}
		return nil
	}
	parsed, err := ParseVersion(s)
	*v = parsed
	return err
}
