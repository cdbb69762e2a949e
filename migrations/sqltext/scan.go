package sqltext

import "strings"

// scanWhile returns the end of the bytes from i on that are accepted.
func scanWhile(s string, i int, accept func(byte) bool) int {
	for i < len(s) && accept(s[i]) {
		i++
	}
	return i
}

// scanQuoted returns the end of what the quote at s[i] opens, or -1 when it
// never closes. A doubled quote stands for one; with backslash set, so does a
// quote behind a backslash.
func scanQuoted(s string, i int, backslash bool) int {
	quote := s[i]
	for i++; i < len(s); i++ {
		switch {
		case s[i] == '\\' && backslash:
			i++
		case s[i] != quote:
		case i+1 < len(s) && s[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return -1
}

// scanDollarQuoted returns the end of the dollar-quoted string at the start of
// s, 0 when none starts there, and -1 when it never closes.
func scanDollarQuoted(s string) int {
	n := 1
	if n < len(s) && isIdentStart(s[n]) {
		n = scanWhile(s, n+1, isDollarTag)
	}
	if n >= len(s) || s[n] != '$' {
		return 0
	}
	tag := s[:n+1]
	end := strings.Index(s[len(tag):], tag)
	if end < 0 {
		return -1
	}
	return end + 2*len(tag)
}

// scanDecimal returns the end of the decimal number at the start of s, which is
// a digit or a point before one. Two points are a range's, never a decimal
// point.
func scanDecimal(s string, digit func(byte) bool) int {
	i := scanWhile(s, 0, digit)
	if i < len(s) && s[i] == '.' && !strings.HasPrefix(s[i:], "..") {
		i = scanWhile(s, i+1, digit)
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && isDigit(s[j]) {
			i = scanWhile(s, j, digit)
		}
	}
	return i
}

// scanRadix returns the end of the hexadecimal, octal or binary number at the
// start of s, or 0 when there is none.
func scanRadix(s string) int {
	if len(s) < 3 || s[0] != '0' {
		return 0
	}
	accept := radixDigit(s[1])
	if accept == nil {
		return 0
	}
	n := scanWhile(s, 2, accept)
	if strings.Trim(s[2:n], "_") == "" {
		return 0
	}
	return n
}

// radixDigit returns what accepts the digits behind 0x, 0o or 0b, else nil.
func radixDigit(c byte) func(byte) bool {
	switch c {
	case 'x', 'X':
		return isHex
	case 'o', 'O':
		return func(c byte) bool { return c >= '0' && c <= '7' || c == '_' }
	case 'b', 'B':
		return func(c byte) bool { return c == '0' || c == '1' || c == '_' }
	}
	return nil
}

func isSpace(c byte) bool   { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool   { return c >= '0' && c <= '9' }
func isDecimal(c byte) bool { return isDigit(c) || c == '_' }
func isHex(c byte) bool     { return isDecimal(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
func isLetter(c byte) bool  { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// isIdentStart accepts every byte of a rune beyond ASCII, as the servers do.
func isIdentStart(c byte) bool { return isLetter(c) || c == '_' || c >= 0x80 }
func isDollarTag(c byte) bool  { return isIdentStart(c) || isDigit(c) }
func isIdentPart(c byte) bool  { return isDollarTag(c) || c == '$' }

func isParamStart(c byte) bool { return isLetter(c) || c == '_' }
func isParamPart(c byte) bool  { return isParamStart(c) || isDigit(c) }
