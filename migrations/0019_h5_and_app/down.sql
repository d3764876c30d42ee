-- Back to JSAPI and Native. What is paid by H5 or App could not be read any more, so such orders are in the way.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM payments WHERE trade_type IN ('H5', 'APP')) THEN
        RAISE EXCEPTION 'there are payments by H5 or App; the version before cannot read them, and where their payers were would be lost';
    END IF;
END $$;

-- The function as it was.
CREATE OR REPLACE FUNCTION paydesk_write_payments(rows_ jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO payments SELECT r.* FROM jsonb_populate_recordset(NULL::payments, rows_) r
    ORDER BY r.payment_no
    ON CONFLICT (order_id, payment_no) DO UPDATE SET
        status = excluded.status, prepay_id = excluded.prepay_id, code_url = excluded.code_url,
        closing_cause = excluded.closing_cause, closed_at = excluded.closed_at,
        reject_code = excluded.reject_code, reject_proven = excluded.reject_proven,
        surplus_cause = excluded.surplus_cause, transaction_id = excluded.transaction_id,
        receipt_appid = excluded.receipt_appid, paid_fen = excluded.paid_fen,
        currency = excluded.currency, payer_total_fen = excluded.payer_total_fen,
        receipt_openid = excluded.receipt_openid, success_at = excluded.success_at,
        refund_reserved_fen = excluded.refund_reserved_fen;
END $$;

ALTER TABLE payments
    DROP CONSTRAINT payments_client_ip,
    DROP h5_url,
    DROP client_ip;
