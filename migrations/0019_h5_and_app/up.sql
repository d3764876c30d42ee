-- H5 and App beside JSAPI and Native: where the payer's client is, and where its browser is sent. Only adds: a
-- program of the version before goes on, offers neither, and cannot read an order that is paid so.

ALTER TABLE payments
    -- Personal data.
    ADD client_ip text,
    ADD h5_url text,
    -- A payment that was found at WeChat Pay, and that our records lost, has no address.
    ADD CONSTRAINT payments_client_ip CHECK (client_ip IS NULL OR trade_type = 'H5');

-- As before, with h5_url.
CREATE OR REPLACE FUNCTION paydesk_write_payments(rows_ jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO payments SELECT r.* FROM jsonb_populate_recordset(NULL::payments, rows_) r
    ORDER BY r.payment_no
    ON CONFLICT (order_id, payment_no) DO UPDATE SET
        status = excluded.status, prepay_id = excluded.prepay_id, code_url = excluded.code_url,
        h5_url = excluded.h5_url,
        closing_cause = excluded.closing_cause, closed_at = excluded.closed_at,
        reject_code = excluded.reject_code, reject_proven = excluded.reject_proven,
        surplus_cause = excluded.surplus_cause, transaction_id = excluded.transaction_id,
        receipt_appid = excluded.receipt_appid, paid_fen = excluded.paid_fen,
        currency = excluded.currency, payer_total_fen = excluded.payer_total_fen,
        receipt_openid = excluded.receipt_openid, success_at = excluded.success_at,
        refund_reserved_fen = excluded.refund_reserved_fen;
END $$;
