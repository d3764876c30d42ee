//! Many buyers who want one thing: rows, because a login each would take longer than what is measured.

use crate::client::Request;
use crate::database::Database;
use anyhow::{Result, ensure};
use serde_json::json;

/// What everybody wants.
pub(crate) const WANTED: &str = "tea-hot";
const PLACE_PATH: &str = "/api/mini/orders";
/// As the service's own: a prefix, and 43 characters.
const TOKEN_PREFIX: &str = "pt_";

const MAKE: &str = "\
    WITH new AS (SELECT n, gen_random_uuid() AS id FROM generate_series($1::bigint, $2::bigint) n), \
    buyers AS (INSERT INTO buyers (id, created_at, next_address_id, next_item_id) \
        SELECT id, now(), 2, 2 FROM new), \
    sessions AS (INSERT INTO sessions (token_hash, buyer_id, expires_at) \
        SELECT sha256(convert_to($3 || lpad(n::text, 43, '0'), 'UTF8')), id, \
               now() + interval '1 hour' FROM new), \
    addresses AS (INSERT INTO addresses (buyer_id, id, name, phone, region, detail) \
        SELECT id, 1, 'a', '13800000000', 'b', 'c' FROM new) \
    INSERT INTO purchase_list_items (buyer_id, id, sku_id, quantity) SELECT id, 1, $4, 1 FROM new";

/// Buyers with a token, an address and the wanted thing on their list; each buys once.
#[derive(Default)]
pub(crate) struct Crowd {
    made: i64,
}

impl Crowd {
    /// How many have come.
    pub(crate) fn came(&self) -> u64 {
        u64::try_from(self.made).unwrap_or(0)
    }

    /// The orders of so many new buyers, as requests.
    pub(crate) async fn come(&mut self, database: &Database, wanted: u64) -> Result<Vec<Request>> {
        let wanted = i64::try_from(wanted)?;
        let (first, last) = (self.made.saturating_add(1), self.made.saturating_add(wanted));
        let came = database.change(MAKE, &[&first, &last, &TOKEN_PREFIX, &WANTED]).await?;
        ensure!(i64::try_from(came)? == wanted, "{came} of {wanted} buyers came");
        self.made = last;
        database.run("ANALYZE buyers, sessions, addresses, purchase_list_items").await?;
        Ok((first..=last).map(order).collect())
    }
}

fn order(buyer: i64) -> Request {
    let token = format!("{TOKEN_PREFIX}{buyer:043}");
    let key = format!("bench-hot-{buyer:016}");
    let body = json!({"item_ids": [1], "address_id": 1, "payment_method": "wechat"});
    Request::json("POST", PLACE_PATH, &token, &key, Some(&body))
}
