package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// workersPerInstance are the requests that one instance serves side by side.
const workersPerInstance = 2

// thinkTime is the mean pause between a worker's requests.
const thinkTime = 15 * time.Millisecond

// instance is one running server of the app, in one version.
type instance struct {
	version Version
	book    Book
	pool    *pgxpool.Pool
	orders  int64 // keys 1 to orders are there
	stats   *Stats
	stop    chan struct{}
	workers sync.WaitGroup
}

// startInstance connects and begins to serve. Stop ends it.
func startInstance(ctx context.Context, url string, v Version, orders int, stats *Stats) (*instance, error) {
	book, err := LoadBook(files, v)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = workersPerInstance
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err == nil {
		err = pool.Ping(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("start an instance of version %s: %w", v, err)
	}
	i := &instance{version: v, book: book, pool: pool, orders: int64(orders), stats: stats, stop: make(chan struct{})}
	for range workersPerInstance {
		i.workers.Go(func() { i.serve(context.WithoutCancel(ctx)) })
	}
	return i, nil
}

// Stop lets the requests under way finish, as a load balancer does, and disconnects.
func (i *instance) Stop() {
	close(i.stop)
	i.workers.Wait()
	i.pool.Close()
}

func (i *instance) serve(ctx context.Context) {
	for {
		pause := time.Duration(rand.ExpFloat64() * float64(thinkTime))
		select {
		case <-i.stop:
			return
		case <-time.After(min(pause, 10*thinkTime)):
			i.request(ctx)
		}
	}
}

// request runs one query of the book and counts it.
func (i *instance) request(ctx context.Context) {
	mix := i.mix()
	name := mix[rand.IntN(len(mix))]
	began := time.Now()
	err := i.run(ctx, name)
	i.stats.Add(i.version, name, time.Since(began), err)
}

// mix is how often each query is asked for: mostly reads, one write in three.
func (i *instance) mix() []string {
	mix := []string{"GetOrder", "GetOrder", "ListCustomerOrders", "ListItems", "GetCustomer", "ListProducts",
		"PlaceOrder", "ChangeAddress", "ShipOrder", "AddItem"}
	if i.version == New {
		mix = append(mix, "ParcelLabel")
	}
	return mix
}

func (i *instance) run(ctx context.Context, name string) error {
	rows, err := i.pool.Query(ctx, i.book[name], i.arguments(name)...)
	if err != nil {
		return err
	}
	_, err = pgx.CollectRows(rows, func(pgx.CollectableRow) (struct{}, error) { return struct{}{}, nil })
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

// arguments are random, so that all rows are met.
func (i *instance) arguments(name string) []any {
	order := 1 + rand.Int64N(i.orders)
	switch name {
	case "ListProducts":
		return nil
	case "GetCustomer", "ListCustomerOrders":
		return []any{1 + rand.Int64N(100)}
	case "PlaceOrder":
		return []any{1 + rand.Int64N(100), fmt.Sprintf("WEB-%016x", rand.Uint64()), fmt.Sprintf("%d New Street", rand.IntN(1000)), 100 + rand.IntN(9000)}
	case "ChangeAddress":
		return []any{order, fmt.Sprintf("%d Moved Road", rand.IntN(1000))}
	case "AddItem":
		return []any{order, 1 + rand.Int64N(200), 1 + rand.Int64N(3)}
	default:
		return []any{order}
	}
}
