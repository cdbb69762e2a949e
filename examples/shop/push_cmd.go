package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// pushCmd is `shop push`: what stands behind `migrate release --`.
type pushCmd struct {
	Socket string `help:"Socket of the running app." required:""`
}

// Run asks the running app to replace its servers, and waits until both halves are new.
func (c *pushCmd) Run(ctx context.Context) error {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", c.Socket)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://shop/push", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("push: %s", strings.TrimSpace(string(text)))
	}
	fmt.Println("pushed: both halves run the new version")
	return nil
}
