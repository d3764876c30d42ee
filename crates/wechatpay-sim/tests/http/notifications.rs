//! Notifications as a receiver meets them.

use serde_json::json;
use wechatpay_sim::Settings;

use crate::merchant::failed_once;
use crate::receiver::{Receiver, Reply};
use crate::start;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_notification_comes_again_when_the_clock_moves() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let mut receiver =
        Receiver::start(&[Reply::Status(500), Reply::Status(302), Reply::Status(401)]);
    merchant.native("T00001", &receiver.url).await;
    merchant.user_pays("T00001").await;
    let mut seen = vec![receiver.next().await];
    for step_s in [15, 15, 30] {
        let waiting = seen.len();
        merchant
            .notification_when(|notice| {
                notice["attempts"].as_array().is_some_and(|all| all.len() == waiting)
                    && !notice["next_at"].is_null()
            })
            .await;
        assert!(receiver.nothing_more(), "not before its time");
        merchant.advance(step_s).await;
        seen.push(receiver.next().await);
    }
    let delivered = merchant.notification_when(|notice| notice["state"] == "delivered").await;
    let statuses: Vec<_> =
        delivered["attempts"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
    assert_eq!(json!(statuses), json!([500, 302, 401, 204]));
    let mut serials: Vec<_> = Vec::new();
    for one in &seen {
        assert_eq!(one.json()["id"], seen[0].json()["id"]);
        serials.push(merchant.signed_by(&one.headers, &one.body).expect("signed anew, just now"));
    }
    serials.sort();
    serials.dedup();
    assert_eq!(serials.len(), 2, "the mixed period uses both keys");
    assert_ne!(seen[0].body, seen[1].body, "encrypted anew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_on_the_clock_sends_the_whole_ladder() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let mut receiver = Receiver::start(&[Reply::Status(500); 16]);
    merchant.native("T00001", &receiver.url).await;
    merchant.user_pays("T00001").await;
    merchant.advance(2 * 86_400).await;
    for _ in 0..16 {
        let one = receiver.next().await;
        assert!(merchant.signed_by(&one.headers, &one.body).is_some(), "signed in real time");
    }
    merchant.notification_when(|notice| notice["state"] == "given_up").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_never_answers_holds_back_nobody() {
    let settings = Settings { notify_timeout_ms: 100, ..Settings::default() };
    let (_sandbox, merchant) = start(settings).await;
    let mut silent = Receiver::start(&[Reply::Never; 20]);
    let mut quick = Receiver::start(&[]);
    merchant.native("T00001", &silent.url).await;
    merchant.native("T00002", &quick.url).await;
    merchant.user_pays("T00001").await;
    silent.next().await;
    merchant.user_pays("T00002").await;
    quick.next().await;
    let failed = merchant.notification_when(failed_once).await;
    assert_eq!(failed["out_trade_no"], "T00001");
    assert_eq!(failed["attempts"][0]["outcome"], "no_answer");
    assert_eq!(failed["attempts"][0]["answer"], "no answer within 100 ms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_not_there_is_a_failed_attempt() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    // Bound but not listening: refuses connections, and nobody else can get the port meanwhile.
    let bound = tokio::net::TcpSocket::new_v4().unwrap();
    bound.bind(crate::any_port()).unwrap();
    let gone = bound.local_addr().unwrap();
    merchant.native("T00001", &format!("http://{gone}/notify")).await;
    merchant.user_pays("T00001").await;
    let failed = merchant.notification_when(failed_once).await;
    assert_eq!(failed["attempts"][0]["answer"], "could not connect");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tampered_notification_is_one_shot_with_its_answer() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let mut receiver =
        Receiver::start(&[Reply::Status(204), Reply::Status(401), Reply::Status(503)]);
    assert_eq!(merchant.control("POST", "notify/T00001", json!({})).await.0, 404);
    merchant.native("T00001", &receiver.url).await;
    merchant.user_pays("T00001").await;
    receiver.next().await;

    let (status, attempt) =
        merchant.control("POST", "notify/T00001", json!({"tamper": "signature"})).await;
    assert_eq!(
        (status, &attempt["status"], &attempt["kind"]),
        (200, &json!(401), &json!("manual"))
    );
    let forged = receiver.next().await;
    assert_eq!(merchant.signed_by(&forged.headers, &forged.body), None);

    let (_, attempt) = merchant.control("POST", "notify/T00001", json!({"tamper": "amount"})).await;
    assert_eq!(attempt["status"], 503);
    let lie = receiver.next().await;
    assert!(merchant.signed_by(&lie.headers, &lie.body).is_some());
    assert_eq!(merchant.open(&lie.json()["resource"])["amount"]["total"], 101);

    let (_, attempt) = merchant.control("POST", "notify/T00001", json!({})).await;
    assert_eq!(attempt["status"], 204);
    let again = receiver.next().await;
    assert_eq!(again.json()["id"], attempt["notification_id"]);
    let (status, said) = merchant.control("POST", "notify/T00001", json!({"tamper": "x"})).await;
    assert_eq!(status, 400, "{said}");
}
