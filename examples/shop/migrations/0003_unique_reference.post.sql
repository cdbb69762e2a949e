-- Customers quote an order's reference on the telephone: from this release on it names one order.

CREATE UNIQUE INDEX CONCURRENTLY orders_reference_key ON orders (reference);
ALTER TABLE orders ADD CONSTRAINT orders_reference_key UNIQUE USING INDEX orders_reference_key;

-- The orders that stand in the way, by key.
-- migrate:verify
SELECT id, reference
  FROM orders
 WHERE reference IN (SELECT reference FROM orders GROUP BY reference HAVING count(*) > 1)
 ORDER BY reference, id;
