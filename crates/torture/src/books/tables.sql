-- What the database is compared with: the sandbox's ledger, and what everybody was told.
CREATE TEMP TABLE trades (
    out_trade_no text, trade_state text, transaction_id text, total_fen bigint, paid_fen bigint,
    mchid text, appid text, ordered_by text, created_at timestamptz, closed_at timestamptz);
CREATE TEMP TABLE wechat_refunds (
    out_refund_no text, out_trade_no text, refund_id text, refund_fen bigint, status text);
CREATE TEMP TABLE notices (
    id text, event_type text, out_trade_no text, out_refund_no text, state text);
CREATE TEMP TABLE attempts (notice_id text, tamper text, outcome text, status integer);
CREATE TEMP TABLE calls (
    kind text, out_trade_no text, out_refund_no text, count bigint, effective bigint);
-- Of which payments WeChat was told what was shipped.
CREATE TEMP TABLE shipping (transaction_id text);
CREATE TEMP TABLE told_orders (order_number text, said_paid boolean, said_cancelled boolean);
CREATE TEMP TABLE told_refunds (out_refund_no text, said text);
CREATE TEMP TABLE told_keys (key text, order_number text);
CREATE TEMP TABLE told_asks (out_refund_no text);
CREATE TEMP TABLE told_paid (out_trade_no text);
CREATE TEMP TABLE told_issues (user_id uuid, coupon_id text, quantity bigint);
CREATE TEMP TABLE told_spends (user_id uuid, points bigint);
CREATE TEMP TABLE told_cash (order_number text, amount_fen bigint);
-- What the shop was opened with.
CREATE TEMP TABLE the_coupons (
    id text, limit_ bigint, amount_fen bigint, percent bigint, cap_fen bigint, threshold_fen bigint);
CREATE TEMP TABLE the_packages (id text, price_fen bigint, credit text, principal bigint, bonus bigint);
CREATE TEMP TABLE ask_reasons (text text);
CREATE TEMP TABLE acknowledged (command_id text, order_id uuid);
CREATE TEMP TABLE forgeries (text text);
-- When business time jumped: a service follows within a moment, a frozen one when it is thawed.
CREATE TEMP TABLE jumps (at timestamptz);
CREATE TEMP TABLE business (now timestamptz, approval_above_fen bigint);

-- Refunds that are neither refused nor over without effect.
CREATE TEMP VIEW live_refunds AS
SELECT * FROM refunds WHERE status NOT IN ('declined', 'withdrawn', 'closed', 'rejected');

-- What of a trade WeChat Pay gives or gave back.
CREATE TEMP VIEW given_back AS
SELECT out_trade_no, sum(refund_fen) AS fen FROM wechat_refunds
WHERE status <> 'CLOSED' GROUP BY out_trade_no;

-- What of a payment was paid back by bank, because WeChat Pay does not.
CREATE TEMP VIEW by_bank AS
SELECT r.order_id, r.payment_no, r.out_refund_no, r.amount_fen AS fen,
       EXISTS (SELECT 1 FROM wechat_refunds w
               WHERE w.out_refund_no = r.out_refund_no AND w.status <> 'CLOSED') AS is_there_too
FROM refunds r WHERE r.status = 'settled_offline';

-- Money of ours that was taken, and what became of it here.
CREATE TEMP VIEW money AS
SELECT t.out_trade_no, t.transaction_id, t.paid_fen AS taken_fen, t.mchid, t.appid,
       p.order_id, p.payment_no, p.status, p.transaction_id AS recorded, p.paid_fen,
       p.mchid AS recorded_mchid, p.receipt_appid,
       (SELECT count(*) FROM settlements s
        WHERE s.order_id = p.order_id AND s.payment_no = p.payment_no) AS settled,
       (SELECT count(*) FROM live_refunds r
        WHERE r.order_id = p.order_id AND r.payment_no = p.payment_no AND r.kind = 'surplus') AS owed,
       (SELECT coalesce(sum(r.amount_fen), 0) FROM live_refunds r
        WHERE r.order_id = p.order_id AND r.payment_no = p.payment_no AND r.kind = 'surplus') AS owed_fen,
       coalesce((SELECT g.fen FROM given_back g WHERE g.out_trade_no = t.out_trade_no), 0) AS back_fen,
       coalesce((SELECT sum(b.fen) FROM by_bank b WHERE b.order_id = p.order_id
                   AND b.payment_no = p.payment_no AND NOT b.is_there_too), 0) AS by_bank_fen,
       -- WeChat Pay refuses it for good, and a person was told.
       EXISTS (SELECT 1 FROM refunds r JOIN cases c ON c.subject = r.out_refund_no
               WHERE r.order_id = p.order_id AND r.payment_no = p.payment_no
                 AND r.status = 'rejected' AND c.status = 'open') AS refused
FROM trades t LEFT JOIN payments p USING (out_trade_no)
WHERE t.transaction_id IS NOT NULL AND t.ordered_by = 'api';
