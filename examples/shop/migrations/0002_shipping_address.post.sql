-- After the push nobody reads or writes addr. First the new column becomes as strict as the old one
-- was, without a scan under an exclusive lock; then the old column goes.
-- migrate:transaction none

ALTER TABLE orders ADD CONSTRAINT orders_shipping_address_present
    CHECK (shipping_address IS NOT NULL) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_shipping_address_present;
ALTER TABLE orders ALTER COLUMN shipping_address SET NOT NULL;
ALTER TABLE orders DROP CONSTRAINT orders_shipping_address_present;

-- Each statement stands by itself: between the trigger's end and the column's, new code leaves addr NULL.
ALTER TABLE orders ALTER COLUMN addr DROP NOT NULL;
DROP TRIGGER zz_dual_write_shipping_address ON orders;
DROP FUNCTION orders_dual_write_shipping_address();
ALTER TABLE orders DROP COLUMN addr;
