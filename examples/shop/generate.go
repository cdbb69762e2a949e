package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

// Generate fills the tables of change 0001, which must be empty, with the client's data by COPY. The
// same client gives the same rows each time. It leaves the tables vacuumed and analysed.
func Generate(ctx context.Context, conn *pgx.Conn, c Client) error {
	for _, t := range c.tables() {
		if err := t.fill(ctx, conn); err != nil {
			return fmt.Errorf("generate %s of client %s: %w", t.name, c.Name, err)
		}
	}
	return nil
}

// table is one table's rows: row(i) for i in 1..rows gives the values of columns.
type table struct {
	name    string
	columns []string
	rows    int
	row     func(id int64) []any
}

func (t table) fill(ctx context.Context, conn *pgx.Conn) error {
	id := int64(0)
	source := pgx.CopyFromFunc(func() ([]any, error) {
		if id++; id > int64(t.rows) {
			return nil, nil
		}
		return t.row(id), nil
	})
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, source); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `SELECT setval(pg_get_serial_sequence($1, 'id'), $2)`, t.name, t.rows); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "VACUUM (ANALYZE) "+pgx.Identifier{t.name}.Sanitize())
	return err
}

func (c Client) tables() []table {
	rng := func(table uint64) *rand.Rand { return rand.New(rand.NewPCG(c.Seed, table)) }
	return []table{c.customers(rng(1)), c.products(rng(2)), c.orders(rng(3)), c.items(rng(4))}
}

func (c Client) customers(rng *rand.Rand) table {
	row := func(id int64) []any {
		name := pick(rng, firstNames()) + " " + pick(rng, lastNames())
		return []any{id, fmt.Sprintf("customer%d@%s.example", id, c.Name), name}
	}
	return table{"customers", []string{"id", "email", "fullname"}, c.Customers(), row}
}

func (c Client) products(rng *rand.Rand) table {
	row := func(id int64) []any {
		return []any{id, fmt.Sprintf("SKU-%04d", id), fmt.Sprintf("Article %d", id), 100 + rng.Int32N(20000)}
	}
	return table{"products", []string{"id", "sku", "name", "price_cents"}, c.Products(), row}
}

func (c Client) orders(rng *rand.Rand) table {
	again := map[int64]string{}
	for _, pair := range c.Planted() {
		again[pair.Second] = pair.Reference
	}
	opened := time.Date(2020, 1, 1, 8, 0, 0, 0, time.UTC)
	row := func(id int64) []any {
		reference, ok := again[id]
		if !ok {
			reference = c.Reference(id)
		}
		customer := 1 + rng.Int64N(int64(c.Customers()))
		return []any{id, customer, reference, address(rng), pick(rng, statuses()), 100 + rng.Int32N(50000),
			opened.Add(time.Duration(id) * time.Minute)}
	}
	columns := []string{"id", "customer_id", "reference", "addr", "status", "total_cents", "placed_at"}
	return table{"orders", columns, c.Orders, row}
}

func (c Client) items(rng *rand.Rand) table {
	row := func(id int64) []any {
		return []any{id, id * 5, 1 + rng.Int64N(int64(c.Products())), 1 + rng.Int32N(4), 100 + rng.Int32N(20000)}
	}
	return table{"order_items", []string{"id", "order_id", "product_id", "quantity", "price_cents"}, c.Items(), row}
}

// address is what customers type: mostly a street and a town, and now and then nothing, quotes,
// several lines or letters beyond ASCII.
func address(rng *rand.Rand) string {
	switch rng.IntN(200) {
	case 0:
		return ""
	case 1:
		return `c/o "O'Neill & Sons", 1\2 Mill Lane`
	case 2:
		return "Grünerløkka 5\nN-0552 Oslo"
	}
	return fmt.Sprintf("%d %s, %s", 1+rng.IntN(300), pick(rng, streets()), pick(rng, towns()))
}

func pick(rng *rand.Rand, words []string) string { return words[rng.IntN(len(words))] }

func firstNames() []string {
	return []string{"Ada", "Björn", "Chen", "Dana", "Emil", "Fatou", "Grace", "Hugo"}
}
func lastNames() []string {
	return []string{"Aas", "Brown", "Cruz", "Diallo", "Eriksen", "Fox", "García", "Hopper"}
}
func statuses() []string { return []string{"placed", "paid", "shipped", "delivered", "delivered"} }
func streets() []string {
	return []string{"High Street", "Mill Lane", "Church Road", "Station Road", "Elm Drive"}
}
func towns() []string {
	return []string{"Ashford", "Bergen", "Cork", "Dresden", "Évora", "Fredrikstad"}
}
