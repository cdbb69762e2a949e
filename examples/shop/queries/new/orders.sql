-- name: GetOrder :one
SELECT id, customer_id, reference, shipping_address, status, total_cents, placed_at
  FROM orders
 WHERE id = $1;

-- name: ListCustomerOrders :many
SELECT id, reference, shipping_address, status, total_cents
  FROM orders
 WHERE customer_id = $1
 ORDER BY id DESC
 LIMIT 10;

-- name: PlaceOrder :one
INSERT INTO orders (customer_id, reference, shipping_address, total_cents)
VALUES ($1, $2, $3, $4)
RETURNING id;

-- name: ChangeAddress :execrows
UPDATE orders SET shipping_address = $2 WHERE id = $1;

-- name: ShipOrder :execrows
UPDATE orders SET status = 'shipped' WHERE id = $1;

-- name: AddItem :exec
INSERT INTO order_items (order_id, product_id, quantity, price_cents)
SELECT $1, p.id, $3, p.price_cents FROM products p WHERE p.id = $2;

-- name: ListItems :many
SELECT i.id, p.name, i.quantity, i.price_cents
  FROM order_items i JOIN products p ON p.id = i.product_id
 WHERE i.order_id = $1
 ORDER BY i.id;

-- name: ParcelLabel :one
SELECT c.fullname, o.shipping_address, o.reference
  FROM orders o JOIN customers c ON c.id = o.customer_id
 WHERE o.id = $1;
