-- migrate:backfill table=orders key=id batch=auto when=before-push
UPDATE orders
   SET shipping_address = addr
 WHERE id > :lo AND id <= :hi
   AND shipping_address IS NULL;

-- migrate:verify
SELECT id FROM orders WHERE shipping_address IS DISTINCT FROM addr;
