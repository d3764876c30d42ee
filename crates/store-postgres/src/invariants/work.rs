//! Promised work: everything that is not at its end is looked at again, by somebody or by something.

use super::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule!(
        "I36a",
        "every payment that has not ended has a job",
        "SELECT p.out_trade_no FROM payments p WHERE (p.status IN ('created', 'payable', 'unknown', \
             'closing') OR (p.status = 'rejected' AND NOT p.reject_proven)) \
         AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'follow_payment' \
             AND j.subject = p.out_trade_no)"
    ),
    rule!(
        "I36b",
        "every refund that we act on has a job",
        "SELECT r.out_refund_no FROM refunds r \
         WHERE r.status IN ('requested', 'sending', 'unknown', 'processing', 'abnormal') \
         AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'follow_refund' \
             AND j.subject = r.out_refund_no)"
    ),
    rule!(
        "I36c",
        "every order that waits for its money and every offer at the door has its deadline, every order that is delivered and paid its last day",
        "SELECT o.order_number FROM orders o WHERE o.status = 'pending_payment' \
         AND o.pay_deadline IS NOT NULL AND NOT EXISTS (SELECT 1 FROM jobs j \
             WHERE j.kind = 'expire_order' AND j.subject = o.order_number) \
         UNION ALL SELECT o.order_number FROM orders o WHERE o.payment_method = 'cod' \
         AND o.payment_status = 'unpaid' AND o.status IN ('ready', 'shipped', 'delivered') \
         AND EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id \
             AND p.status IN ('created', 'payable', 'unknown')) AND NOT EXISTS (SELECT 1 FROM jobs j \
             WHERE j.kind = 'expire_order' AND j.subject = o.order_number) \
         UNION ALL SELECT o.order_number FROM orders o WHERE o.status = 'delivered' \
         AND o.payment_status <> 'unpaid' \
         AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'complete_order' \
             AND j.subject = o.order_number)"
    ),
    rule!(
        "I36d",
        "every number that nobody knows is looked into",
        "SELECT c.subject FROM cases c WHERE c.kind = 'unknown_order' \
         AND c.status NOT IN ('resolved', 'accepted') AND NOT EXISTS (SELECT 1 FROM jobs j \
             WHERE j.kind = 'resolve_orphan' AND j.subject = c.subject) \
         AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.out_trade_no = c.subject)"
    ),
    rule!(
        "I36e",
        "an order that is being cancelled has something left that it waits for",
        "SELECT o.order_number FROM orders o WHERE o.status = 'cancelling' \
         AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id \
             AND (p.status IN ('created', 'payable', 'unknown', 'closing') \
                  OR (p.status = 'rejected' AND NOT p.reject_proven))) \
         AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.order_id = o.id \
             AND r.status IN ('awaiting_approval', 'requested', 'sending', 'unknown'))"
    ),
    rule!(
        "I37",
        "work that was set aside has a case",
        "SELECT j.kind || ':' || j.subject FROM jobs j WHERE j.parked_at IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'stuck' \
             AND c.subject = j.kind || ':' || j.subject)"
    ),
];
