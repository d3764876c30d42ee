-- A surplus refund whose end was thought to be known may be there after all, beside what went in its place: a fact
-- is written, and a person is told. What begins a chain is still one; how much of a payment goes back is kept by
-- payments_refund_reserved.
DROP INDEX refunds_one_live_surplus;
CREATE UNIQUE INDEX refunds_one_live_surplus ON refunds (order_id, payment_no)
    WHERE kind = 'surplus' AND replaces IS NULL AND status NOT IN ('withdrawn', 'closed', 'rejected');
