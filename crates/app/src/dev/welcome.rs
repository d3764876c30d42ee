//! What `paydesk dev` tells the person in front of it.

use crate::dev::shop::Shop;
use crate::playground::goods::FIRST_SKU;

/// Prints the URLs, how to log in, the admin key, and three lines that buy something.
pub(super) fn print(shop: &Shop, api: &str, sandbox: &str) {
    let admin_key = &shop.admin_key;
    let lines = LINES
        .replace("localhost:8080", api.trim_start_matches("http://"))
        .replace("localhost:8081", sandbox.trim_start_matches("http://"));
    println!(
        "
Paydesk is running. Ctrl-C stops it.

  API          {api}   (described at {api}/openapi.json)
  sandbox      {sandbox}/_sandbox/   (a page to play the buyer; what it knows: {sandbox}/_sandbox/ledger)
  buyer        POST {api}/api/mini/login {{\"code\":\"alice\"}}: any code is a buyer
  admin key    {admin_key}
  for sale     {FIRST_SKU}, teapot, sticker

Buy something, in another terminal:

{lines}"
    );
}

/// The lines of the README; a test holds both together.
pub(super) const LINES: &str = r#"TOKEN=$(curl -s localhost:8080/api/mini/login -H 'Content-Type: application/json' -d "{\"code\":\"me-$(date +%s)\"}" | sed -E 's/.*"token":"([^"]+)".*/\1/'); curl -s localhost:8080/api/mini/addresses -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"name":"Li Lei","phone":"13800000000","region":"Shanghai","detail":"1 Century Avenue"}'
NUMBER=$(curl -s localhost:8080/api/mini/purchase-list/items -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"sku_id":"longjing","quantity":1}' -o /dev/null; curl -s localhost:8080/api/mini/wechat-pay/prepay-from-checkout -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: checkout-$(date +%s)" -H 'Content-Type: application/json' -d '{"item_ids":[],"address_id":1}' | sed -E 's/.*"order_number":"([^"]+)".*/\1/'); echo "$NUMBER"
curl -s -X POST localhost:8081/_sandbox/pay/$NUMBER; curl -s "localhost:8080/api/mini/orders/$NUMBER?wait=10" -H "Authorization: Bearer $TOKEN"
"#;

#[cfg(test)]
mod tests {
    #[test]
    fn the_readmes_show_the_same_lines() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        for name in ["README.md", "README.zh-CN.md"] {
            let readme = std::fs::read_to_string(format!("{root}/{name}")).unwrap();
            assert!(readme.contains(super::LINES), "{name} shows other lines");
        }
    }
}
