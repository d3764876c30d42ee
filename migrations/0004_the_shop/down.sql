CREATE OR REPLACE FUNCTION paydesk_checkout_basis(buyer uuid, only_ids bigint[], address bigint)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN jsonb_build_object(
        'now', clock_timestamp(),
        'timeline', paydesk_timeline(),
        'items', paydesk_items(buyer, only_ids),
        'address', (SELECT to_jsonb(a) FROM addresses a
                    WHERE a.buyer_id = buyer AND a.id = address));
END $$;

DROP TABLE delivery_rules;
