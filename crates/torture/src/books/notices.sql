-- I28, I29: what was acknowledged is durable, and what is not believable is never acknowledged.
SELECT 'I28 acknowledged means durable: ' || n.out_trade_no || ' notification ' || n.id
FROM notices n
WHERE EXISTS (SELECT 1 FROM attempts a
              WHERE a.notice_id = n.id AND a.status BETWEEN 200 AND 299
                AND a.outcome IN ('answered', 'answer_lost')
                AND (a.tamper IS NULL OR a.tamper = 'replay'))
  AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.event_id = n.id)
UNION ALL
SELECT 'I29 a forgery is never acknowledged: ' || n.out_trade_no || ' ' || a.tamper
FROM attempts a JOIN notices n ON n.id = a.notice_id JOIN forgeries f ON f.text = a.tamper
WHERE a.status BETWEEN 200 AND 299
UNION ALL
-- By its job at the latest, which asks WeChat Pay; the row learns of that from the next re-send, and in
-- days that pass at once there may be none.
SELECT 'I28 a stored notification is worked off: ' || i.event_id || ' is ' || i.status
FROM inbox i
WHERE (i.status IN ('received', 'verified') AND NOT EXISTS (
    SELECT 1 FROM notices n
    LEFT JOIN payments p USING (out_trade_no) LEFT JOIN trades t USING (out_trade_no)
    WHERE n.id = i.event_id AND n.state = 'given_up'
      AND (p.status IN ('paid', 'surplus') OR t.ordered_by = 'elsewhere')))
   OR (i.status = 'orphan' AND NOT EXISTS (
    SELECT 1 FROM trades t WHERE t.out_trade_no = i.out_trade_no AND t.ordered_by = 'elsewhere'))
UNION ALL
SELECT 'one id has one fact: ' || i.event_id
FROM inbox i WHERE i.conflicting_hash IS NOT NULL
UNION ALL
SELECT 'every notification is delivered in the end: ' || n.out_trade_no || ' is ' || n.state
FROM notices n
WHERE n.state = 'pending' AND NOT EXISTS (
    SELECT 1 FROM trades t WHERE t.out_trade_no = n.out_trade_no AND t.ordered_by = 'elsewhere')
UNION ALL
SELECT 'I31 others'' money is not acknowledged: ' || n.out_trade_no
FROM notices n JOIN attempts a ON a.notice_id = n.id JOIN trades t USING (out_trade_no)
WHERE t.ordered_by = 'elsewhere' AND a.status BETWEEN 200 AND 299
UNION ALL
SELECT 'no notification out of nowhere: ' || i.event_id
FROM inbox i WHERE NOT EXISTS (SELECT 1 FROM notices n WHERE n.id = i.event_id)
