-- Which order is which: copy k is made of template_k, and everything it is called follows from k.
CREATE TABLE bench_orders (
    k           integer PRIMARY KEY,
    template_k  integer NOT NULL,
    order_id    uuid NOT NULL UNIQUE,
    number      text NOT NULL UNIQUE
);
CREATE TABLE bench_captured (change text NOT NULL);
-- Kept whole and uncompressed in its row: what pgbench settles with should cost as little to read as
-- a parameter.
CREATE TABLE bench_changes (
    k       integer PRIMARY KEY,
    number  text NOT NULL,
    change  text NOT NULL
) WITH (toast_tuple_target = 8160);
ALTER TABLE bench_changes ALTER COLUMN change SET STORAGE EXTERNAL;

CREATE FUNCTION bench_transaction(k integer) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT '4200' || lpad(k::text, 24, '0') $$;
CREATE FUNCTION bench_event(k integer) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT '00000000-0000-4000-8000-' || lpad(k::text, 12, '0') $$;
-- Which orders WeChat Pay has reported as paid.
CREATE TABLE bench_paid (k integer PRIMARY KEY);
