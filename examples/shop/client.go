package main

import (
	"fmt"
	"strings"
)

// Client is one of the shop's clients: each has a database of its own, and data of its own.
type Client struct {
	Name   string
	Orders int
	// Duplicates is how many pairs of orders share a reference.
	Duplicates int
	Seed       uint64
}

// The two clients of the demonstration.
const (
	acmeName   = "acme"
	globexName = "globex"
)

// ClientNamed returns a client of the shop at the given size. globex once retried its checkouts, and
// so holds some references twice; acme does not.
func ClientNamed(name string, orders int) (Client, error) {
	if orders < 100 {
		return Client{}, fmt.Errorf("client %s: %d orders, want at least 100", name, orders)
	}
	switch name {
	case acmeName:
		return Client{Name: name, Orders: orders, Seed: 1}, nil
	case globexName:
		return Client{Name: name, Orders: orders, Duplicates: 5, Seed: 2}, nil
	}
	return Client{}, fmt.Errorf("unknown client %q, want %s or %s", name, acmeName, globexName)
}

// Customers, Products and Items are the sizes of the tables around orders.
func (c Client) Customers() int { return max(100, c.Orders/20) }

// Products is the length of the catalogue.
func (c Client) Products() int { return 200 }

// Items is the number of order lines: one for every fifth order.
func (c Client) Items() int { return c.Orders / 5 }

// Reference is the reference of the order with the given key, as the shop's checkout made it.
func (c Client) Reference(order int64) string {
	return fmt.Sprintf("%s-%08d", strings.ToUpper(c.Name[:3]), order)
}

// Pair is two orders that share a reference; Second was the retry.
type Pair struct {
	First, Second int64
	Reference     string
}

// Planted lists the duplicates the client's data holds, spread evenly over its orders.
func (c Client) Planted() []Pair {
	pairs := make([]Pair, 0, c.Duplicates)
	for i := range c.Duplicates {
		second := int64(c.Orders * (i + 1) / (c.Duplicates + 1))
		pairs = append(pairs, Pair{First: second - 1, Second: second, Reference: c.Reference(second - 1)})
	}
	return pairs
}
