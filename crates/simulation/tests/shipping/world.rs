//! One world: some paid orders, what people do with them, and what must be true in the end.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use domain::case::{CaseAction, CaseKind};
use domain::catalogue::{SkuDraft, SkuId, SkuStatus};
use domain::changeset::{Audit, Changeset, Intent, ReplayRecord, ReplayScope};
use domain::fact::{Evidence, PaymentFact, Receipt, Trade};
use domain::job::JobKind;
use domain::names::{Appid, Mchid, Openid, TransactionId};
use domain::order::{
    Checkout, Command, Decision, NewPayment, Order, PlacedMethod, Placement, PrepayAnswer,
};
use domain::payment::{Credential, TradeType};
use domain::ports::*;
use domain::pricing::{PricingInput, price};
use domain::shipment::{LogisticsType, Package, ShipmentDraft};
use domain::{CommandId, Fen, OrderId, OrderNumber, OutTradeNo, UserId};
use secrecy::SecretString;
use serde_json::{Value, json};
use store_memory::MemoryStore;
use usecases::{Keyed, Paydesk};
use uuid::Uuid;
use wechatpay::MiniProgramShipping;

use crate::desk::desk;
use crate::mistakes::{Mistake, Mistaken};
use crate::outside::{APPID, Chance, Hand, MCHID, Outside, Way, start, text};

pub(crate) const ALL_TOLD: &str =
    "what was shipped is known to WeChat, whole, or a person has a case";
pub(crate) const NEVER_TWICE: &str = "nothing is told twice";
const NO_WORK_LEFT: &str = "reports end when nothing is in their way";

const ORDERS: u64 = 3;

/// What a world has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    faults: u64,
    parts: u64,
    whole: u64,
    refunded: u64,
    tried_again: u64,
    left_in_hand: u64,
    cases: u64,
}

impl Seen {
    pub(crate) fn add(&mut self, other: &Seen) {
        self.faults += other.faults;
        self.parts += other.parts;
        self.whole += other.whole;
        self.refunded += other.refunded;
        self.tried_again += other.tried_again;
        self.left_in_hand += other.left_in_hand;
        self.cases += other.cases;
    }

    pub(crate) fn reached(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("faults", self.faults),
            ("parts", self.parts),
            ("whole", self.whole),
            ("refunded", self.refunded),
            ("left in hand", self.left_in_hand),
        ]
    }
}

pub(crate) struct World {
    clock: Arc<Hand>,
    chance: Arc<Chance>,
    outside: Arc<Outside>,
    store: Arc<MemoryStore>,
    desk: Paydesk,
    orders: Vec<OrderId>,
    packages: u64,
    commands: u64,
    pub(crate) seen: Seen,
}

impl World {
    pub(crate) fn new(seed: u64, mistake: Option<Mistake>) -> World {
        let (clock, chance) = (Arc::new(Hand::at_start()), Arc::new(Chance::new(seed)));
        let outside = Arc::new(Outside::new(clock.clone(), chance.clone()));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let identity = (Appid::new(APPID), SecretString::from("secret"));
        let way = Arc::new(Way(outside.clone()));
        let client = MiniProgramShipping::over(identity, way, clock.clone());
        let mut shipping: Arc<dyn ShippingManagement> = Arc::new(client);
        if let Some(mistake) = mistake {
            shipping = Arc::new(Mistaken { inner: shipping, mistake });
        }
        let desk = desk(&store, &clock, shipping);
        let mut world = World {
            clock,
            chance,
            outside,
            store,
            desk,
            orders: Vec::new(),
            packages: 0,
            commands: 0,
            seen: Seen::default(),
        };
        world.stock();
        for n in 0..ORDERS {
            world.open_paid_order(n);
        }
        world
    }

    fn stock(&mut self) {
        let draft = SkuDraft {
            id: SkuId::parse("tea").unwrap(),
            title: "茶".to_owned(),
            price: Fen::new(100),
            cost_price: Fen::ZERO,
            status: SkuStatus::OnSale,
        };
        let put = now(self.store.put_sku(&draft, None, &audit(), start()));
        assert!(put.is_ok());
        let change = StockChange {
            sku_id: draft.id,
            delta: 100,
            reason: "sim".to_owned(),
            audit: audit(),
            replay: ReplayRecord {
                scope: scope("stock"),
                fingerprint: "f".to_owned(),
                order: None,
                payment: None,
                reused: false,
                recorded_at: start(),
            },
        };
        assert!(now(self.store.move_stock(&change)).is_ok());
    }

    /// Placed, and paid inside WeChat, here and there.
    fn open_paid_order(&mut self, n: u64) {
        let buyer = UserId::new(Uuid::from_u128(7));
        let sku = now(self.store.sku(&SkuId::parse("tea").unwrap())).unwrap().unwrap();
        let placement = Placement {
            id: OrderId::new(Uuid::from_u64_pair(1, n)),
            number: OrderNumber::compose(start(), Some(buyer), n),
            buyer,
            breakdown: price(&PricingInput::of_goods(vec![(&sku, 1)])).unwrap(),
            checkout: Checkout::default(),
            method: PlacedMethod::Online,
            coupon: None,
            pay_deadline: start().plus_seconds(1_800),
            payment: Some(NewPayment {
                trade_type: TradeType::Jsapi,
                mchid: Mchid::new(MCHID),
                appid: Appid::new(APPID),
                payer: Some(Openid::new("alice")),
                client_ip: None,
                deployment_id: "sim".to_owned(),
            }),
            wallet: None,
        };
        let epoch = now(self.store.epoch()).unwrap();
        let events = placement.decide(start(), &epoch, &|_| "{}".to_owned()).unwrap();
        let intent = self.intent();
        let placed = Changeset::of(None, events, Vec::new(), intent, start()).unwrap();
        assert_eq!(now(self.store.commit(placed)), CommitAnswer::Committed);
        self.orders.push(placement.id);
        let number = OutTradeNo::of_payment(&placement.number, 1);
        let credential = Credential::PrepayId("wx-prepay".to_owned());
        let answer = PrepayAnswer::Accepted(credential);
        self.tell(placement.id, &Command::RecordPrepay { out_trade_no: number.clone(), answer });
        let ordered = json!({"out_trade_no": number.as_str(), "total_fen": 100, "openid": "alice",
            "notify_url": "https://pay.example.com/notify"});
        let form = serde_json::from_value(ordered).unwrap();
        self.outside.visit(|core, ports| core.order_elsewhere(form, ports)).unwrap();
        let trade = self
            .outside
            .visit(|core, ports| core.pay(number.as_str(), Default::default(), ports))
            .unwrap();
        let receipt = Receipt {
            transaction_id: TransactionId::new(text(&trade["transaction_id"])),
            appid: Appid::new(APPID),
            amount: Fen::new(100),
            currency: "CNY".to_owned(),
            payer_total: Some(Fen::new(100)),
            payer: Some(Openid::new("alice")),
            success_at: self.clock.now(),
        };
        let evidence = Evidence::Query { request_id: None };
        let trade = Trade::Success(receipt);
        let fact = PaymentFact::attested(evidence, Mchid::new(MCHID), number, trade, None);
        self.tell(placement.id, &Command::RecordFact(fact));
    }

    /// Something happens, or some time passes.
    pub(crate) fn step(&mut self) {
        match self.chance.draw(16) {
            0..=3 => self.ship(),
            4 => self.refund(),
            5 => self.outside.force_a_token(),
            6 => self.try_again(),
            7..=9 => {
                let seconds = [1, 7, 40, 400, 3_700, 8_000, 40_000][self.pick(7)];
                self.clock.advance(seconds);
            }
            _ => self.work(),
        }
    }

    fn pick(&self, bound: u64) -> usize {
        usize::try_from(self.chance.draw(bound)).unwrap()
    }

    fn ship(&mut self) {
        let order = self.orders[self.pick(ORDERS)];
        self.packages += 1;
        let package = |number: String| Package {
            express_company: Some("ZTO".to_owned()),
            tracking_no: Some(number),
            item_desc: "茶".to_owned(),
            contact: None,
        };
        let mut packages = vec![package(format!("Z{}", self.packages))];
        if self.chance.draw(4) == 0 {
            packages.push(package(format!("Y{}", self.packages)));
        }
        let is_all_delivered = self.chance.draw(2) == 0;
        let logistics_type = LogisticsType::Express;
        let draft = ShipmentDraft { logistics_type, packages, is_all_delivered };
        if self.tell(order, &Command::Ship(draft)) {
            let count = if is_all_delivered { &mut self.seen.whole } else { &mut self.seen.parts };
            *count += 1;
        }
    }

    /// At the merchant's console, all of it; we hear of it later, or never.
    fn refund(&mut self) {
        let order = self.order(self.orders[self.pick(ORDERS)]);
        if self.chance.draw(3) != 0 {
            return;
        }
        let number = OutTradeNo::of_payment(&order.number, 1);
        let form = json!({"out_trade_no": number.as_str(), "out_refund_no": format!("C-{number}")});
        let form = serde_json::from_value(form).unwrap();
        let made = self.outside.visit(|core, ports| core.refund_elsewhere(form, ports));
        self.seen.refunded += u64::from(made.is_ok());
    }

    /// A person has every case tried again.
    fn try_again(&mut self) {
        for case in self.cases() {
            self.commands += 1;
            let keyed = Keyed {
                scope: scope(&format!("retry-{}", self.commands)),
                fingerprint: "f".to_owned(),
                request_id: "r".to_owned(),
            };
            let by = audit();
            let decided = self.desk.decide_case(case.0, &CaseAction::Retry, &by, &keyed);
            self.seen.tried_again += u64::from(now(decided).is_ok());
        }
    }

    /// Whatever is due is done; now and then a worker dies with a job in hand, or its last word is lost.
    fn work(&mut self) {
        let due = now(self.store.claim(self.clock.now(), 4, 60_000)).unwrap();
        for job in due {
            if self.outside.is_stormy.load(Ordering::Relaxed) && self.chance.draw(8) == 0 {
                self.seen.left_in_hand += 1;
                continue;
            }
            now(self.desk.perform(&job));
            if self.chance.draw(8) == 0 {
                now(self.desk.perform(&job));
            }
        }
    }

    /// Faults cease; there is time for what was put off.
    pub(crate) fn calm_down(&mut self) {
        self.outside.is_stormy.store(false, Ordering::Relaxed);
        for _ in 0..300 {
            if self.report_jobs() == 0 {
                break;
            }
            self.clock.advance(61);
            self.work();
        }
        self.seen.faults = self.outside.faults.load(Ordering::Relaxed);
        self.seen.cases = u64::try_from(self.cases().len()).unwrap();
    }

    fn report_jobs(&self) -> usize {
        let is_report = |kind: JobKind| kind == JobKind::ReportShipment;
        self.store
            .view(|stored| stored.jobs().filter(|job| is_report(job.id.kind)).count())
            .unwrap()
    }

    fn cases(&self) -> Vec<(domain::CaseId, String)> {
        let query = CaseList {
            kind: Some(CaseKind::ShippingInfo),
            status: None,
            subject: None,
            opened_from: None,
            opened_to: None,
            after: None,
            limit: 100,
        };
        let listed = now(self.store.cases(&query)).unwrap().cases;
        let open = listed.into_iter().filter(|case| !case.status.is_final());
        open.map(|case| (case.id, case.subject)).collect()
    }

    pub(crate) fn broken_promises(&self) -> Vec<String> {
        let mut broken = Vec::new();
        if self.report_jobs() > 0 {
            broken.push(NO_WORK_LEFT.to_owned());
        }
        let cases: Vec<String> = self.cases().into_iter().map(|(_, subject)| subject).collect();
        let uploads = self.uploads();
        for id in &self.orders {
            let order = self.order(*id);
            let number = OutTradeNo::of_payment(&order.number, 1);
            let known = self.outside.visit(|core, ports| core.shipping(number.as_str(), ports));
            let known = known.unwrap();
            let has_case = cases.iter().any(|subject| *subject == order.number.as_str());
            if known["order_state"] != 5 && !has_case && !is_known(&order, &known["shipping"]) {
                broken.push(format!("{ALL_TOLD}: {number} {:?} {known}", order.shipments.len()));
            }
            let told = uploads.get(number.as_str()).copied().unwrap_or(0);
            let (shipments, again) =
                (order.shipments.len(), known["shipping"]["finish_shipping_count"].as_i64());
            if told > shipments || again.is_some_and(|times| times > 1) {
                broken.push(format!("{NEVER_TWICE}: {number} of {shipments} told {told} {known}"));
            }
        }
        broken
    }

    /// How many reports of each payment were new.
    fn uploads(&self) -> BTreeMap<String, usize> {
        let ledger = self.outside.visit(|core, ports| core.ledger(ports.at.business));
        let of_kind = |count: &&Value| count["kind"] == "upload_shipping_info";
        let counts = ledger["calls"].as_array().unwrap().iter().filter(of_kind);
        let times = |count: &Value| usize::try_from(count["effective"].as_u64().unwrap()).unwrap();
        counts.map(|count| (text(&count["out_trade_no"]).to_owned(), times(count))).collect()
    }

    fn order(&self, id: OrderId) -> Order {
        now(self.store.load(&OrderKey::Id(id))).unwrap().unwrap().value
    }

    /// Decides and commits; whether anything came of it.
    fn tell(&mut self, id: OrderId, command: &Command) -> bool {
        let order = self.order(id);
        let at = self.clock.now();
        let Ok(Decision::Record(events)) = order.decide(command, at) else { return false };
        let intent = self.intent();
        let changeset = Changeset::of(Some(&order), events, Vec::new(), intent, at).unwrap();
        now(self.store.commit(changeset)) == CommitAnswer::Committed
    }

    fn intent(&mut self) -> Intent {
        self.commands += 1;
        Intent {
            command_id: CommandId::stored(format!("sim:{}", self.commands)),
            audit: audit(),
            inbox: None,
            fence: None,
            replay: None,
        }
    }
}

/// Whether every package of the order is known, and whether it is all.
fn is_known(order: &Order, shipping: &Value) -> bool {
    let shipped = order.shipments.iter().flat_map(|shipment| &shipment.draft.packages);
    let mut shipped: Vec<&str> = shipped.filter_map(|one| one.tracking_no.as_deref()).collect();
    let known = shipping["shipping_list"].as_array().cloned().unwrap_or_default();
    let mut known: Vec<&str> = known.iter().map(|one| text(&one["tracking_no"])).collect();
    shipped.sort_unstable();
    known.sort_unstable();
    let is_all = shipping["finish_shipping"].as_bool().unwrap_or(false);
    shipped == known && is_all == order.is_all_shipped()
}

fn audit() -> Audit {
    Audit { actor: "sim".to_owned(), cause: "sim".to_owned(), request_id: None }
}

fn scope(key: &str) -> ReplayScope {
    ReplayScope { principal: "sim".to_owned(), route: "POST /".to_owned(), key: key.to_owned() }
}

/// Nothing here waits for anything.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("something waits"),
    }
}
