-- What the merchant sets for the whole shop: delivery rules. Only adds: a program of the version before goes
-- on pricing without them.

-- One row, once they are set.
CREATE TABLE delivery_rules (
    is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
    base_fen bigint NOT NULL CHECK (base_fen BETWEEN 0 AND 1000000000),
    free_above_fen bigint CHECK (free_above_fen BETWEEN 0 AND 1000000000),
    rush_fen bigint NOT NULL CHECK (rush_fen BETWEEN 0 AND 1000000000),
    -- [{region, fee_fen, free_above_fen}], in the merchant's order.
    regions jsonb NOT NULL CHECK (jsonb_typeof(regions) = 'array'),
    version bigint NOT NULL CHECK (version > 0),
    set_at timestamptz NOT NULL
);

CREATE OR REPLACE FUNCTION paydesk_checkout_basis(buyer uuid, only_ids bigint[], address bigint)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN jsonb_build_object(
        'now', clock_timestamp(),
        'timeline', paydesk_timeline(),
        'items', paydesk_items(buyer, only_ids),
        'rules', (SELECT to_jsonb(r) FROM delivery_rules r),
        'address', (SELECT to_jsonb(a) FROM addresses a
                    WHERE a.buyer_id = buyer AND a.id = address));
END $$;
