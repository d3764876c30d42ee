//! Story 9: forged and replayed notifications. What is not WeChat Pay's changes nothing; what was
//! recorded and is played back is acknowledged, and changes nothing either.

use crate::demo::signer::{Signed, Signer};
use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::playground::api::local_client;
use crate::playground::buyer::{Buyer, Offer};
use crate::playground::goods::FIRST_SKU;
use crate::playground::json::number;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// What somebody could make of a true notification, and what it has to be answered. The sandbox's
/// `core/tamper.rs` says what each of them is.
const TAMPERED: [(&str, u16); 9] = [
    ("signature", 401),
    ("body", 401),
    ("serial", 401),
    ("unsigned", 401),
    ("stale", 401),
    ("future", 401),
    ("probe", 401),
    ("mchid", 401),
    ("key", 400),
];

pub(super) const STORY: Story = Story {
    number: 9,
    title: "forged and replayed notifications",
    title_zh: "伪造与重放的通知",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    let buyer = stage.buyer("eve").await?;
    let offer = buyer.order_one(FIRST_SKU).await?;
    let placed = version_of_unpaid(&buyer, &offer).await?;
    forge(stage, &offer).await?;
    ensure!(version_of_unpaid(&buyer, &offer).await? == placed, "a forgery changed the order");
    telling.step("order placed; \"it is paid\", signed with a wrong key, and unsigned: 401, 401");

    // The true ways are blocked, so that whatever changes the order now was believed wrongly.
    let path = format!("/v3/pay/transactions/out-trade-no/{}", offer.out_trade_no);
    let notice = json!({"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"});
    let query = json!({"match": {"path": path}, "action": "drop"});
    stage.sandbox.faults(json!([notice, query])).await?;
    stage.sandbox.pay(&offer.out_trade_no).await?;
    for (tamper, expected) in TAMPERED {
        let attempt = stage.sandbox.notify(&offer.out_trade_no, Some(tamper)).await?;
        let status = &attempt["status"];
        ensure!(*status == expected, "{tamper:?} was answered {status}, not {expected}");
    }
    ensure!(version_of_unpaid(&buyer, &offer).await? == placed, "a tampered one changed the order");
    let kinds = TAMPERED.map(|(tamper, _)| tamper).join(", ");
    telling.step(format!("the buyer pays; tampered with ({kinds}): 401 or 400, nothing changed"));

    stage.sandbox.faults(json!([])).await?;
    let paid = after(stage, &buyer, &offer, None).await?;
    ensure!(paid == placed.saturating_add(1), "version {placed} became {paid}: not one change");
    telling.step("the true notification: 204, paid");
    for replay in [Some("replay"), None] {
        let later = after(stage, &buyer, &offer, replay).await?;
        ensure!(later == paid, "a repetition changed version {paid} to {later}");
    }
    telling.step("the same bytes once more, and re-sent anew: 204, nothing changed");
    Ok(Seen {
        by_wechat_pay: "1 payment; true and replayed notifications answered 204".to_owned(),
        by_paydesk: format!("{} forgeries refused, one change to the order", TAMPERED.len() + 2),
        outcome: "only the true one counted, once".to_owned(),
    })
}

/// The version of an order that has to be unpaid.
async fn version_of_unpaid(buyer: &Buyer, offer: &Offer) -> Result<i64> {
    let order = buyer.order(&offer.order_number).await?;
    let status = &order["payment_status"];
    ensure!(*status == "unpaid", "the order is {status} by what was forged");
    number(&order, "/version")
}

/// The version of the order after a notification that is true, however often it was sent.
async fn after(stage: &Stage, buyer: &Buyer, offer: &Offer, how: Option<&str>) -> Result<i64> {
    let attempt = stage.sandbox.notify(&offer.out_trade_no, how).await?;
    let status = &attempt["status"];
    ensure!(*status == 204, "a true notification was answered {status}");
    let order = buyer.order(&offer.order_number).await?;
    ensure!(order["payment_status"] == "paid", "acknowledged, but {}", order["payment_status"]);
    number(&order, "/version")
}

/// Somebody without WeChat Pay's keys says that the order is paid: once signed with a key of their own
/// under WeChat Pay's name, once without any signature.
async fn forge(stage: &Stage, offer: &Offer) -> Result<()> {
    let merchant = stage.sandbox.credentials().await?;
    let body = claim(&offer.out_trade_no).to_string();
    let Signed { timestamp, nonce, signature } =
        Signer::of(&merchant)?.sign_as_notification(&body)?;
    let client = local_client()?;
    let post = || {
        client
            .post(stage.notify_url())
            .header("Content-Type", "application/json")
            .body(body.clone())
    };
    let signed = post()
        .header("Wechatpay-Serial", &merchant.public_key_id)
        .header("Wechatpay-Timestamp", timestamp)
        .header("Wechatpay-Nonce", nonce)
        .header("Wechatpay-Signature", signature);
    for (what, request) in [("signed with a wrong key", signed), ("unsigned", post())] {
        let answer = request.send().await?;
        let status = answer.status();
        let said: Value = answer.json().await?;
        ensure!(status == 401, "a notification {what} was answered {status}");
        ensure!(said["code"] == "FAIL", "a notification {what} was answered {said}");
    }
    Ok(())
}

fn claim(out_trade_no: &str) -> Value {
    json!({
        "id": format!("forged-{out_trade_no}"),
        "create_time": "2026-11-21T10:00:00+08:00",
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": {
            "original_type": "transaction",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": "bm90IGVuY3J5cHRlZCB3aXRoIHRoZSBBUEl2MyBrZXk=",
            "associated_data": "transaction",
            "nonce": "fdasflkja484",
        },
    })
}
