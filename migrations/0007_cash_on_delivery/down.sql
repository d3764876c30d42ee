-- Back to the version before, while nothing was recorded that it could not hold.
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM settlements WHERE kind = 'cod')
       OR EXISTS (SELECT 1 FROM orders WHERE payment_method = 'cod' OR cancel_cause = 'refused'
                  OR (shipments <> '[]' AND status IN ('ready', 'cancelling', 'cancelled')))
       OR EXISTS (SELECT 1 FROM payments WHERE closing_cause = 'cash') THEN
        RAISE EXCEPTION 'orders are to be paid at the door, or were; their record would be lost';
    END IF;
END $$;

DROP TRIGGER orders_convert ON orders;
DROP FUNCTION orders_convert;
DROP INDEX orders_at_the_door;
ALTER TABLE payments
    DROP CONSTRAINT payments_closing_cause_check,
    ADD CONSTRAINT payments_closing_cause_check CHECK (closing_cause IN ('cancelled', 'expired',
        'superseded', 'refused', 'elsewhere'));
ALTER TABLE orders
    DROP CONSTRAINT orders_converting,
    DROP CONSTRAINT orders_shipments,
    ADD CONSTRAINT orders_shipments CHECK (jsonb_typeof(shipments) = 'array'
        AND (shipments <> '[]') = (status IN ('shipped', 'delivered')
                                   OR (status = 'completed' AND purpose = 'goods'))),
    DROP CONSTRAINT orders_cancel_cause_check,
    ADD CONSTRAINT orders_cancel_cause_check CHECK (cancel_cause IN ('buyer', 'operator', 'deadline'));
ALTER TABLE settlements DROP courier;

-- The functions as they were.
CREATE OR REPLACE FUNCTION orders_keep_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'order version must rise by one' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.payment_status <> OLD.payment_status THEN
        IF NEW.payment_status = 'unpaid' THEN
            RAISE EXCEPTION 'a paid order stays paid' USING ERRCODE = 'check_violation';
        END IF;
        IF (OLD.payment_status, NEW.payment_status) NOT IN (('unpaid', 'paid'),
            ('paid', 'partially_refunded'), ('paid', 'refunded'),
            ('partially_refunded', 'refunded')) THEN
            RAISE EXCEPTION 'payment status % does not follow %', NEW.payment_status,
                OLD.payment_status USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF OLD.status IN ('cancelled', 'completed') AND NEW.status <> OLD.status THEN
        RAISE EXCEPTION 'order status % is final', OLD.status USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = 'pending_payment' AND OLD.status <> 'pending_payment' THEN
        RAISE EXCEPTION 'an order never waits for money again' USING ERRCODE = 'check_violation';
    END IF;
    IF (OLD.status = 'shipped' AND NEW.status NOT IN ('shipped', 'delivered', 'completed'))
       OR (OLD.status = 'delivered' AND NEW.status NOT IN ('delivered', 'completed')) THEN
        RAISE EXCEPTION 'goods that went out are not called back' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT NEW.shipments @> OLD.shipments THEN
        RAISE EXCEPTION 'a recorded shipment stays' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION orders_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (('pending_payment', 'ready'), ('pending_payment', 'completed'),
        ('pending_payment', 'cancelling'), ('pending_payment', 'cancelled'), ('cancelling', 'ready'),
        ('cancelling', 'completed'), ('cancelling', 'cancelled'), ('ready', 'shipped'),
        ('ready', 'cancelling'), ('ready', 'cancelled'), ('shipped', 'delivered'),
        ('shipped', 'completed'), ('delivered', 'completed')) THEN
        RAISE EXCEPTION 'order status % does not follow %', NEW.status, OLD.status
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION settlements_match() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = NEW.order_id AND o.payment_status <> 'unpaid') THEN
        RAISE EXCEPTION 'a settled order is paid' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind IN ('wechat', 'wallet') AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = NEW.order_id
        AND p.payment_no = NEW.payment_no AND p.status = 'paid' AND p.paid_fen = NEW.amount_fen) THEN
        RAISE EXCEPTION 'what settles an order was paid' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION paydesk_check_open_orders(buyer uuid, most bigint, this uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM buyers WHERE id = buyer FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM orders o WHERE o.buyer_id = buyer AND o.id <> this
          AND o.status IN ('pending_payment', 'cancelling')
          AND o.payment_status = 'unpaid') >= most THEN
        PERFORM paydesk_refuse('open_orders');
    END IF;
END $$;
