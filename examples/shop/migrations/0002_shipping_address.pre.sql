-- orders.addr becomes orders.shipping_address. Until the post phase both columns live side by side:
-- whichever one a client writes, the trigger carries it over to the other.

ALTER TABLE orders ADD COLUMN shipping_address text;

CREATE FUNCTION orders_dual_write_shipping_address() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    -- The backfill copies old to new itself; after SET LOCAL the setting reads '' again, not NULL.
    IF current_setting('migrate.backfill', true) = 'on' THEN
        RETURN NEW;
    END IF;

    IF TG_OP = 'INSERT' THEN
        NEW.shipping_address := coalesce(NEW.shipping_address, NEW.addr);
        NEW.addr := NEW.shipping_address;
        RETURN NEW;
    END IF;

    IF NEW.shipping_address IS DISTINCT FROM OLD.shipping_address THEN
        NEW.addr := NEW.shipping_address;
    ELSIF NEW.addr IS DISTINCT FROM OLD.addr THEN
        NEW.shipping_address := NEW.addr;
    END IF;
    -- A key update moves a row behind the backfill's cursor: fill it on the way.
    NEW.shipping_address := coalesce(NEW.shipping_address, NEW.addr);
    RETURN NEW;
END;
$$;

-- BEFORE triggers fire in the order of their names: zz puts this one last.
CREATE TRIGGER zz_dual_write_shipping_address
    BEFORE INSERT OR UPDATE ON orders
    FOR EACH ROW EXECUTE FUNCTION orders_dual_write_shipping_address();

-- migrate:undo
DROP TRIGGER zz_dual_write_shipping_address ON orders;
DROP FUNCTION orders_dual_write_shipping_address();
ALTER TABLE orders DROP COLUMN shipping_address;
