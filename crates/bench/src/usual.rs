//! The usual way to sell a thing, as something to compare with: a handler that takes the row of the SKU
//! first (`SELECT … FOR UPDATE`), so that it may look at what is left, and then runs one statement after the
//! other, each a round trip of its own, until its commit.
//!
//! It reads what the service reads for the same request and writes the same rows, under the same rules of
//! the schema. May not be slower than such a handler has to be: its statements are prepared once, its
//! connections are kept, as many as the service has; it speaks no more HTTP than its client, logs nothing,
//! and looks at nothing of a request but what it needs.

mod wire;

use crate::database::Database;
use anyhow::{Context as _, Result, ensure};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_postgres::Statement;
use wire::Order;

/// As many as the service has.
const CONNECTIONS: usize = 16;
const ROUTE: &str = "POST /api/mini/orders";
/// As the service's.
const OPEN_ORDERS_MAX: i64 = 5;

const SESSION: &str =
    "SELECT buyer_id::text FROM sessions WHERE token_hash = $1 AND expires_at > now()";
const KNOWN: &str =
    "SELECT order_id::text FROM idempotency WHERE principal = $1 AND route = $2 AND key = $3";
const ADDRESS: &str =
    "SELECT name, phone, region, detail FROM addresses WHERE buyer_id = $1::text::uuid AND id = $2";
const LINE: &str = "SELECT sku_id, quantity::bigint FROM purchase_list_items \
    WHERE buyer_id = $1::text::uuid AND id = $2 AND captured_by IS NULL";
/// From here on whoever wants the same waits.
const LOCK: &str =
    "SELECT title, price_fen, available FROM skus WHERE id = $1 AND status = 'on_sale' FOR UPDATE";
const OPEN: &str = "SELECT count(*) FROM orders WHERE buyer_id = $1::text::uuid \
    AND status IN ('pending_payment', 'cancelling', 'ready') AND payment_status = 'unpaid'";
const PLACE: &str = "INSERT INTO orders (id, order_number, purpose, buyer_id, status, payment_status, \
        payment_method, converting, lines, items_fen, discount_fen, delivery_fen, rush_fen, total_fen, \
        checkout, metadata, version, created_at, epoch, pay_deadline, shipments) \
    VALUES (gen_random_uuid(), $1, 'goods', $2::text::uuid, 'pending_payment', 'unpaid', 'wechat', false, \
        $3::text::jsonb, $4, 0, 0, 0, $4, $5::text::jsonb, '{}', 1, now(), '00000001.0', \
        now() + interval '15 minutes', '[]') RETURNING id::text";
const EFFECT: &str = "INSERT INTO effects (effect_key, committed_at) VALUES ($1, now())";
const KEY: &str = "INSERT INTO idempotency (principal, route, key, fingerprint, order_id, reused, \
        recorded_at) VALUES ($1, $2, $3, $4, $5::text::uuid, false, now())";
const HOLD: &str = "INSERT INTO stock_holds (order_id, line_no, sku_id, quantity, returned_quantity, \
        status) VALUES ($1::text::uuid, 1, $2, $3::bigint, 0, 'held')";
const JOB: &str = "INSERT INTO jobs (kind, subject, due_at) \
    VALUES ('expire_order', $1, now() + interval '15 minutes')";
const CAPTURE: &str = "UPDATE purchase_list_items SET captured_by = $1::text::uuid \
    WHERE buyer_id = $2::text::uuid AND id = $3 AND captured_by IS NULL";
const MOVE: &str = "INSERT INTO stock_moves (sku_id, kind, quantity, order_id, line_no, actor, moved_at) \
    VALUES ($1, 'hold', $2, $3::text::uuid, 1, $4, now())";
const EVENT: &str = "INSERT INTO outbox (event_id, order_id, seq, type, version, created_at) \
    VALUES ($1, $2::text::uuid, 16, 'order.created', 1, now())";
const AUDIT: &str = "INSERT INTO audit (order_id, seq, subject, actor, cause, events, at) \
    VALUES ($1::text::uuid, 1, $2, $3, 'checkout', $4::text::jsonb, now())";
const TAKE: &str = "UPDATE skus SET available = available - $1, held = held + $1 WHERE id = $2";

/// A shop that answers; it closes when it is dropped.
pub(crate) struct UsualShop {
    pub(crate) addr: SocketAddr,
    _answering: JoinSet<()>,
}

/// What came of an order.
enum Placed {
    New { body: String },
    SoldOut,
}

/// The shop's connections.
struct Counter {
    room: Semaphore,
    free: Mutex<Vec<Seller>>,
    numbers: AtomicU64,
}

/// A connection with its statements.
struct Seller {
    database: Database,
    of: Statements,
}

struct Statements {
    session: Statement,
    known: Statement,
    address: Statement,
    line: Statement,
    lock: Statement,
    open: Statement,
    place: Statement,
    effect: Statement,
    key: Statement,
    hold: Statement,
    job: Statement,
    capture: Statement,
    moved: Statement,
    event: Statement,
    audit: Statement,
    take: Statement,
}

impl UsualShop {
    /// Opens on the database at `url`. Its orders are numbered from `first` on.
    pub(crate) async fn open(url: &str, first: u64) -> Result<UsualShop> {
        let mut sellers = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            sellers.push(Seller::connect(url).await?);
        }
        let counter = Arc::new(Counter {
            room: Semaphore::new(CONNECTIONS),
            free: Mutex::new(sellers),
            numbers: AtomicU64::new(first),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let mut answering = JoinSet::new();
        answering.spawn(async move {
            let mut each = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let counter = Arc::clone(&counter);
                // A caller of whom something is not understood is hung up on, and says so.
                each.spawn(async move {
                    let sell = |order: Order| {
                        let counter = Arc::clone(&counter);
                        async move { counter.answer(&order).await }
                    };
                    wire::answer_all(stream, sell).await.unwrap_or_default();
                });
            }
        });
        Ok(UsualShop { addr, _answering: answering })
    }
}

impl Counter {
    /// Status and body.
    async fn answer(&self, order: &Order) -> (u16, String) {
        match self.sell(order).await {
            Ok(Placed::New { body }) => (201, body),
            Ok(Placed::SoldOut) => (409, json!({"code": "out_of_stock"}).to_string()),
            Err(why) => (500, json!({"detail": format!("{why:#}")}).to_string()),
        }
    }

    async fn sell(&self, order: &Order) -> Result<Placed> {
        let _room = self.room.acquire().await?;
        let seller = self.free().pop().context("nobody is free")?;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let sold = seller.sell(order, &format!("P20260101000000{number:014}")).await;
        if !matches!(sold, Ok(Placed::New { .. })) {
            seller.database.run("ROLLBACK").await?;
        }
        self.free().push(seller);
        sold
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Seller>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seller {
    async fn connect(url: &str) -> Result<Seller> {
        let database = Database::connect(url).await?;
        let of = Statements {
            session: database.prepare(SESSION).await?,
            known: database.prepare(KNOWN).await?,
            address: database.prepare(ADDRESS).await?,
            line: database.prepare(LINE).await?,
            lock: database.prepare(LOCK).await?,
            open: database.prepare(OPEN).await?,
            place: database.prepare(PLACE).await?,
            effect: database.prepare(EFFECT).await?,
            key: database.prepare(KEY).await?,
            hold: database.prepare(HOLD).await?,
            job: database.prepare(JOB).await?,
            capture: database.prepare(CAPTURE).await?,
            moved: database.prepare(MOVE).await?,
            event: database.prepare(EVENT).await?,
            audit: database.prepare(AUDIT).await?,
            take: database.prepare(TAKE).await?,
        };
        Ok(Seller { database, of })
    }

    /// Leaves a transaction open unless the order is placed.
    async fn sell(&self, order: &Order, number: &str) -> Result<Placed> {
        let (database, of) = (&self.database, &self.of);
        let hash = digest(&SHA256, order.token.as_bytes());
        let session = database.prepared(&of.session, &[&hash.as_ref()]).await?;
        let buyer: String = session.first().context("nobody's token")?.try_get(0)?;
        let actor = format!("buyer:{buyer}");
        let known = database.prepared(&of.known, &[&actor, &ROUTE, &order.key]).await?;
        ensure!(known.is_empty(), "the key was used before");
        let address = database.prepared(&of.address, &[&buyer, &order.address]).await?;
        let address = address.first().context("no such address")?;
        let address: [String; 4] =
            [address.try_get(0)?, address.try_get(1)?, address.try_get(2)?, address.try_get(3)?];
        let line = database.prepared(&of.line, &[&buyer, &order.item]).await?;
        let line = line.first().context("no such line")?;
        let (sku, quantity): (String, i64) = (line.try_get(0)?, line.try_get(1)?);

        database.run("BEGIN").await?;
        let locked = database.prepared(&of.lock, &[&sku]).await?;
        let locked = locked.first().context("not on sale")?;
        let (title, price): (String, i64) = (locked.try_get(0)?, locked.try_get(1)?);
        if locked.try_get::<_, i64>(2)? < quantity {
            return Ok(Placed::SoldOut);
        }
        let open: i64 = database.prepared(&of.open, &[&buyer]).await?[0].try_get(0)?;
        ensure!(open < OPEN_ORDERS_MAX, "too many open orders");
        let total = price.saturating_mul(quantity);
        let lines = json!([{"line_no": 1, "sku_id": sku, "title": title, "quantity": quantity,
            "unit_price_fen": price, "amount_fen": total, "discount_fen": 0}]);
        let checkout = checkout(order, &address);
        let (shown, kept) = (lines.to_string(), checkout.to_string());
        let placed =
            database.prepared(&of.place, &[&number, &buyer, &shown, &total, &kept]).await?;
        let id: String = placed.first().context("no order")?.try_get(0)?;
        let name = format!("{actor} {ROUTE} {}", order.key);
        database.prepared(&of.effect, &[&name]).await?;
        let print = format!("{:?}", digest(&SHA256, order.body.as_bytes()));
        database.prepared(&of.key, &[&actor, &ROUTE, &order.key, &print, &id]).await?;
        database.prepared(&of.hold, &[&id, &sku, &quantity]).await?;
        database.prepared(&of.job, &[&number]).await?;
        database.prepared(&of.capture, &[&id, &buyer, &order.item]).await?;
        database.prepared(&of.moved, &[&sku, &quantity, &id, &actor]).await?;
        database.prepared(&of.event, &[&format!("evt_{number}_16"), &id]).await?;
        let events = json!([{"event": "placed", "lines": 1, "coupon": null, "total_fen": total}]);
        database.prepared(&of.audit, &[&id, &number, &actor, &events.to_string()]).await?;
        database.prepared(&of.take, &[&quantity, &sku]).await?;
        database.run("COMMIT").await?;
        let body = json!({"order": {"id": id, "order_number": number, "status": "pending_payment",
            "total_fen": total, "lines": lines}});
        Ok(Placed::New { body: body.to_string() })
    }
}

fn checkout(order: &Order, [name, phone, region, detail]: &[String; 4]) -> Value {
    json!({"rush": false, "remark": null, "coupon_id": null, "trade_type": null,
        "address_id": order.address, "captured_items": [order.item],
        "address": {"name": name, "phone": phone, "region": region, "detail": detail}})
}
