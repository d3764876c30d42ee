-- What was compared, for the report.
SELECT 'orders ' || count(*) || ': ' || count(*) FILTER (WHERE payment_status <> 'unpaid')
       || ' paid, ' || count(*) FILTER (WHERE status = 'cancelled') || ' cancelled, '
       || count(*) FILTER (WHERE status IN ('shipped', 'delivered', 'completed')) || ' sent'
FROM orders
UNION ALL
SELECT 'payments ' || count(*) || ': ' || count(*) FILTER (WHERE status = 'paid') || ' paid, '
       || count(*) FILTER (WHERE status = 'closed') || ' closed, '
       || count(*) FILTER (WHERE status = 'rejected') || ' rejected, '
       || count(*) FILTER (WHERE status = 'surplus') || ' surplus ('
       || count(*) FILTER (WHERE surplus_cause = 'late') || ' late, '
       || count(*) FILTER (WHERE surplus_cause = 'second') || ' second, '
       || count(*) FILTER (WHERE surplus_cause = 'mismatch') || ' mismatch)'
FROM payments
UNION ALL
SELECT 'WeChat Pay took money ' || count(*) || ' times: ' || count(*) FILTER (WHERE settled > 0)
       || ' settle an order, ' || count(*) FILTER (WHERE owed > 0) || ' go back, '
       || count(*) FILTER (WHERE refused) || ' cannot go back and have a case'
FROM money
UNION ALL
SELECT 'refunds ' || count(*) || ': ' || count(*) FILTER (WHERE kind = 'surplus')
       || ' of surplus, ' || count(*) FILTER (WHERE kind = 'requested') || ' asked for; '
       || count(*) FILTER (WHERE status = 'succeeded') || ' succeeded, '
       || count(*) FILTER (WHERE status = 'closed') || ' closed, '
       || count(*) FILTER (WHERE status = 'rejected') || ' rejected, '
       || count(*) FILTER (WHERE status = 'settled_offline') || ' paid by bank, '
       || count(*) FILTER (WHERE status = 'declined') || ' declined, '
       || count(*) FILTER (WHERE status = 'withdrawn') || ' withdrawn'
FROM refunds
UNION ALL
SELECT 'payments of others ' || count(*) FILTER (WHERE ordered_by = 'elsewhere') || ', untouched'
FROM trades
UNION ALL
SELECT 'notifications ' || (SELECT count(*) FROM notices) || ', attempts '
       || count(*) || ', acknowledged ' || count(*) FILTER (WHERE status BETWEEN 200 AND 299)
FROM attempts
UNION ALL
SELECT 'commits that PostgreSQL acknowledged through the proxies: ' || count(*) || ', all there: '
       || bool_and(EXISTS (SELECT 1 FROM effects e WHERE e.effect_key = a.command_id))::text
FROM acknowledged a
UNION ALL
SELECT 'paid ahead ' || count(*) FILTER (WHERE o.purpose = 'recharge') || ' times, from wallets '
       || count(*) FILTER (WHERE s.kind = 'wallet') || ' times, in cash ' || count(*) FILTER (WHERE s.kind = 'cod')
       || ' times; points spent ' || (SELECT count(*) FROM transfers WHERE kind = 'spend') || ' times'
FROM settlements s JOIN orders o ON o.id = s.order_id
UNION ALL
SELECT 'transfers ' || count(*) || ', entries ' || (SELECT count(*) FROM entries) || ', accounts '
       || (SELECT count(*) FROM accounts)
FROM transfers
UNION ALL
SELECT 'coupons given ' || (SELECT count(*) FROM coupon_grants) || ', in orders ' || count(*) || ': '
       || count(*) FILTER (WHERE status = 'used') || ' used, '
       || count(*) FILTER (WHERE status = 'released') || ' released, '
       || count(*) FILTER (WHERE status = 'returned') || ' returned'
FROM coupon_uses
UNION ALL
SELECT 'refunds of goods ' || count(*) || ', that came to something ' || count(*) FILTER (
       WHERE status IN ('succeeded', 'settled_offline'))
FROM refunds WHERE lines <> '[]'
UNION ALL
SELECT 'at the door ' || count(*) || ' orders: ' || count(*) FILTER (WHERE payment_method = 'wechat')
       || ' paid online after all, ' || count(*) FILTER (WHERE cancel_cause = 'refused') || ' refused, '
       || count(*) FILTER (WHERE status = 'cancelled' AND cancel_cause <> 'refused') || ' cancelled before'
FROM orders o WHERE o.pay_deadline IS NULL AND o.purpose = 'goods' AND o.payment_method IN ('cod', 'wechat')
UNION ALL
SELECT 'looks of the services at their own books: ' || count(*)
FROM effects WHERE starts_with(effect_key, 'step:books:')
