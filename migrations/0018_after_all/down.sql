DROP INDEX refunds_one_live_surplus;
CREATE UNIQUE INDEX refunds_one_live_surplus ON refunds (order_id, payment_no)
    WHERE kind = 'surplus' AND status NOT IN ('withdrawn', 'closed', 'rejected');
