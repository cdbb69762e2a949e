package sandbox

import (
	"context"
	"net"
	"strconv"
	"time"
)

// sslRequest is the first message a PostgreSQL client may send; any server answers it with one byte, S or N, before
// it asks for credentials (manual, "Message Formats").
func sslRequest() []byte { return []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f} }

// greets sends hello, if any, and lets right judge the first bytes of the answer, all within a second. A TCP
// connection proves nothing: Docker's proxy accepts before anything listens behind it.
func greets(ctx context.Context, host string, port int, hello []byte, right func([]byte) bool) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline) // a connection that cannot have one fails below
	if _, err := conn.Write(hello); err != nil {
		return false
	}
	answer := make([]byte, 16)
	n, _ := conn.Read(answer)
	return n > 0 && right(answer[:n])
}
