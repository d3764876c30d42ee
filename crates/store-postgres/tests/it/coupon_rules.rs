//! Every rule of coupons stands in the schema too; and a program that knows of no coupons moves them all the
//! same.

use crate::schema::all_are_stopped;
use crate::support;
use domain::coupon::CouponHoldStatus;
use domain::fact::Trade;
use domain::order::{CancelCause, Command, Order};
use domain::ports::{CommitAnswer, CouponBook as _};
use store_postgres::Isolation;
use testkit::conformance::Stores;
use testkit::conformance::coupons::{give, placement, terms};
use testkit::sample;

/// Each row: what a bug of ours might try, and the constraint that stops it.
const OF_COUPONS: &[(&str, &str)] = &[
    ("UPDATE coupons SET amount_fen = 0", "coupons_amount_fen_check"),
    ("UPDATE coupons SET percent = 10", "coupons_cut"),
    ("UPDATE coupons SET kind = 'percent', amount_fen = NULL", "coupons_cut"),
    ("UPDATE coupons SET valid_to = valid_from", "coupons_window"),
    ("UPDATE coupons SET per_user_limit = 0", "coupons_per_user_limit_check"),
    ("UPDATE coupon_grants SET status = 'used' WHERE status = 'issued'", "does not follow issued"),
    ("UPDATE coupon_grants SET status = 'held' WHERE status = 'used'", "does not follow used"),
    ("UPDATE coupon_grants SET status = 'issued' WHERE status = 'held'", "coupon_grants_order"),
    ("UPDATE coupon_grants SET grant_no = grant_no + 9", "whose coupon it is stays"),
    (
        "UPDATE coupon_grants g SET order_id = o.id FROM orders o \
         WHERE g.status = 'held' AND o.id <> g.order_id",
        "its buyer's hand only",
    ),
    ("DELETE FROM coupon_grants", "rows of coupon_grants stay"),
    ("UPDATE coupon_uses SET status = 'held' WHERE status = 'used'", "is not held after used"),
    (
        "UPDATE coupon_uses SET status = 'released' WHERE status = 'used'",
        "is not released after used",
    ),
    (
        "UPDATE coupon_uses SET status = 'used' WHERE status = 'released'",
        "is not used after released",
    ),
    ("UPDATE coupon_uses SET grant_no = 9", "which coupon an order has stays"),
    (
        "INSERT INTO coupon_uses SELECT (SELECT o.id FROM orders o WHERE NOT EXISTS \
             (SELECT 1 FROM coupon_uses x WHERE x.order_id = o.id) LIMIT 1), buyer_id, coupon_id, \
             grant_no, 'held' FROM coupon_uses WHERE status = 'used'",
        "coupon_uses_one_live",
    ),
    ("DELETE FROM coupon_uses", "rows of coupon_uses stay"),
];

/// Orders of one buyer with a coupon each.
async fn orders(stores: &Stores, numbers: core::ops::RangeInclusive<u64>) -> Vec<Order> {
    let buyer = stores.buyer(1).await;
    let off = terms("off", 100, 9);
    give(stores, &off, buyer, 4).await;
    let coupon = stores.coupons.coupon(&off.id).await.unwrap().unwrap();
    let mut orders = Vec::new();
    for (n, no) in numbers.zip(1..) {
        let placement = placement(stores, n, buyer, (&coupon, no)).await;
        let answer = stores.place(&placement, &format!("place-{n}")).await;
        assert_eq!(answer, CommitAnswer::Committed);
        orders.push(stores.load(&placement).await);
    }
    orders
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rule_of_coupons_stands_in_the_schema_too() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let orders = orders(&stores, 1..=3).await;
    let at = sample::start();
    stores.step(&orders[0], &sample::success(&orders[0], "T-1"), at).await;
    let order = stores.step(&orders[1], &Command::Cancel(CancelCause::Buyer), at).await;
    stores.step(&order, &sample::says(&order, Trade::Closed), at).await;
    stores.open_order(9).await;
    let client = guard.database.client().await;
    all_are_stopped(&client, OF_COUPONS).await;
}

/// As `paydesk_commit` is called by the version before: without a word of coupons.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_older_program_does_to_an_order_its_coupon_follows() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let orders = orders(&stores, 1..=2).await;
    let client = guard.database.client().await;
    for (order, change) in [
        (&orders[0], "status = 'ready', payment_status = 'paid', paid_at = now()"),
        (&orders[1], "status = 'cancelled', cancelled_at = now()"),
    ] {
        let sql = format!(
            "BEGIN; UPDATE orders SET version = version + 1, {change} WHERE id = '{id}'; \
             INSERT INTO settlements SELECT id, 'free', NULL, total_fen, now() FROM orders \
             WHERE id = '{id}' AND payment_status = 'paid'; \
             SELECT paydesk_move_coupons(jsonb_build_object('order_id', '{id}', 'at', now())); \
             SELECT paydesk_move_coupons(jsonb_build_object('order_id', '{id}', 'at', now())); \
             COMMIT",
            id = order.id
        );
        client.batch_execute(&sql).await.unwrap();
    }
    let paid = stores.again(&orders[0]).await;
    assert_eq!(paid.coupon.unwrap().status, CouponHoldStatus::Used);
    let cancelled = stores.again(&orders[1]).await;
    assert_eq!(cancelled.coupon.unwrap().status, CouponHoldStatus::Released);
    let effects = "SELECT effect_key FROM effects WHERE effect_key LIKE 'coupon%' ORDER BY 1";
    let expected =
        [format!("coupon_back:{}", orders[1].id), format!("coupon_used:{}", orders[0].id)];
    assert_eq!(guard.database.query_text(effects).await, expected);
    let buyer = orders[0].buyer.unwrap();
    let free = guard.store.grants(buyer, sample::start(), 9).await.unwrap();
    assert_eq!(free.iter().filter(|grant| grant.order().is_none()).count(), 3);
}
