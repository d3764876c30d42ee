//! What can be wrong between the books, each with what is said of it.

/// One difference.
pub(super) struct Planted {
    pub(super) what: &'static str,
    pub(super) sql: &'static [&'static str],
    /// The rules that see it, and the cases that are opened.
    pub(super) found: &'static str,
    /// How many jobs the sweep promises anew.
    pub(super) healed: usize,
}

/// What a person has to repair.
const fn told(what: &'static str, sql: &'static [&'static str], found: &'static str) -> Planted {
    Planted { what, sql, found, healed: 0 }
}

/// What the sweep repairs.
const fn healed(what: &'static str, sql: &'static [&'static str], found: &'static str) -> Planted {
    Planted { what, sql, found, healed: 1 }
}

/// In the numbers of `testkit::busy_shop`.
pub(super) const PLANTED: &[Planted] = &[
    told(
        "an order that is paid without a settlement",
        &["DELETE FROM settlements WHERE order_id = test.nth(10)"],
        "I3a I1 I20c I25a | ledger I1:#10, ledger I20c:settled:#10, ledger I25a:settled:#10, ledger I3a:#10",
    ),
    told(
        "a settlement of an order that counts as unpaid",
        &["UPDATE orders SET payment_status = 'unpaid', paid_at = NULL WHERE id = test.nth(60)"],
        "I3b I14a | ledger I14a:#60, ledger I3b:#60",
    ),
    told(
        "a settlement for less than the order costs",
        &["UPDATE settlements SET amount_fen = amount_fen - 1 WHERE order_id = test.nth(10)"],
        "I5b I20a I20c | ledger I20a:#10, ledger I20c:settled:#10, ledger I5b:#10",
    ),
    told(
        "a payment that WeChat Pay says was paid and we say is closed",
        &["UPDATE payments SET status = 'closed' WHERE order_id = test.nth(60)"],
        "I1 I4 I8 I28 | ledger I1:#60, ledger I28:EV-1, ledger I4:#60, ledger I8:#60",
    ),
    told(
        "a live payment of a cancelled order",
        &[
            "UPDATE payments SET status = 'unknown' WHERE order_id = test.nth(51)",
            "INSERT INTO jobs (kind, subject, due_at) SELECT 'follow_payment', out_trade_no, now() \
             FROM payments WHERE order_id = test.nth(51)",
        ],
        "I9a | ledger I9a:#51",
    ),
    told(
        "a cancelled order whose money does not go back",
        &[
            "DELETE FROM refunds WHERE order_id = test.nth(52)",
            "UPDATE payments SET refund_reserved_fen = 0 WHERE order_id = test.nth(52)",
        ],
        "I9b | ledger I9b:#52",
    ),
    told(
        "money that no order could take and that does not go back",
        &["DELETE FROM refunds WHERE order_id = test.nth(22)"],
        "I13a I10b | ledger I10b:#22, ledger I13a:#22",
    ),
    told(
        "more on its way back than was paid",
        &["UPDATE refunds SET amount_fen = 501 WHERE order_id = test.nth(31)"],
        "I10a I10b | ledger I10a:#31, ledger I10b:#31",
    ),
    told(
        "a hold of an order that is cancelled",
        &[
            "UPDATE stock_holds SET status = 'held' WHERE order_id = test.nth(51)",
            "DELETE FROM stock_moves WHERE order_id = test.nth(51) AND kind = 'release'",
            "UPDATE skus SET available = available - 1, held = held + 1 WHERE id = 'sku-51'",
        ],
        "I22b | stock I22b:#51",
    ),
    told(
        "a settled order whose goods are only held",
        &[
            "UPDATE stock_holds SET status = 'held' WHERE order_id = test.nth(60)",
            "DELETE FROM stock_moves WHERE order_id = test.nth(60) AND kind = 'commit'",
            "UPDATE skus SET held = held + 1, sold = sold - 1 WHERE id = 'sku-60'",
        ],
        "I22c | stock I22c:#60",
    ),
    told(
        "stock that no order holds any more",
        &[
            "DELETE FROM stock_holds WHERE order_id = test.nth(1)",
            "DELETE FROM stock_moves WHERE order_id = test.nth(1)",
        ],
        "I21b I21c | stock I21b:sku-1, stock I21c:sku-1",
    ),
    told(
        "stock that nobody brought",
        &["UPDATE skus SET stocked = stocked + 1, available = available + 1 WHERE id = 'sku-10'"],
        "I21b | stock I21b:sku-10",
    ),
    told(
        "a line that is captured by a cancelled order",
        &["UPDATE purchase_list_items SET captured_by = test.nth(51)"],
        "I24a I24b | stock I24a:00000000-0000-0002-0000-000000000002 1, stock I24b:#2",
    ),
    told(
        "a coupon that a cancelled order keeps",
        &[
            "UPDATE coupon_uses SET status = 'held' WHERE order_id = test.nth(182)",
            "UPDATE coupon_grants g SET status = 'held', order_id = u.order_id FROM coupon_uses u \
             WHERE u.order_id = test.nth(182) AND g.coupon_id = u.coupon_id AND g.grant_no = u.grant_no \
               AND g.buyer_id = u.buyer_id",
        ],
        "I23c I25e | stock I23c:#182, stock I25e:coupon_back:#182",
    ),
    told(
        "a settlement without its transfer",
        &[
            "DELETE FROM entries WHERE transfer IN (SELECT name FROM transfers WHERE order_id = test.nth(10))",
            "DELETE FROM transfers WHERE order_id = test.nth(10)",
        ],
        "I20a I20c | ledger I20a:#10, ledger I20c:settled:#10",
    ),
    told(
        "a transfer without its settlement",
        &[
            "INSERT INTO transfers (name, kind, order_id, actor, cause, moved_at, entry_count) \
             VALUES ('settled:NOBODY', 'payment', test.nth(10), 'x', 'y', now(), 2)",
            "INSERT INTO entries (transfer, entry_no, account, unit, amount, moved_at) \
             VALUES ('settled:NOBODY', 1, 'wechat_clearing', 'fen', -500, now()), \
                    ('settled:NOBODY', 2, 'sales', 'fen', 500, now())",
        ],
        "I20c | ledger I20c:settled:NOBODY",
    ),
    told(
        "a transfer that does not sum to zero",
        &["UPDATE entries SET amount = amount + 1 WHERE account = 'sales' \
           AND transfer IN (SELECT name FROM transfers WHERE order_id = test.nth(10))"],
        "I16 I20c | ledger I16:settled:#10, ledger I20c:settled:#10",
    ),
    told(
        "a balance that its entries do not add up to",
        &["UPDATE accounts SET balance = balance + 1 WHERE buyer_id = \
           (SELECT buyer_id FROM orders WHERE id = test.nth(82)) AND account = 'wallet'"],
        "I17a I17e | ledger I17a:wallet of 00000000-0000-0002-0000-000000000052, ledger I17e:00000000-0000-0002-0000-000000000052",
    ),
    told(
        "the transfer of one of two payments alike in payer, amount and minute",
        &[
            "UPDATE orders SET buyer_id = (SELECT buyer_id FROM orders WHERE id = test.nth(10)) \
             WHERE id = test.nth(11)",
            "UPDATE entries SET moved_at = '2026-11-21T02:00:00Z'",
            "DELETE FROM entries WHERE transfer IN (SELECT name FROM transfers WHERE order_id = test.nth(11))",
            "DELETE FROM transfers WHERE order_id = test.nth(11)",
        ],
        "I20a I20c | ledger I20a:#11, ledger I20c:settled:#11",
    ),
    told(
        "a settlement that was told to nobody",
        &["DELETE FROM outbox WHERE type = 'order.paid' AND order_id = test.nth(10)"],
        "I32b | ledger I32b:#10 order.paid",
    ),
    told(
        "a settlement without its effect",
        &["DELETE FROM effects WHERE effect_key = 'settled:' || test.nth(10)"],
        "I25a | ledger I25a:settled:#10",
    ),
    told(
        "a version without its row of the trail",
        &["DELETE FROM audit WHERE order_id = test.nth(10) AND seq = 2"],
        "I32b I38a | ledger I32b:#10 order.paid, ledger I38a:#10",
    ),
    healed(
        "an open order without its deadline",
        &["DELETE FROM jobs WHERE kind = 'expire_order' AND subject = \
           (SELECT order_number FROM orders WHERE id = test.nth(1))"],
        "I36c | stuck I36c:#1",
    ),
    healed(
        "a live payment that nobody follows",
        &["DELETE FROM jobs WHERE kind = 'follow_payment' AND subject = \
           (SELECT out_trade_no FROM payments WHERE order_id = test.nth(50))"],
        "I36a | stuck I36a:#50",
    ),
    healed(
        "a refund that nobody follows",
        &["DELETE FROM jobs WHERE kind = 'follow_refund' AND subject = \
           (SELECT out_refund_no FROM refunds WHERE order_id = test.nth(52))"],
        "I36b | stuck I36b:#52-RFBZKHXS4",
    ),
    healed(
        "a delivered order without its last day",
        &["DELETE FROM jobs WHERE kind = 'complete_order' AND subject = \
           (SELECT order_number FROM orders WHERE id = test.nth(10))"],
        "I36c | stuck I36c:#10",
    ),
    healed(
        "an offer at the door without its deadline",
        &["DELETE FROM jobs WHERE kind = 'expire_order' AND subject = \
           (SELECT order_number FROM orders WHERE id = test.nth(213))"],
        "I36c | stuck I36c:#213",
    ),
    told(
        "a number that nobody knows and nobody looks into",
        &["DELETE FROM jobs WHERE kind = 'resolve_orphan'"],
        "I36d | stuck I36d:NOBODY-KNOWS-IT",
    ),
    told(
        "an order that is being cancelled and waits for nothing",
        &[
            "UPDATE payments SET status = 'closed' WHERE order_id = test.nth(50)",
            "DELETE FROM jobs WHERE kind = 'follow_payment' AND subject = \
             (SELECT out_trade_no FROM payments WHERE order_id = test.nth(50))",
        ],
        "I36e | stuck I36e:#50",
    ),
    told(
        "work that was set aside without a case",
        &["UPDATE jobs SET parked_at = now() WHERE kind = 'complete_order' AND subject = \
           (SELECT order_number FROM orders WHERE id = test.nth(10))"],
        "I37 | stuck I37:complete_order:#10",
    ),
];
