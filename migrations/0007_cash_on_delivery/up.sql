-- Cash on delivery: collected at the door, refused there, or turned into an online payment. A program of
-- the version before goes on beside a new one: it places no such order, and changes none.

ALTER TABLE settlements
    -- Who took the cash. Personal data.
    ADD courier text CONSTRAINT settlements_courier_check CHECK (length(courier) BETWEEN 1 AND 64),
    ADD CONSTRAINT settlements_courier CHECK ((kind = 'cod') = (courier IS NOT NULL));

ALTER TABLE orders
    DROP CONSTRAINT orders_cancel_cause_check,
    ADD CONSTRAINT orders_cancel_cause_check
        CHECK (cancel_cause IN ('buyer', 'operator', 'deadline', 'refused')),
    -- What was sent stays on record when it is refused at the door, whatever becomes of the order then.
    DROP CONSTRAINT orders_shipments,
    ADD CONSTRAINT orders_shipments CHECK (jsonb_typeof(shipments) = 'array' AND CASE
        WHEN status IN ('shipped', 'delivered') OR (status = 'completed' AND purpose = 'goods')
            THEN shipments <> '[]'
        WHEN status IN ('cancelling', 'cancelled', 'ready') THEN true
        ELSE shipments = '[]' END),
    -- Only what is paid at the door can be turned into something else.
    ADD CONSTRAINT orders_converting
        CHECK (NOT converting OR (payment_method = 'cod' AND payment_status = 'unpaid'));

ALTER TABLE payments
    DROP CONSTRAINT payments_closing_cause_check,
    ADD CONSTRAINT payments_closing_cause_check CHECK (closing_cause IN ('cancelled', 'expired',
        'superseded', 'refused', 'cash', 'elsewhere'));

-- What the sweep reads: cash on delivery that is neither paid nor over.
CREATE INDEX orders_at_the_door ON orders (order_number) WHERE payment_method = 'cod'
    AND payment_status = 'unpaid' AND status IN ('ready', 'shipped', 'delivered');

-- ---------------------------------------------------------------------------------------------
-- Rules of rows that change.
-- ---------------------------------------------------------------------------------------------

-- As before; and what is paid at the door may be refused there.
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
    -- How an order is paid changes with its money alone.
    IF NEW.payment_method <> OLD.payment_method
       AND (OLD.payment_status <> 'unpaid' OR NEW.payment_status = 'unpaid') THEN
        RAISE EXCEPTION 'how an order is paid stays' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status IN ('cancelled', 'completed') AND NEW.status <> OLD.status THEN
        RAISE EXCEPTION 'order status % is final', OLD.status USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = 'pending_payment' AND OLD.status <> 'pending_payment' THEN
        RAISE EXCEPTION 'an order never waits for money again' USING ERRCODE = 'check_violation';
    END IF;
    IF (OLD.status = 'shipped' AND NEW.status NOT IN ('shipped', 'delivered', 'completed')
        AND NOT (NEW.status IN ('cancelling', 'cancelled') AND NEW.cancel_cause = 'refused'
                 AND OLD.payment_method = 'cod' AND OLD.payment_status = 'unpaid'))
       OR (OLD.status = 'delivered' AND NEW.status NOT IN ('delivered', 'completed')) THEN
        RAISE EXCEPTION 'goods that went out are not called back' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT NEW.shipments @> OLD.shipments THEN
        RAISE EXCEPTION 'a recorded shipment stays' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.shipments <> OLD.shipments AND NEW.status NOT IN ('shipped', 'delivered', 'completed') THEN
        RAISE EXCEPTION 'what is sent is shipped' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

-- As before, with what is refused at the door.
CREATE OR REPLACE FUNCTION orders_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (('pending_payment', 'ready'), ('pending_payment', 'completed'),
        ('pending_payment', 'cancelling'), ('pending_payment', 'cancelled'), ('cancelling', 'ready'),
        ('cancelling', 'completed'), ('cancelling', 'cancelled'), ('ready', 'shipped'),
        ('ready', 'cancelling'), ('ready', 'cancelled'), ('shipped', 'delivered'),
        ('shipped', 'completed'), ('shipped', 'cancelling'), ('shipped', 'cancelled'),
        ('delivered', 'completed')) THEN
        RAISE EXCEPTION 'order status % does not follow %', NEW.status, OLD.status
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- Cash is locked while an online payment of the order is not proven to have ended. Looked at when all of
-- a commit is there; every commit about a payment changes its order, too.
CREATE FUNCTION orders_convert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM orders o WHERE o.id = NEW.id AND o.converting <> (
        o.payment_method = 'cod' AND o.payment_status = 'unpaid' AND EXISTS (
            SELECT 1 FROM payments p WHERE p.order_id = o.id
              AND (p.status IN ('created', 'payable', 'unknown', 'closing')
                   OR (p.status = 'rejected' AND NOT p.reject_proven))))) THEN
        RAISE EXCEPTION 'an order converts while an online payment of it is not over'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER orders_convert AFTER INSERT OR UPDATE ON orders
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.payment_method = 'cod')
    EXECUTE FUNCTION orders_convert();

-- As before; and cash settles only what was to be paid at the door, in full, and beside nothing that is
-- or can still be paid online.
CREATE OR REPLACE FUNCTION settlements_match() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = NEW.order_id AND o.payment_status <> 'unpaid') THEN
        RAISE EXCEPTION 'a settled order is paid' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind IN ('wechat', 'wallet') AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = NEW.order_id
        AND p.payment_no = NEW.payment_no AND p.status = 'paid' AND p.paid_fen = NEW.amount_fen) THEN
        RAISE EXCEPTION 'what settles an order was paid' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'cod' AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = NEW.order_id
        AND o.payment_method = 'cod' AND o.total_fen = NEW.amount_fen AND o.status = 'delivered') THEN
        RAISE EXCEPTION 'cash is what the order costs, taken where it is delivered'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'cod' AND EXISTS (SELECT 1 FROM payments p WHERE p.order_id = NEW.order_id
        AND (p.status IN ('created', 'payable', 'unknown', 'closing', 'paid')
             OR (p.status = 'rejected' AND NOT p.reject_proven))) THEN
        RAISE EXCEPTION 'no cash while an online payment is not over' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- As before, with what is to be paid at the door and has not left.
CREATE OR REPLACE FUNCTION paydesk_check_open_orders(buyer uuid, most bigint, this uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM buyers WHERE id = buyer FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM orders o WHERE o.buyer_id = buyer AND o.id <> this
          AND o.status IN ('pending_payment', 'cancelling', 'ready')
          AND o.payment_status = 'unpaid') >= most THEN
        PERFORM paydesk_refuse('open_orders');
    END IF;
END $$;
