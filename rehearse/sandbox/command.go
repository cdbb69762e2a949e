package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// messageLimit bounds how much of a program's messages is kept: a failing restore can complain without end.
const messageLimit = 16 << 10

// command is one run of a client program: its base name, its arguments and its streams. The environment that
// leads to the server is the machine's business, so that a password never is an argument.
type command struct {
	name   string
	args   []string
	stdin  io.Reader
	stdout io.Writer
}

// programError is a client program's failure with what it wrote to its error stream.
type programError struct {
	name     string
	status   string
	messages string
}

func (e *programError) Error() string {
	if m := strings.TrimSpace(e.messages); m != "" {
		return m
	}
	return e.name + ": " + e.status
}

// query runs statements in one database, each in its own transaction, and returns the last one's result
// as the client program prints it without decoration.
func (s *Server) query(ctx context.Context, database string, statements ...string) (string, error) {
	return s.product.query(ctx, s, database, statements...)
}

// serverMessage shortens a client program's complaint to what the server said.
func serverMessage(err error) error {
	var failed *programError
	if !errors.As(err, &failed) {
		return err
	}
	for line := range strings.Lines(failed.messages) {
		for _, mark := range []string{"ERROR:", "FATAL:", "error:", "ERROR "} {
			if _, message, found := strings.Cut(line, mark); found {
				return errors.New(strings.TrimSpace(message))
			}
		}
	}
	return err
}

// head keeps the first bytes of a stream and swallows the rest, so that the writer never blocks or fails.
type head struct {
	buf   bytes.Buffer
	limit int
}

func (h *head) Write(p []byte) (int, error) {
	if room := h.limit - h.buf.Len(); room > 0 {
		h.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// outcome turns the end of a program into an error; a context that ended explains the failure better than the
// signal it caused.
func outcome(ctx context.Context, c command, failure error, messages *head) error {
	if failure == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", c.name, context.Cause(ctx))
	}
	return &programError{name: c.name, status: failure.Error(), messages: messages.buf.String()}
}
