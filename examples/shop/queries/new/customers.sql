-- name: GetCustomer :one
SELECT id, email, fullname FROM customers WHERE id = $1;

-- name: ListProducts :many
SELECT id, sku, name, price_cents FROM products ORDER BY id LIMIT 20;
