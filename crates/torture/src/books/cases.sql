-- A case is for a person to look at: there is one for surplus money, and for nothing else.
SELECT 'a case that nothing explains: ' || c.kind || ' ' || c.subject || ', ' || c.detail
FROM cases c
WHERE NOT (c.kind = 'surplus' AND EXISTS (
    SELECT 1 FROM payments p WHERE p.out_trade_no = c.subject AND p.status = 'surplus'))
UNION ALL
SELECT 'surplus money has its case: ' || p.out_trade_no
FROM payments p
WHERE p.status = 'surplus' AND NOT EXISTS (
    SELECT 1 FROM cases c WHERE c.subject = p.out_trade_no)
