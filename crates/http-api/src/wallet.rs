//! `/api/mini/wallet`, `/api/mini/points`: what a buyer has, how it came to be, and paying with it.
//!
//! May not say what is there by itself: it is the ledger's.

use crate::answer;
use crate::call::{Answer, Call};
use crate::json_body::Presence;
use crate::order_actions::{Nothing, acted_on};
use crate::problem::ProblemBody;
use crate::wire::ledger::{WireEntry, WirePoints, WireWallet};
use crate::wire::list::Page;
use crate::wire::order::WireOrder;
use domain::ledger::{Balances, BuyerAccount};
use domain::ports::EntryList;

/// Shows what the buyer's wallet holds.
#[utoipa::path(get, path = "/api/mini/wallet", tag = "buyers", operation_id = "show_wallet",
    responses((status = 200, body = WireWallet),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn wallet(call: Call) -> Answer {
    let held = balances(&call).await?;
    Ok(answer::ok(&WireWallet { balance_fen: held.wallet }))
}

/// Shows how many points the buyer has.
#[utoipa::path(get, path = "/api/mini/points", tag = "buyers", operation_id = "show_points",
    responses((status = 200, body = WirePoints),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn points(call: Call) -> Answer {
    let held = balances(&call).await?;
    Ok(answer::ok(&WirePoints { balance: held.points }))
}

async fn balances(call: &Call) -> Result<Balances, crate::problem::Problem> {
    let buyer = call.buyer()?;
    call.query()?.finish()?;
    let held = call.run(async move |paydesk| paydesk.ledger.balances(buyer).await).await??;
    Ok(held.unwrap_or_default())
}

/// Lists the entries of the buyer's wallet, newest first.
#[utoipa::path(get, path = "/api/mini/wallet/entries", tag = "buyers",
    operation_id = "list_wallet_entries",
    params(("created_from" = Option<String>, Query, format = DateTime),
        ("created_to" = Option<String>, Query, format = DateTime),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, pattern = "^[1-9][0-9]{0,17}$",
            description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<WireEntry>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn wallet_entries(call: Call) -> Answer {
    entries(&call, BuyerAccount::Wallet).await
}

/// Lists the entries of the buyer's points, newest first.
#[utoipa::path(get, path = "/api/mini/points/entries", tag = "buyers",
    operation_id = "list_points_entries",
    params(("created_from" = Option<String>, Query, format = DateTime),
        ("created_to" = Option<String>, Query, format = DateTime),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, pattern = "^[1-9][0-9]{0,17}$",
            description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<WireEntry>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn points_entries(call: Call) -> Answer {
    entries(&call, BuyerAccount::Points).await
}

async fn entries(call: &Call, account: BuyerAccount) -> Answer {
    let buyer = call.buyer()?;
    let mut query = call.query()?;
    let list = EntryList {
        buyer,
        account,
        before: query.cursor(read_cursor),
        created_from: query.time("created_from"),
        created_to: query.time("created_to"),
        limit: query.limit(),
    };
    query.finish()?;
    let page = call.run(async move |paydesk| paydesk.ledger.entries(&list).await).await??;
    let last = page.entries.last().filter(|_| page.more);
    let next_cursor = last.map(|entry| entry.seq.to_string());
    let data = page.entries.iter().map(WireEntry::of).collect();
    Ok(answer::ok(&Page { data, next_cursor }))
}

/// The number of the last entry that was shown.
fn read_cursor(text: &str) -> Option<u64> {
    let is_plain = (1..=18).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit())
        && !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain)
}

/// Pays an order from the buyer's wallet: all of it at once, or nothing.
#[utoipa::path(post, path = "/api/mini/orders/{ref}/wallet-pay", tag = "buyers",
    operation_id = "pay_from_wallet",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = Option<Nothing>,
    responses((status = 200, description = "paid", body = WireOrder),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn pay(mut call: Call) -> Answer {
    let asked = call.asked::<Nothing>(Presence::Optional).await?;
    let action = call.action(&asked, "wallet pay");
    let acted = call.run(async move |paydesk| paydesk.pay_from_wallet(&action).await);
    Ok(acted_on(&acted.await??, call.view()))
}
