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

// speaksPostgres reports whether a PostgreSQL server answers at the address within a second. A TCP connection
// proves nothing: Docker's proxy accepts before anything listens behind it.
func speaksPostgres(ctx context.Context, host string, port int) bool {
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
	if _, err := conn.Write(sslRequest()); err != nil {
		return false
	}
	answer := make([]byte, 1)
	n, _ := conn.Read(answer)
	return n == 1 && (answer[0] == 'S' || answer[0] == 'N')
}
