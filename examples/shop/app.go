package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// instancesPerHalf is half of the shop's servers.
const instancesPerHalf = 2

// App is the shop's servers behind their load balancer: two halves, each in one version.
type App struct {
	url    string
	orders int
	Stats  *Stats

	mu     sync.Mutex
	halves [2][]*instance
}

// StartApp starts both halves in the old version.
func StartApp(ctx context.Context, url string, orders int) (*App, error) {
	app := &App{url: url, orders: orders, Stats: NewStats()}
	for half := range app.halves {
		if err := app.replace(ctx, half, Old); err != nil {
			app.Stop()
			return nil, err
		}
	}
	return app, nil
}

// Push replaces the old servers by new ones, half and half: while it runs both
// versions work on one schema.
func (a *App) Push(ctx context.Context) error {
	for half := range a.halves {
		if err := a.replace(ctx, half, New); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Second):
		}
	}
	return nil
}

// replace starts a half's new servers before it takes the old ones out.
func (a *App) replace(ctx context.Context, half int, v Version) error {
	var fresh []*instance
	for range instancesPerHalf {
		i, err := startInstance(ctx, a.url, v, a.orders, a.Stats)
		if err != nil {
			stopAll(fresh)
			return err
		}
		fresh = append(fresh, i)
	}
	a.mu.Lock()
	old := a.halves[half]
	a.halves[half] = fresh
	a.mu.Unlock()
	stopAll(old)
	return nil
}

// Stop ends all servers.
func (a *App) Stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for half := range a.halves {
		stopAll(a.halves[half])
		a.halves[half] = nil
	}
}

func stopAll(instances []*instance) {
	for _, i := range instances {
		i.Stop()
	}
}

// Serve answers `shop push` on a socket until the returned function is called.
func (a *App) Serve(ctx context.Context, socket string) (func(), error) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("listen for pushes: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /push", func(w http.ResponseWriter, _ *http.Request) {
		if err := a.Push(ctx); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Printf("push server: %v\n", err)
		}
	}()
	return func() { _ = server.Close(); <-done }, nil
}
