//! From one version of the schema to the next and back, with rows in it, beside an older program.

mod down;

use domain::changeset::{Changeset, Refusal};
use domain::job::JobId;
use domain::order::{Command, Order, OrderStatus};
use domain::payment::TradeType;
use domain::ports::{Access as _, CommitAnswer, JobQueue as _, OrderKey, OrderStore as _};
use domain::refund::{Asker, RefundState};
use domain::{Epoch, OrderNumber};
use serde_json::{Value, json};
use store_postgres::{ConnectSettings, PostgresStore};
use testkit::conformance::deciding;
use testkit::{TestDatabase, sample};
use tokio_postgres::Client;

const FIRST: &str = include_str!("../../../../migrations/0001_first_light/up.sql");
const SECOND: &str = include_str!("../../../../migrations/0002_a_buyers_path/up.sql");
/// The way back of each version, the newest first.
const DOWNS: [(&str, &str); 20] = [
    ("0024", include_str!("../../../../migrations/0024_restated_refunds/down.sql")),
    ("0023", include_str!("../../../../migrations/0023_taken_back_applications/down.sql")),
    ("0021", include_str!("../../../../migrations/0021_found_again/down.sql")),
    ("0020", include_str!("../../../../migrations/0020_abnormal_refunds/down.sql")),
    ("0019", include_str!("../../../../migrations/0019_h5_and_app/down.sql")),
    ("0018", include_str!("../../../../migrations/0018_after_all/down.sql")),
    ("0015", include_str!("../../../../migrations/0015_nobody_waits_in_a_circle/down.sql")),
    ("0014", include_str!("../../../../migrations/0014_waiting_cases/down.sql")),
    ("0013", include_str!("../../../../migrations/0013_persons/down.sql")),
    ("0012", include_str!("../../../../migrations/0012_set_based/down.sql")),
    ("0011", include_str!("../../../../migrations/0011_whole_transfers/down.sql")),
    ("0010", include_str!("../../../../migrations/0010_cases/down.sql")),
    ("0009", include_str!("../../../../migrations/0009_together/down.sql")),
    ("0008", include_str!("../../../../migrations/0008_one_shelf/down.sql")),
    ("0007", include_str!("../../../../migrations/0007_cash_on_delivery/down.sql")),
    ("0006", include_str!("../../../../migrations/0006_the_ledger/down.sql")),
    ("0005", include_str!("../../../../migrations/0005_coupons/down.sql")),
    ("0004", include_str!("../../../../migrations/0004_the_shop/down.sql")),
    ("0003", include_str!("../../../../migrations/0003_core_protocol/down.sql")),
    ("0002", include_str!("../../../../migrations/0002_a_buyers_path/down.sql")),
];
/// How the migration tool remembers what it applied.
const APPLIED: &str = "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, \
    run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP); \
    INSERT INTO __diesel_schema_migrations (version) VALUES ('0001')";
const APPLIED_SECOND: &str = "INSERT INTO __diesel_schema_migrations (version) VALUES ('0002')";

/// Columns, constraints, indexes and functions of ours.
const SCHEMA: &str = "\
    SELECT string_agg(line, E'\\n' ORDER BY line COLLATE \"C\") FROM ( \
        SELECT format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, \
                      column_default) AS line \
        FROM information_schema.columns WHERE table_schema = 'public' \
        UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) \
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace \
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' \
        UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t \
        JOIN pg_class c ON c.oid = t.tgrelid AND c.relnamespace = 'public'::regnamespace \
        WHERE NOT t.tgisinternal \
        UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc \
        WHERE pronamespace = 'public'::regnamespace) everything";

fn down_of(version: &str) -> &'static str {
    DOWNS.iter().find(|(known, _)| *known == version).unwrap().1
}

struct Migrating {
    database: TestDatabase,
    /// One connection for all of it, as an older program keeps its own.
    client: Client,
}

impl Migrating {
    /// A database at the first version, where that version's program has placed an order.
    async fn at_first() -> Migrating {
        let database = TestDatabase::create().await.unwrap();
        let client = database.client().await;
        client.batch_execute(FIRST).await.unwrap();
        client.batch_execute(APPLIED).await.unwrap();
        client
            .batch_execute(
                "INSERT INTO buyers (id, created_at) \
                 VALUES ('00000000-0000-0002-0000-000000000001', '2026-11-21T02:00:00Z'); \
                 INSERT INTO api_keys VALUES (decode(repeat('03', 32), 'hex'), 'k-1', 'till', \
                 ARRAY['viewer'], NULL, '2026-11-21T02:00:00Z')",
            )
            .await
            .unwrap();
        let migrating = Migrating { database, client };
        assert_eq!(migrating.commit(&old_placement(1)).await, "committed");
        migrating
    }

    /// A database at the second version, which that version's program uses.
    async fn at_second() -> Migrating {
        let migrating = Migrating::at_first().await;
        migrating.client.batch_execute(SECOND).await.unwrap();
        migrating.client.batch_execute(APPLIED_SECOND).await.unwrap();
        migrating
    }

    /// Down, as an operator would: the script, and what the tool remembers of it.
    async fn down(&self, version: &str) {
        self.client.batch_execute(down_of(version)).await.unwrap();
        let forget = "DELETE FROM __diesel_schema_migrations WHERE version = $1";
        assert_eq!(self.client.execute(forget, &[&version]).await.unwrap(), 1);
    }

    /// Down to the version before this one.
    async fn down_below(&self, version: &str) {
        for (newer, _) in DOWNS.iter().filter(|(newer, _)| *newer >= version) {
            self.down(newer).await;
        }
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        self.client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    async fn up(&self) -> PostgresStore {
        let settings = ConnectSettings { pool_max: 2, ..ConnectSettings::new(self.database.url()) };
        let store = PostgresStore::connect(settings).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// As the program of the version before commits: with the columns that it knows.
    async fn commit(&self, sheet: &Value) -> String {
        let sql = format!("SELECT paydesk_commit('{sheet}'::jsonb)");
        self.client.query_one(&sql, &[]).await.unwrap().get(0)
    }

    async fn schema(&self) -> String {
        self.client.query_one(SCHEMA, &[]).await.unwrap().get(0)
    }
}

fn number(n: u8) -> OrderNumber {
    OrderNumber::compose(sample::start(), Some(sample::user(1)), u64::from(n))
}

fn old_order(n: u8, version: u8) -> Value {
    json!({
        "id": format!("00000000-0000-0001-0000-0000000000{n:02}"),
        "order_number": number(n).as_str(), "purpose": "goods",
        "buyer_id": "00000000-0000-0002-0000-000000000001", "merchant_ref": null,
        "status": "pending_payment", "payment_status": "unpaid", "payment_method": "wechat",
        "converting": false, "items_fen": 500, "discount_fen": 0, "delivery_fen": 0,
        "rush_fen": 0, "total_fen": 500, "metadata": {}, "cancel_cause": null,
        "lines": [{"line_no": 1, "sku_id": "tea", "title": "tea", "quantity": 1,
                   "unit_price_fen": 500, "amount_fen": 500, "discount_fen": 0}],
        "checkout": {"captured_items": [], "address_id": null, "address": null,
                     "coupon_id": null, "rush": false, "remark": null},
        "version": version, "created_at": "2026-11-21T02:00:00Z",
        "pay_deadline": "2026-11-21T02:30:00Z", "paid_at": null, "cancelled_at": null,
    })
}

fn old_sheet(n: u8, version: u8) -> Value {
    json!({
        "command_id": format!("old-{n}-{version}"), "at": "2026-11-21T02:00:00Z",
        "actor": "test", "order_id": format!("00000000-0000-0001-0000-0000000000{n:02}"),
        "expected_version": if version == 1 { Value::Null } else { json!(version - 1) },
        "inbox": [], "fence": [], "orders": [old_order(n, version)], "payments": [],
        "settlements": [], "refunds": [], "holds": [], "jobs_remove": [], "jobs_ensure": [],
        "open_orders": [], "list": [], "prices": {}, "stock": [], "outbox": [], "cases": [],
        "audit": [], "idempotency": [],
    })
}

fn old_placement(n: u8) -> Value {
    let mut sheet = old_sheet(n, 1);
    let number = number(n);
    sheet["payments"] = json!([{
        "order_id": sheet["order_id"], "payment_no": 1, "mchid": "1900000109",
        "appid": "wxd678efh567hg6787", "out_trade_no": number.as_str(), "trade_type": "JSAPI",
        "payer_openid": "o-alice", "amount_fen": 500, "description": "tea", "attach": "a",
        "time_expire": "2026-11-21T02:30:00Z", "prepay_body": "{}", "status": "created",
        "refund_reserved_fen": 0, "created_at": "2026-11-21T02:00:00Z",
    }]);
    sheet["jobs_ensure"] = json!([{"kind": "expire_order", "subject": number.as_str(),
        "due_at": "2026-11-21T02:30:00Z"}, {"kind": "follow_payment", "subject": number.as_str(),
        "due_at": "2026-11-21T02:00:05Z"}]);
    sheet["idempotency"] = json!([{"principal": "buyer:test", "route": "POST /test",
        "key": format!("old-{n}"), "fingerprint": "f", "order_id": sheet["order_id"],
        "reused": false, "recorded_at": "2026-11-21T02:00:00Z"}]);
    sheet
}

async fn load(store: &PostgresStore, n: u8) -> Order {
    store.load(&OrderKey::Number(number(n))).await.unwrap().expect("an order").value
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_the_version_before_are_read_and_go_on() {
    let migrating = Migrating::at_first().await;
    let store = migrating.up().await;
    let order = load(&store, 1).await;
    assert_eq!((order.version, order.status), (1, OrderStatus::PendingPayment));
    assert_eq!((order.payer_report, order.checkout.trade_type), (None, None));
    assert_eq!((order.shipments.len(), order.delivered_at, order.completed_at), (0, None, None));
    let replay = store.replay(&sample::scope("old-1")).await.unwrap().expect("a record");
    assert_eq!((replay.order, replay.payment), (Some(order.id), None));
    let key = store.api_key([3; 32]).await.unwrap().expect("a key");
    assert_eq!((key.id.as_str(), key.revoked_at), ("k-1", None));
    let jobs = store.claim(sample::start().plus_seconds(9_999), 9, 600_000).await.unwrap();
    assert_eq!(jobs.len(), 2);
    assert!(jobs.iter().all(|job| !job.wanted));
    let start = Command::StartPayment(sample::new_payment(TradeType::Native));
    let answer = store.commit(deciding(&order, &start, sample::intent("start"))).await;
    assert_eq!(answer, CommitAnswer::Committed);
    assert_eq!(load(&store, 1).await.payments.len(), 2);
}

/// As the program of the second version writes an order that is paid too late.
fn second_surplus(n: u8, version: u8) -> Value {
    let mut sheet = old_sheet(n, version);
    let mut order = old_order(n, version);
    order["status"] = json!("cancelled");
    order["cancel_cause"] = json!("buyer");
    order["cancelled_at"] = json!("2026-11-21T02:10:00Z");
    for (column, value) in [
        ("payer_report", Value::Null),
        ("payer_reported_at", Value::Null),
        ("shipments", json!([])),
        ("delivered_at", Value::Null),
        ("completed_at", Value::Null),
    ] {
        order[column] = value;
    }
    sheet["orders"] = json!([order]);
    let mut payment = old_placement(n)["payments"][0].clone();
    for (column, value) in [
        ("status", "surplus"),
        ("surplus_cause", "late"),
        ("transaction_id", "T-9"),
        ("receipt_appid", "wxd678efh567hg6787"),
        ("currency", "CNY"),
        ("success_at", "2026-11-21T02:20:00Z"),
    ] {
        payment[column] = json!(value);
    }
    payment["paid_fen"] = json!(500);
    payment["refund_reserved_fen"] = json!(500);
    sheet["payments"] = json!([payment]);
    sheet["refunds"] = json!([{
        "mchid": "1900000109", "out_refund_no": format!("{}-S", number(n)),
        "order_id": sheet["order_id"], "refund_no": 1, "payment_no": 1, "amount_fen": 500,
        "reason": "late", "kind": "surplus", "status": "requested",
        "created_at": "2026-11-21T02:20:00Z",
    }]);
    sheet
}

/// While a new version is rolled out, both write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_of_the_version_before_goes_on_and_forgets_nothing() {
    let migrating = Migrating::at_second().await;
    let store = migrating.up().await;
    assert_eq!(migrating.commit(&old_placement(2)).await, "committed");
    assert_eq!(load(&store, 2).await.shipments, []);

    let order = load(&store, 1).await;
    let report = Command::NoteReport(domain::order::PayerResult::Ok);
    let answer = store.commit(deciding(&order, &report, sample::intent("report"))).await;
    assert_eq!(answer, CommitAnswer::Committed);
    let reported = load(&store, 1).await;
    assert_eq!(migrating.commit(&old_sheet(1, 3)).await, "committed");
    assert_eq!(load(&store, 1).await, Order { version: 3, ..reported });

    // It loads by the function that it knows.
    let sql =
        format!("SELECT paydesk_load(NULL, '{}', NULL)->'found'->'order'->>'version'", number(1));
    assert_eq!(migrating.texts(&sql).await, ["3"]);
}

/// The new program goes on with what the old one records meanwhile: money that nobody is promised to
/// send back, in a life of the database that was not noted, with effects that were not named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_program_of_the_version_before_records_is_looked_after() {
    let migrating = Migrating::at_second().await;
    let store = migrating.up().await;
    assert_eq!(migrating.commit(&second_surplus(1, 2)).await, "committed");
    assert_eq!(migrating.commit(&old_placement(2)).await, "committed");
    let order = load(&store, 1).await;
    let [refund] = order.refunds.as_slice() else { panic!("{:?}", order.refunds) };
    assert_eq!((refund.asked_by, refund.actor.as_str()), (Asker::Paydesk, "paydesk"));
    assert_eq!((&refund.state, refund.sent_at), (&RefundState::Requested, None));
    let found = store.sweep(sample::start(), 9).await.unwrap();
    assert_eq!(found, [JobId::refund(&refund.out_refund_no)]);

    assert_eq!(load(&store, 2).await.epoch, Epoch::default(), "nobody noted it");
    let again = deciding(
        &order,
        &Command::SendRefund { out_refund_no: refund.out_refund_no.clone() },
        sample::intent("send"),
    );
    assert_eq!(store.commit(again).await, CommitAnswer::Committed);

    // What it did is not done again by the new one, and is no reason to refuse the old one.
    let effects = "SELECT effect_key FROM effects WHERE effect_key ~ '^(settled|cancelled|surplus):' \
                   ORDER BY 1";
    let cancelled = format!("cancelled:{}", order.id);
    let surplus = format!("surplus:{}", number(1));
    assert_eq!(migrating.texts(effects).await, [cancelled, surplus]);
}

/// What happened before effects had names has them as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_before_cannot_happen_again() {
    let migrating = Migrating::at_second().await;
    assert_eq!(migrating.commit(&second_surplus(1, 2)).await, "committed");
    let store = migrating.up().await;
    let order = load(&store, 1).await;
    for effect in [format!("cancelled:{}", order.id), format!("surplus:{}", number(1))] {
        let mut twice = Changeset::without_order(sample::intent("twice"), sample::start());
        twice.effects = vec![effect.clone()];
        let refused = CommitAnswer::GuardRefused(Refusal::EffectTaken(effect));
        assert_eq!(store.commit(twice).await, refused);
    }
}
