//! Two processes on one database share the work: nobody is asked twice, nothing is done twice, and
//! each hears of what the other did.

use crate::processes::books::assert_settled;
use crate::processes::deployment::{Deployment, Instance, stock_up};
use crate::processes::ladder::{Call, Followed};
use crate::processes::phone::{Buyer, Offer, Phone};
use app::playground::sandbox::SandboxControl;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use testkit::TestDatabase;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::task::JoinSet;

const ORDERS: usize = 40;
const STOCK: i64 = 100;
const HALF_AN_HOUR_S: i64 = 1_801;
/// Later than the first rung and earlier than the second.
const PAYS_LATER: Duration = Duration::from_secs(6);
/// How soon a waiting client hears of what another process was told. Each process looks once a
/// second; the rest is for a busy machine.
const HEARD_WITHIN: Duration = Duration::from_millis(2_500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_forty_orders_and_do_nothing_twice() {
    let database = TestDatabase::create().await.unwrap();
    let deployment = Deployment::new("shared-work", database.url()).await;
    let (a, b) = (deployment.instance("a", |_| {}), deployment.instance("b", |_| {}));
    let processes = [a.start().await, b.start().await];
    let operator = deployment.operator(&[&a, &b]).await;
    stock_up(&operator, "tea", STOCK).await;
    let silent = json!([{"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"}]);
    deployment.sandbox.faults(silent).await.unwrap();

    let mut crowd = JoinSet::new();
    for number in 0..ORDERS {
        let (phone, sandbox) = (Phone::at(&[&a, &b]), deployment.sandbox.clone());
        crowd.spawn(async move {
            let (offer, pays_after) = buy(&phone, number).await;
            if let Some(after) = pays_after {
                tokio::time::sleep(after).await;
                sandbox.pay(&offer.out_trade_no).await.unwrap();
            }
            pays_after.is_some()
        });
    }
    let paying = crowd.join_all().await.into_iter().filter(|pays| *pays).count();
    let unheard = format!(
        "SELECT 'paid so far: ' || count(*) FROM orders WHERE payment_status = 'paid'
         HAVING count(*) <> {paying}"
    );
    deployment.until_none("the ladder finds every payment", &unheard).await;
    deployment.pass(HALF_AN_HOUR_S).await;
    let open = "SELECT order_number || ' ' || status FROM orders
                WHERE status IN ('pending_payment', 'cancelling')";
    deployment.until_none("open after the deadline", open).await;

    assert_eq!(assert_settled(&deployment).await, paying);
    assert_called_once(&deployment).await;
    assert_no_rung_asked_twice(&deployment).await;
    let claims = [claims_of(&a).await, claims_of(&b).await];
    eprintln!("jobs claimed by each: {claims:?}");
    assert!(claims.iter().all(|claims| *claims >= 10), "one did nearly all: {claims:?}");
    for process in processes {
        process.kill().await.unwrap();
    }
    deployment.stop().await;
    database.drop_now().await;
}

/// One of each five is cancelled, one is left to expire, one is switched to another way to pay.
async fn buy(phone: &Phone, number: usize) -> (Offer, Option<Duration>) {
    let buyer = phone.buyer(&format!("buyer-{number}"), "tea").await;
    match number % 5 {
        0 => (buyer.check_out().await, Some(Duration::ZERO)),
        1 => {
            let order = buyer.place().await;
            (buyer.pay_by(&order, "JSAPI").await, Some(PAYS_LATER))
        }
        2 => {
            let first = buyer.check_out().await;
            (buyer.pay_by(&first.order, "NATIVE").await, Some(Duration::ZERO))
        }
        3 => {
            let offer = buyer.check_out().await;
            buyer.cancel(&offer.order).await;
            (offer, None)
        }
        _ => (buyer.check_out().await, None),
    }
}

async fn assert_called_once(deployment: &Deployment) {
    let ledger = deployment.sandbox.ledger().await.unwrap();
    let mut prepaid = 0;
    for counted in ledger.counts() {
        let most = match counted["kind"].as_str().unwrap() {
            "prepay" => {
                prepaid += 1;
                1
            }
            "close" => 1,
            _ => continue,
        };
        assert!(counted["count"].as_u64().unwrap() <= most, "{counted}");
    }
    // Who switches has two payments.
    assert_eq!(prepaid, ORDERS + ORDERS / 5);
}

async fn assert_no_rung_asked_twice(deployment: &Deployment) {
    let ledger = deployment.sandbox.ledger().await.unwrap();
    let mut calls: BTreeMap<&str, Vec<Call<'_>>> = BTreeMap::new();
    for call in ledger.log() {
        if let Some(number) = call["out_trade_no"].as_str() {
            let at = OffsetDateTime::parse(call["at"].as_str().unwrap(), &Rfc3339).unwrap();
            let kind = call["kind"].as_str().unwrap();
            calls.entry(number).or_default().push((kind, at.unix_timestamp()));
        }
    }
    let followed = followed(deployment).await;
    let mut questions = 0;
    for (number, calls) in calls {
        let payment = &followed[number];
        let wrong = payment.asked_twice(&calls);
        assert!(wrong.is_empty(), "{number} {payment:?} {calls:?}: {wrong:?}");
        questions += calls.iter().filter(|(kind, _)| *kind == "query").count();
    }
    assert!(questions >= ORDERS, "hardly anything was asked: {questions}");
}

async fn followed(deployment: &Deployment) -> BTreeMap<String, Followed> {
    let rows = deployment
        .rows(
            "SELECT jsonb_build_array(p.out_trade_no,
                 floor(extract(epoch FROM p.created_at))::bigint,
                 floor(extract(epoch FROM o.pay_deadline))::bigint,
                 (SELECT coalesce(jsonb_agg(floor(extract(epoch FROM a.at))::bigint), '[]')
                  FROM audit a WHERE a.order_id = o.id
                    AND a.events::text LIKE '%payment_closing%'))::text
             FROM payments p JOIN orders o ON o.id = p.order_id",
        )
        .await;
    let read = |row: &String| {
        let row: Value = serde_json::from_str(row).unwrap();
        let closings = row[3].as_array().unwrap().iter().map(|at| at.as_i64().unwrap()).collect();
        let (created_at, deadline) = (row[1].as_i64().unwrap(), row[2].as_i64().unwrap());
        (row[0].as_str().unwrap().to_owned(), Followed { created_at, deadline, closings })
    };
    rows.iter().map(read).collect()
}

async fn claims_of(instance: &Instance) -> u64 {
    instance.metric("paydesk_jobs_claimed_total{kind=\"follow_payment\"}").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_at_one_process_hears_what_another_was_told() {
    let database = TestDatabase::create().await.unwrap();
    let deployment = Deployment::new("long-polls", database.url()).await;
    let (a, b) = (deployment.instance("a", |_| {}), deployment.instance("b", |_| {}));
    let processes = [a.start().await, b.start().await];
    let operator = deployment.operator(&[&a, &b]).await;
    stock_up(&operator, "tea", STOCK).await;
    // Only notifications tell, and they are for the process that ordered.
    let deaf =
        json!([{"match": {"path": "/v3/pay/transactions/out-trade-no/*"}, "action": "drop"}]);
    deployment.sandbox.faults(deaf).await.unwrap();
    let mut waits = JoinSet::new();
    for number in 0..5 {
        let buyer = Phone::at(&[&b]).buyer(&format!("buyer-{number}"), "tea").await;
        let offer = buyer.check_out().await;
        let (at_a, sandbox) = (buyer.at(&a), deployment.sandbox.clone());
        waits.spawn(async move { hears(&at_a, &offer, &sandbox).await });
    }
    for heard_after in waits.join_all().await {
        eprintln!("heard after {heard_after:?}");
        assert!(heard_after < HEARD_WITHIN);
    }
    let told = "paydesk_notifications_total{outcome=\"acknowledged\",reason=\"\"}";
    assert_eq!((a.metric(told).await, b.metric(told).await), (0, 5));
    for process in processes {
        process.kill().await.unwrap();
    }
    deployment.stop().await;
    database.drop_now().await;
}

/// Waits for the payment, which is made meanwhile: how long it took until it was heard of.
async fn hears(buyer: &Buyer, offer: &Offer, sandbox: &SandboxControl) -> Duration {
    let path = format!("/api/mini/orders/{}?wait=10", offer.order);
    let waiting = buyer.phone.done(Method::GET, &path, &Value::Null);
    let paying = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        sandbox.pay(&offer.out_trade_no).await.unwrap();
        Instant::now()
    };
    let ((order, heard), paid) = tokio::join!(async { (waiting.await, Instant::now()) }, paying);
    assert_eq!(order["payment_status"], "paid", "{order}");
    heard.saturating_duration_since(paid)
}
