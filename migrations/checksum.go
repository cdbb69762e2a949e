package migrations

import "strings"

// Checksum is the SHA-256 of a file's text in hex. It ignores the style of line
// endings and trailing blank space (of lines and of the file), and nothing else,
// so that an editor or a checkout on another system is not taken for an edit.
func Checksum(src string) string { return digest(canonical(src)) }

func canonical(src string) string {
	src = strings.ReplaceAll(src, "\r\n", "\n")
	src = strings.ReplaceAll(src, "\r", "\n")
	var b strings.Builder
	b.Grow(len(src))
	blank := 0 // line ends held back until a line with text follows
	for line := range strings.SplitSeq(src, "\n") {
		line = strings.TrimRight(line, " \t\f\v")
		if line != "" {
			b.WriteString(strings.Repeat("\n", blank))
			b.WriteString(line)
			blank = 0
		}
		blank++
	}
	return b.String()
}
