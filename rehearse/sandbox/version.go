package sandbox

import (
	"fmt"
	"regexp"
	"strconv"
)

// Version is a server's release series. PostgreSQL's has no minor part: 15;
// MySQL's and MariaDB's do: 9.7, 10.11. The zero value is any.
type Version struct{ Major, Minor int }

var versionDigits = regexp.MustCompile(`^(\d+)(?:\.(\d+))?`)

// ParseVersion reads the series that a version starts with: 15 from "15.18" for
// PostgreSQL, 10.11 from "10.11.14-MariaDB". What does not start with a number is
// the zero Version.
func ParseVersion(product, text string) Version {
	match := versionDigits.FindStringSubmatch(text)
	if match == nil {
		return Version{}
	}
	var v Version
	v.Major, _ = strconv.Atoi(match[1]) // digits, so that only a number too long fails, as 0
	if product != PostgreSQL {
		v.Minor, _ = strconv.Atoi(match[2])
	}
	return v
}

// IsZero reports that any version will do.
func (v Version) IsZero() bool { return v == Version{} }

// Compare orders by age.
func (v Version) Compare(other Version) int {
	if v.Major != other.Major {
		return v.Major - other.Major
	}
	return v.Minor - other.Minor
}

// String is the series as images are tagged: "15", "10.11".
func (v Version) String() string {
	if v.Minor == 0 {
		return strconv.Itoa(v.Major)
	}
	return fmt.Sprintf("%d.%d", v.Major, v.Minor)
}

var serverName = regexp.MustCompile(`^([a-z]+)(\d[\d.]*)?$`)

// ParseServer reads a product and its series from one word: "postgres15",
// "mysql9.7", "mariadb10.11", or the product alone.
func ParseServer(text string) (product string, v Version, err error) {
	match := serverName.FindStringSubmatch(text)
	if match == nil {
		return "", v, fmt.Errorf("server %q: want for instance postgres15, mysql9.7 or mariadb10.11", text)
	}
	if _, err := productOf(match[1]); err != nil {
		return "", v, fmt.Errorf("server %q: %w", text, err)
	}
	return match[1], ParseVersion(match[1], match[2]), nil
}
