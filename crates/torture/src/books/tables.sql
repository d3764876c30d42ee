-- What the database is compared with: the sandbox's ledger, and what everybody was told.
CREATE TEMP TABLE trades (
    out_trade_no text, trade_state text, transaction_id text, total_fen bigint,
    mchid text, appid text, unfaithful boolean);
CREATE TEMP TABLE wechat_refunds (
    out_refund_no text, out_trade_no text, refund_fen bigint, status text);
CREATE TEMP TABLE notices (id text, event_type text, out_trade_no text, state text);
CREATE TEMP TABLE attempts (notice_id text, tamper text, outcome text, status integer);
CREATE TEMP TABLE calls (kind text, out_trade_no text, count bigint, effective bigint);
CREATE TEMP TABLE told_orders (order_number text, said_paid boolean, said_cancelled boolean);
CREATE TEMP TABLE told_keys (key text, order_number text);
CREATE TEMP TABLE acknowledged (text text);
CREATE TEMP TABLE forgeries (text text);
CREATE TEMP TABLE business (now timestamptz);

-- Who paid, and what became of it here.
CREATE TEMP VIEW money AS
SELECT t.out_trade_no, t.transaction_id, t.total_fen, t.mchid, t.appid, t.trade_state,
       p.order_id, p.payment_no, p.status, p.transaction_id AS recorded, p.paid_fen,
       p.mchid AS recorded_mchid, p.receipt_appid,
       (SELECT count(*) FROM settlements s
        WHERE s.order_id = p.order_id AND s.payment_no = p.payment_no) AS settled,
       (SELECT count(*) FROM refunds r
        WHERE r.order_id = p.order_id AND r.payment_no = p.payment_no AND r.kind = 'surplus'
          AND r.status NOT IN ('closed', 'rejected')) AS owed,
       (SELECT coalesce(sum(r.amount_fen), 0) FROM refunds r
        WHERE r.order_id = p.order_id AND r.payment_no = p.payment_no AND r.kind = 'surplus'
          AND r.status NOT IN ('closed', 'rejected')) AS owed_fen
FROM trades t LEFT JOIN payments p USING (out_trade_no)
WHERE t.transaction_id IS NOT NULL;
