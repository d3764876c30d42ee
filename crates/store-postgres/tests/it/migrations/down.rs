//! Back to a version before: as if nothing had been, or not at all.

use super::{APPLIED_SECOND, Migrating, SECOND, down_of, load, old_placement, old_sheet};
use domain::card::CardOwner;
use domain::fact::RefundProgress;
use domain::order::{Command, Order};
use domain::payment::TradeType;
use domain::ports::{
    Access as _, ApiKeyRecord, CommitAnswer, CouponBook as _, Invariants as _, Ledger as _,
    OrderStore as _, Role, TrialBalance,
};
use domain::refund::Asker;
use domain::{Epoch, Fen};
use store_postgres::PostgresStore;
use testkit::conformance::deciding;
use testkit::sample;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_is_the_version_before_and_up_again_is_the_same() {
    let migrating = Migrating::at_first().await;
    let first = migrating.schema().await;
    migrating.client.batch_execute(SECOND).await.unwrap();
    migrating.client.batch_execute(APPLIED_SECOND).await.unwrap();
    let second = migrating.schema().await;
    let store = migrating.up().await;
    let newest = migrating.schema().await;
    assert!(first != second && second != newest);
    let order = load(&store, 1).await;
    assert!(store.revoke_api_key("k-1", sample::start()).await.unwrap());

    migrating.down_below("0003").await;
    assert_eq!(migrating.schema().await, second, "as if nothing had been");
    assert_eq!(migrating.commit(&old_sheet(1, 2)).await, "committed");
    migrating.down("0002").await;
    assert_eq!(migrating.schema().await, first, "as if nothing had been");
    assert_eq!(migrating.commit(&old_placement(2)).await, "committed");
    assert!(
        migrating.texts("SELECT id FROM api_keys").await.is_empty(),
        "a revoked key lets nobody in"
    );

    let store = migrating.up().await;
    assert_eq!(migrating.schema().await, newest);
    // Which life of the database it was recorded in is not known any more.
    let order = Order { version: 2, epoch: Epoch::default(), ..order };
    assert_eq!(load(&store, 1).await, order);
    assert_eq!(load(&store, 2).await.version, 1);
}

type Step = fn(&Order) -> Command;

async fn steps(store: &PostgresStore, commands: &[Step]) -> Order {
    let mut order = load(store, 1).await;
    for command in commands {
        let intent = sample::intent(&format!("step-{}", order.version));
        let answer = store.commit(deciding(&order, &command(&order), intent)).await;
        assert_eq!(answer, CommitAnswer::Committed);
        order = load(store, 1).await;
    }
    order
}

async fn is_refused(migrating: &Migrating, version: &str) {
    let schema = migrating.schema().await;
    let refused = migrating.client.batch_execute(down_of(version)).await;
    let refused = refused.expect_err("there is something to lose");
    assert!(refused.as_db_error().unwrap().message().contains("would be lost"), "{refused}");
    assert_eq!(migrating.schema().await, schema, "nothing was changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_does_not_forget_what_was_sent() {
    let migrating = Migrating::at_first().await;
    let store = migrating.up().await;
    let order = steps(
        &store,
        &[
            |order| sample::confirmed_success(order, "T-1"),
            |_| Command::Ship(sample::shipment("SF-1", true)),
        ],
    )
    .await;
    migrating.down_below("0003").await;
    is_refused(&migrating, "0002").await;
    let store = migrating.up().await;
    assert_eq!(load(&store, 1).await.shipments, order.shipments);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_does_not_forget_what_is_paid_in_a_browser_or_an_app() {
    let pays: [fn(&Order) -> Command; 2] = [
        |_| Command::StartPayment(sample::new_payment(TradeType::H5)),
        |_| Command::StartPayment(sample::new_payment(TradeType::App)),
    ];
    for pays in pays {
        let migrating = Migrating::at_first().await;
        let store = migrating.up().await;
        let order = steps(&store, &[pays]).await;
        is_refused(&migrating, "0019").await;
        assert_eq!(load(&store, 1).await.payments, order.payments);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_does_not_forget_what_was_sent_to_a_card() {
    let migrating = Migrating::at_first().await;
    let store = migrating.up().await;
    let number = |order: &Order| order.refunds[0].out_refund_no.clone();
    let order = steps(&store, &APPLYING).await;
    is_refused(&migrating, "0020").await;
    assert_eq!(load(&store, 1).await.refund(&number(&order)), order.refund(&number(&order)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_does_not_forget_that_an_application_was_refused() {
    let migrating = Migrating::at_first().await;
    let store = migrating.up().await;
    let refused: Step = |order| {
        let refund = &order.refunds[0];
        let abnormal = RefundProgress::Abnormal;
        Command::RecordApplicationRefused {
            applied_at: refund.applied.unwrap().at,
            code: "PARAM_ERROR".to_owned(),
            said: sample::refund_fact(order, &refund.out_refund_no, abnormal),
        }
    };
    let order = steps(&store, &APPLYING.into_iter().chain([refused]).collect::<Vec<_>>()).await;
    is_refused(&migrating, "0023").await;
    assert_eq!(load(&store, 1).await.refunds, order.refunds);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_does_not_forget_what_was_asked_for_under_a_number() {
    let migrating = Migrating::at_first().await;
    let store = migrating.up().await;
    let other: Step = |order| {
        let number = &order.refunds[0].out_refund_no;
        let processing = RefundProgress::Processing;
        Command::RecordRefund(sample::refund_stated(order, number, Fen::new(99), processing))
    };
    let order =
        steps(&store, &APPLYING[..3].iter().copied().chain([other]).collect::<Vec<_>>()).await;
    assert!(order.refunds[0].asked.is_some());
    is_refused(&migrating, "0024").await;
    assert_eq!(load(&store, 1).await.refunds, order.refunds);
}

/// To a refund that was applied for to the merchant's own account.
const APPLYING: [Step; 5] = [
    |order| sample::confirmed_success(order, "T-1"),
    |_| sample::refund_ask(Some(100), Asker::Service),
    |order| Command::SendRefund { out_refund_no: order.refunds[0].out_refund_no.clone() },
    |order| {
        let number = order.refunds[0].out_refund_no.clone();
        Command::RecordRefund(sample::refund_fact(order, &number, RefundProgress::Abnormal))
    },
    |order| Command::ApplyAbnormal {
        out_refund_no: order.refunds[0].out_refund_no.clone(),
        to: CardOwner::Merchant,
        as_approver: false,
    },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_does_not_forget_whose_a_key_is() {
    let migrating = Migrating::at_first().await;
    let store = migrating.up().await;
    let record = ApiKeyRecord {
        id: "k-of-k-1".to_owned(),
        name: "till".to_owned(),
        roles: vec![Role::Operator],
        client_id: None,
        person: Some("k-1".to_owned()),
        created_at: sample::start(),
        revoked_at: None,
    };
    store.add_api_key([9; 32], record).await.unwrap();
    is_refused(&migrating, "0013").await;
    assert!(store.revoke_api_key("k-of-k-1", sample::start()).await.unwrap());
    migrating.down("0013").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_does_not_forget_what_goes_back() {
    let migrating = Migrating::at_first().await;
    let store = migrating.up().await;
    let order = steps(
        &store,
        &[
            |order| sample::confirmed_success(order, "T-1"),
            |_| sample::refund_ask(Some(100), Asker::Service),
        ],
    )
    .await;
    is_refused(&migrating, "0003").await;
    assert_eq!(load(&store, 1).await, order);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_does_not_forget_what_is_paid_at_the_door() {
    let migrating = Migrating::at_first().await;
    let store = migrating.up().await;
    let update =
        "UPDATE orders SET version = version + 1, payment_method = 'cod', status = 'ready'";
    migrating.client.batch_execute("SET session_replication_role = replica").await.unwrap();
    migrating.client.batch_execute(update).await.unwrap();
    migrating.client.batch_execute("SET session_replication_role = origin").await.unwrap();
    is_refused(&migrating, "0007").await;
    assert!(load(&store, 1).await.is_converting());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_paid_before_there_was_a_ledger_is_in_it() {
    let migrating = Migrating::at_first().await;
    let store = migrating.up().await;
    steps(
        &store,
        &[
            |order| sample::confirmed_success(order, "T-1"),
            |_| sample::refund_ask(Some(100), Asker::Service),
            |order| Command::SendRefund { out_refund_no: order.refunds[0].out_refund_no.clone() },
            |order| {
                let progress = RefundProgress::Succeeded { at: sample::start() };
                let number = &order.refunds[0].out_refund_no;
                Command::RecordRefund(sample::refund_fact(order, number, progress))
            },
        ],
    )
    .await;
    let lines = |balance: TrialBalance| {
        assert_eq!(balance.differences, Vec::<String>::new());
        balance.lines.into_iter().map(|line| (line.account, line.sum)).collect::<Vec<_>>()
    };
    let written = lines(store.trial_balance().await.unwrap());
    let expected = [("sales".to_owned(), 400), ("wechat_clearing".to_owned(), -400)];
    assert_eq!(written, expected);
    migrating.down_below("0011").await;
    migrating.down("0006").await;
    let store = migrating.up().await;
    assert_eq!(lines(store.trial_balance().await.unwrap()), written);
    let wrong: Vec<_> = store.check(domain::Pace::DESIGNED).await.unwrap();
    let wrong: Vec<_> = wrong.into_iter().filter(|report| report.id.starts_with("I20")).collect();
    assert!(wrong.iter().all(domain::ports::InvariantReport::holds), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_does_not_forget_what_buyers_have() {
    let migrating = Migrating::at_first().await;
    let store = std::sync::Arc::new(migrating.up().await);
    let stores = testkit::conformance::Stores::of(&store);
    testkit::conformance::ledger::rich(&stores, 9, 500, 0).await;
    is_refused(&migrating, "0006").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_does_not_forget_a_coupon_that_somebody_has() {
    let migrating = Migrating::at_first().await;
    let store = migrating.up().await;
    let terms = testkit::conformance::coupons::terms("off", 100, 1);
    let audit = sample::audit("put");
    store.put_coupon(&terms, None, &audit, sample::start()).await.unwrap();
    let issue = domain::ports::CouponIssue {
        coupon_id: terms.id,
        buyer: sample::user(1),
        quantity: 1,
        audit,
        replay: sample::replay("issue", None),
    };
    store.issue(&issue).await.unwrap();
    is_refused(&migrating, "0005").await;
}
