package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/term"
)

// teller prints the story: headed steps, and colour only where a terminal shows it and NO_COLOR is
// not set. Several goroutines may tell at once.
type teller struct {
	mu    sync.Mutex
	w     io.Writer
	color bool
	steps int
}

func newTeller(w io.Writer) *teller {
	f, isFile := w.(*os.File)
	color := isFile && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == ""
	return &teller{w: w, color: color}
}

// Step begins the next numbered step.
func (t *teller) Step(title string) {
	t.steps++
	t.line("\n" + t.paint("1", fmt.Sprintf("%d. %s", t.steps, title)))
}

// Say prints one line of the story.
func (t *teller) Say(format string, args ...any) { t.line("   " + fmt.Sprintf(format, args...)) }

// Command prints a command as it would be typed.
func (t *teller) Command(words ...string) {
	t.line("   " + t.paint("36", "$ "+strings.Join(words, " ")))
}

// Kept prints a promise that held.
func (t *teller) Kept(format string, args ...any) {
	t.line("   " + t.paint("32", "ok    ") + fmt.Sprintf(format, args...))
}

// Broken prints a promise that did not hold.
func (t *teller) Broken(format string, args ...any) {
	t.line("   " + t.paint("31", "BROKEN") + " " + fmt.Sprintf(format, args...))
}

func (t *teller) paint(code, text string) string {
	if !t.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (t *teller) line(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(t.w, text)
}

// indented passes on whole lines of another program's output, set in from the margin.
type indented struct {
	tell *teller
	rest []byte
}

// Write takes any part of the output; an unfinished line waits for its end.
func (i *indented) Write(p []byte) (int, error) {
	i.rest = append(i.rest, p...)
	for {
		end := bytes.IndexByte(i.rest, '\n')
		if end < 0 {
			return len(p), nil
		}
		i.tell.line("     " + strings.TrimRight(string(i.rest[:end]), "\r"))
		i.rest = i.rest[end+1:]
	}
}

// Flush prints an unfinished last line.
func (i *indented) Flush() {
	if len(i.rest) > 0 {
		i.tell.line("     " + string(i.rest))
		i.rest = nil
	}
}

// thousands writes n with a comma between groups of three digits.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
