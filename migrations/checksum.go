package migrations

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"
)

// Checksum is the SHA-256 of a file's text in hex. It ignores the style of line
// endings and trailing blank space (of lines and of the file), and nothing else,
// so that an editor or a checkout on another system is not taken for an edit.
func Checksum(src string) string {
	c := newCanonical()
	c.add(src)
	return c.sum()
}

// canonical hashes a text piece by piece, without what Checksum ignores: line ends
// and blanks are held back until text follows.
type canonical struct {
	hash   hash.Hash
	lines  int    // line ends held back
	blanks []byte // blanks held back, of the present line
	cr     bool   // the last byte was a carriage return, which a newline may follow
}

func newCanonical() *canonical { return &canonical{hash: sha256.New()} }

// Write takes a piece of the text; it never fails.
func (c *canonical) Write(p []byte) (int, error) {
	text := 0 // where the bytes begin that are to be hashed as they are
	for i, b := range p {
		switch b {
		case '\n', '\r', ' ', '\t', '\f', '\v':
			if text < i {
				c.hash.Write(p[text:i])
			}
			text = i + 1
			c.hold(b)
		default:
			if text == i {
				c.release()
			}
			c.cr = false
		}
	}
	if text < len(p) {
		c.hash.Write(p[text:])
	}
	return len(p), nil
}

func (c *canonical) add(s string) { _, _ = c.Write([]byte(s)) }

func (c *canonical) hold(b byte) {
	switch {
	case b == '\n' && c.cr: // the end of a line that is counted already
	case b == '\n', b == '\r':
		c.lines++
		c.blanks = c.blanks[:0]
	default:
		c.blanks = append(c.blanks, b)
	}
	c.cr = b == '\r'
}

func (c *canonical) release() {
	if c.lines > 0 {
		c.hash.Write([]byte(strings.Repeat("\n", c.lines)))
		c.lines = 0
	}
	c.hash.Write(c.blanks)
	c.blanks = c.blanks[:0]
}

func (c *canonical) sum() string { return hex.EncodeToString(c.hash.Sum(nil)) }
