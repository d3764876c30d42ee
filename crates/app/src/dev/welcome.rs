//! What `paydesk dev` tells the person in front of it.

use crate::dev::demo_shop::{BUYER_CODE, DemoShop, FIRST_SKU};

/// Prints the URLs, a login code, the admin key, and three lines that buy something.
pub(super) fn print(shop: &DemoShop, api: &str, sandbox: &str) {
    let admin_key = &shop.admin_key;
    println!(
        "
Paydesk is running. Ctrl-C stops it.

  API          {api}            {api}/openapi.json
  sandbox      {sandbox}            {sandbox}/_sandbox/ledger
  buyer        log in with the code \"{BUYER_CODE}\" (any code is a buyer)
  admin key    {admin_key}

Buy something:

  TOKEN=$(curl -s {api}/api/mini/login --json '{{\"code\":\"{BUYER_CODE}\"}}' | sed -E 's/.*\"token\":\"([^\"]+)\".*/\\1/')
  NUMBER=$(curl -s {api}/api/mini/purchase-list/items -H \"Authorization: Bearer $TOKEN\" --json '{{\"sku_id\":\"{FIRST_SKU}\",\"quantity\":1}}' >/dev/null; curl -s {api}/api/mini/wechat-pay/prepay-from-checkout -H \"Authorization: Bearer $TOKEN\" -H \"Idempotency-Key: $(date +%s%N)\" --json '{{\"item_ids\":[],\"address_id\":1}}' | sed -E 's/.*\"order_number\":\"([^\"]+)\".*/\\1/')
  curl -s -X POST {sandbox}/_sandbox/pay/$NUMBER; curl -s \"{api}/api/mini/orders/$NUMBER?wait=10\" -H \"Authorization: Bearer $TOKEN\"
"
    );
}
