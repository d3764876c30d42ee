//! What must be true of the database whenever one looks, and what must be true in the end of the
//! database and the sandbox's ledger together. Independent of the program: plain SQL.

use crate::processes::deployment::Deployment;

/// Every promise that is broken right now, in one statement and so at one moment.
const BROKEN: &str = "
    SELECT 'nobody cancels at its deadline: ' || o.order_number FROM orders o
    WHERE o.status = 'pending_payment' AND NOT EXISTS (
        SELECT 1 FROM jobs j WHERE j.kind = 'expire_order' AND j.subject = o.order_number)
    UNION ALL
    SELECT 'nobody follows: ' || p.out_trade_no || ' ' || p.status FROM payments p
    WHERE (p.status IN ('created', 'payable', 'unknown', 'closing')
           OR (p.status = 'rejected' AND NOT p.reject_proven))
      AND NOT EXISTS (
        SELECT 1 FROM jobs j WHERE j.kind = 'follow_payment' AND j.subject = p.out_trade_no)
    UNION ALL
    SELECT 'held without an order: ' || s.id || ' ' || s.held FROM skus s
    WHERE s.held <> (SELECT coalesce(sum(h.quantity), 0) FROM stock_holds h
                     JOIN orders o ON o.id = h.order_id
                     WHERE h.sku_id = s.id AND h.status = 'held'
                       AND o.status IN ('pending_payment', 'cancelling'))
    UNION ALL
    SELECT 'sold without an order: ' || s.id || ' ' || s.sold FROM skus s
    WHERE s.sold <> (SELECT coalesce(sum(h.quantity), 0) FROM stock_holds h
                     JOIN orders o ON o.id = h.order_id
                     WHERE h.sku_id = s.id AND h.status = 'committed'
                       AND o.payment_status = 'paid')
    UNION ALL
    SELECT 'does not balance: ' || s.id FROM skus s
    WHERE s.stocked <> s.available + s.held + s.sold
    UNION ALL
    SELECT 'captured by no open order: ' || i.buyer_id || ' ' || i.id FROM purchase_list_items i
    WHERE i.captured_by IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM orders o WHERE o.id = i.captured_by
           AND o.status IN ('pending_payment', 'cancelling') AND o.payment_status = 'unpaid')
    UNION ALL
    SELECT 'set aside: ' || j.kind || ' ' || j.subject || ' ' || j.parked_why FROM jobs j
    WHERE j.parked_at IS NOT NULL
    UNION ALL
    SELECT 'more than one order: ' || o.buyer_id FROM orders o GROUP BY o.buyer_id
    HAVING count(*) > 1";

/// Which order was settled by which payment, with the transaction and the amount.
const SETTLED: &str = "
    SELECT p.out_trade_no || ' ' || p.transaction_id || ' ' || s.amount_fen
    FROM settlements s
    JOIN orders o ON o.id = s.order_id AND o.payment_status = 'paid' AND o.total_fen = s.amount_fen
    JOIN payments p ON p.order_id = s.order_id AND p.payment_no = s.payment_no
    ORDER BY 1";

/// Panics with every promise that is broken. One buyer places one order in these tests.
pub async fn assert_promises(deployment: &Deployment, when: &str) {
    let broken = deployment.rows(BROKEN).await;
    assert!(broken.is_empty(), "{when}: {broken:#?}");
}

/// In the end: every success in the sandbox's ledger is one paid order, every other order is
/// cancelled, and nothing is held any more. Says how many orders were paid.
pub async fn assert_settled(deployment: &Deployment) -> usize {
    assert_promises(deployment, "in the end").await;
    let ledger = deployment.sandbox.ledger().await.unwrap();
    let mut taken: Vec<String> = ledger
        .trades()
        .filter(|trade| trade["trade_state"] == "SUCCESS")
        .map(|trade| {
            let text = |name: &str| trade[name].as_str().unwrap().to_owned();
            let total = trade["total_fen"].as_i64().unwrap();
            format!("{} {} {total}", text("out_trade_no"), text("transaction_id"))
        })
        .collect();
    taken.sort();
    let mut settled = deployment.rows(SETTLED).await;
    settled.sort();
    assert_eq!(taken, settled, "what WeChat Pay took, and what paid orders");
    let paid = deployment.rows("SELECT order_number FROM orders WHERE payment_status = 'paid'");
    assert_eq!(paid.await.len(), settled.len(), "every paid order has its settlement");
    let open = deployment.rows(
        "SELECT order_number || ' ' || status FROM orders
         WHERE status NOT IN ('cancelled', 'ready')",
    );
    assert_eq!(open.await, Vec::<String>::new(), "neither paid nor cancelled");
    let odd = deployment.rows("SELECT kind || ' ' || subject || ' ' || detail FROM cases");
    assert_eq!(odd.await, Vec::<String>::new(), "cases");
    settled.len()
}
