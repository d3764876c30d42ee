//! A client of the API, without a network.

use super::fake::Fake;
use crate::openapi::answers;
use crate::state::ApiState;
use crate::{ApiKey, ChangeBell, request_id, routes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::test::TestRequest;
use actix_web::{App, Error, body, test, web};
use domain::Fen;
use domain::catalogue::{Sku, SkuId, SkuStatus, StockLevel};
use domain::fact::Receipt;
use domain::ledger::Balances;
use domain::names::{Appid, Mchid, TransactionId};
use domain::order::{Order, OrderStatus, SettledBy, Settlement};
use domain::payment::PaymentState;
use domain::ports::{
    Access, ApiKeyRecord, BuyerBook, Catalogue, CouponBook, EventSink, JobQueue, Ledger,
    OrderStore, Packages, Role, ShopRules,
};
use domain::recharge::{Credit, PackageId, Promise, RechargePackage};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use usecases::{Epochs, Paydesk, QueryBudget, ReportRoom, Settings};

pub(in crate::tests) const PREPAY: &str = "/api/mini/wechat-pay/prepay-from-checkout";
pub(in crate::tests) const START_S: i64 = 1_800_000_000;

/// What came back.
#[derive(Debug)]
pub(in crate::tests) struct Said {
    pub(in crate::tests) status: u16,
    pub(in crate::tests) headers: BTreeMap<String, String>,
    pub(in crate::tests) text: String,
    pub(in crate::tests) body: Value,
}

impl Said {
    pub(in crate::tests) fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or(""))
    }

    pub(in crate::tests) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

type Answering = Pin<Box<dyn Future<Output = Said>>>;

/// The API over a [`Fake`], with a buyer who has an address and a tea that can be bought.
#[derive(Clone)]
pub(in crate::tests) struct Front {
    pub(in crate::tests) fake: Arc<Fake>,
    pub(in crate::tests) bell: Arc<ChangeBell>,
    pub(in crate::tests) buyer: String,
    pub(in crate::tests) operator: String,
    ask: Rc<dyn Fn(actix_http::Request) -> Answering>,
}

pub(in crate::tests) fn sku(id: &str, price: i64) -> Sku {
    Sku {
        id: SkuId::parse(id).unwrap(),
        title: "茶".to_owned(),
        price: Fen::new(price),
        cost_price: Fen::new(0),
        status: SkuStatus::OnSale,
        price_version: 3,
        stock: StockLevel { stocked: 10, available: 10, held: 0, sold: 0 },
        created_at: domain::Timestamp::from_seconds(0),
    }
}

pub(in crate::tests) fn state(fake: &Arc<Fake>, bell: &Arc<ChangeBell>) -> ApiState {
    state_over(fake, fake, bell)
}

/// The API's state over another store than the fake.
pub(in crate::tests) fn state_over<S>(
    fake: &Arc<Fake>,
    store: &Arc<S>,
    bell: &Arc<ChangeBell>,
) -> ApiState
where
    S: OrderStore
        + JobQueue
        + Catalogue
        + ShopRules
        + Packages
        + CouponBook
        + Ledger
        + BuyerBook
        + Access
        + 'static,
{
    let events: Arc<dyn EventSink> = bell.clone();
    let paydesk = Paydesk {
        orders: store.clone(),
        jobs: store.clone(),
        catalogue: store.clone(),
        rules: store.clone(),
        packages: store.clone(),
        ledger: store.clone(),
        coupons: store.clone(),
        book: store.clone(),
        access: store.clone(),
        cases: fake.clone(),
        invariants: fake.clone(),
        gateway: fake.clone(),
        notices: fake.clone(),
        login: fake.clone(),
        shipping: None,
        clock: fake.clone(),
        ids: fake.clone(),
        events,
        query_budget: QueryBudget::new(100),
        report_room: ReportRoom::default(),
        epochs: Epochs::default(),
        settings: Settings {
            deployment_id: "test".to_owned(),
            mchid: Mchid::new("1900000109"),
            appid: Appid::new("wx1"),
            mobile_appid: fake.lock().mobile_appid.clone(),
            checkout_deadline_s: 1_800,
            direct_deadline_s: 900,
            session_s: 3_600,
            longest_call_s: 5,
            pace: domain::Pace::DESIGNED,
            refund_approval_above: Fen::new(1_000),
        },
    };
    let runtime = tokio::runtime::Handle::current();
    ApiState::new(Arc::new(paydesk), bell.clone(), fake.clone(), runtime)
}

impl Front {
    /// Package `2`, a hundred points for everybody, and the id of a buyer who is there.
    pub(in crate::tests) fn offers_recharges(&self) -> String {
        let mut inner = self.fake.lock();
        let package = RechargePackage {
            id: PackageId::parse("2").unwrap(),
            title: "充值".to_owned(),
            price: Fen::new(500),
            promise: Promise { credit: Credit::Wallet, principal: 500, bonus: 50 },
            version: 1,
            set_at: domain::Timestamp::from_seconds(0),
        };
        inner.packages.insert(package.id.clone(), package);
        inner.balances = Balances { wallet: 0, points: 100, ..Balances::default() };
        inner.sessions.values().next().unwrap().buyer.to_string()
    }

    pub(in crate::tests) async fn open() -> Front {
        Front::open_with(Some(Appid::new("wx-app"))).await
    }

    pub(in crate::tests) async fn without_mobile_app() -> Front {
        Front::open_with(None).await
    }

    async fn open_with(mobile_appid: Option<Appid>) -> Front {
        let fake = Arc::new(Fake::default());
        fake.lock().mobile_appid = mobile_appid;
        fake.lock().now_s = START_S;
        fake.lock().skus.insert(SkuId::parse("tea").unwrap(), sku("tea", 1_250));
        let bell = Arc::new(ChangeBell::new());
        let state = state(&fake, &bell);
        let operator = key(&fake, "op", vec![Role::Operator]);
        let mut front = Front::over(fake, bell, state).await;
        front.operator = operator;
        front.buyer = front.buyer_with_address("alice").await;
        front
    }

    /// Nobody is there yet.
    pub(in crate::tests) async fn over(
        fake: Arc<Fake>,
        bell: Arc<ChangeBell>,
        state: ApiState,
    ) -> Front {
        let app = test::init_service(
            App::new()
                .app_data(web::Data::new(state))
                .wrap(from_fn(request_id::observe))
                .configure(|config| {
                    routes::configure(config, &routes::every().collect::<Vec<_>>());
                }),
        );
        let ask = asking(app.await);
        Front { fake, bell, buyer: String::new(), operator: String::new(), ask }
    }

    /// Logs in and books address 1: the token.
    pub(in crate::tests) async fn buyer_with_address(&self, code: &str) -> String {
        let said = self.send(TestRequest::post().uri("/api/mini/login"), json!({"code": code}));
        let token = said.await.body["token"].as_str().unwrap().to_owned();
        let address = json!({"name": "a", "phone": "13800000000", "region": "b", "detail": "c"});
        let said = self.call(&token, Method::POST, "/api/mini/addresses", address).await;
        assert_eq!(said.status, 201, "{said:?}");
        token
    }

    pub(in crate::tests) fn key(&self, id: &str, roles: Vec<Role>) -> String {
        key(&self.fake, id, roles)
    }

    pub(in crate::tests) async fn ask(&self, request: TestRequest) -> Said {
        (self.ask)(request.to_request()).await
    }

    /// A request whose body never comes.
    pub(in crate::tests) async fn ask_without_end(&self, request: TestRequest) -> Said {
        let (sender, payload) = actix_http::h1::Payload::create(false);
        let (request, _) = request.to_request().replace_payload(payload.into());
        let said = (self.ask)(request).await;
        // Until here the client might have gone on.
        drop(sender);
        said
    }

    pub(in crate::tests) async fn send(&self, request: TestRequest, body: Value) -> Said {
        self.ask(request.set_json(body)).await
    }

    /// A call with a credential; a `null` body is none.
    pub(in crate::tests) async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> Said {
        let request = request(token, method, path);
        if body.is_null() { self.ask(request).await } else { self.send(request, body).await }
    }

    pub(in crate::tests) async fn get(&self, path: &str) -> Said {
        self.call(&self.buyer, Method::GET, path, Value::Null).await
    }

    /// Who the buyer is.
    pub(in crate::tests) fn buyer_id(&self) -> domain::UserId {
        self.fake.lock().addresses.keys().next().expect("the buyer's address").0
    }

    /// Puts tea on the buyer's list.
    pub(in crate::tests) async fn want(&self, quantity: u32) {
        let item = json!({"sku_id": "tea", "quantity": quantity});
        let path = "/api/mini/purchase-list/items";
        let said = self.call(&self.buyer, Method::POST, path, item).await;
        assert_eq!(said.status, 201, "{said:?}");
    }

    /// The buyer's POST under a key of this number; a `null` body is none.
    pub(in crate::tests) async fn post(&self, key: u32, path: &str, body: Value) -> Said {
        self.post_as(&self.buyer, key, path, body).await
    }

    /// Anybody's POST under a key of this number; a `null` body is none.
    pub(in crate::tests) async fn post_as(
        &self,
        token: &str,
        key: u32,
        path: &str,
        body: Value,
    ) -> Said {
        let request = request(token, Method::POST, path);
        let request = request.insert_header(("Idempotency-Key", idempotency_key(key)));
        if body.is_null() { self.ask(request).await } else { self.send(request, body).await }
    }

    /// Places an order for one tea without a payment: its number.
    pub(in crate::tests) async fn placed(&self) -> String {
        self.want(1).await;
        let said = self.post(9_001, "/api/mini/orders", to_place()).await;
        assert_eq!(said.status, 201, "{said:?}");
        said.body["order_number"].as_str().unwrap().to_owned()
    }

    /// Checks out one tea: the number of the order that waits for its payment.
    pub(in crate::tests) async fn checked_out(&self) -> String {
        self.want(1).await;
        let said = self.pay(&idempotency_key(9_000), everything()).await;
        assert_eq!(said.status, 201, "{said:?}");
        said.body["order_number"].as_str().unwrap().to_owned()
    }

    /// Lets the fake store hold the order in another shape.
    pub(in crate::tests) fn bend(&self, number: &str, bend: impl FnOnce(&mut Order)) {
        let mut inner = self.fake.lock();
        let order = inner.orders.values_mut().find(|order| order.number.as_str() == number);
        bend(order.unwrap());
    }

    /// The order's money came: for its first payment, if it has one.
    pub(in crate::tests) fn settle(&self, number: &str) {
        let at = domain::Timestamp::from_seconds(START_S);
        self.bend(number, |order| {
            order.status = OrderStatus::Ready;
            order.paid_at = Some(at);
            let amount = order.amounts.total;
            let by = order.payments.first_mut().map_or(SettledBy::Free, |payment| {
                let receipt = receipt(amount);
                payment.state = PaymentState::Paid { receipt };
                SettledBy::Wechat { payment_no: payment.no }
            });
            order.settlement = Some(Settlement { by, amount, at });
        });
    }

    /// A checkout under `key`.
    pub(in crate::tests) async fn pay(&self, key: &str, body: Value) -> Said {
        let request = request(&self.buyer, Method::POST, PREPAY);
        self.send(request.insert_header(("Idempotency-Key", key)), body).await
    }
}

pub(in crate::tests) fn request(token: &str, method: Method, path: &str) -> TestRequest {
    TestRequest::default()
        .method(method)
        .uri(path)
        .insert_header(("Authorization", format!("Bearer {token}")))
}

/// What WeChat Pay took.
pub(in crate::tests) fn receipt(amount: Fen) -> Receipt {
    Receipt {
        transaction_id: TransactionId::new("4200000001"),
        appid: Appid::new("wx1"),
        amount,
        currency: "CNY".to_owned(),
        payer_total: None,
        payer: None,
        success_at: domain::Timestamp::from_seconds(START_S),
    }
}

/// What everybody checks out.
pub(in crate::tests) fn everything() -> Value {
    json!({"item_ids": [], "address_id": 1})
}

/// What everybody places.
pub(in crate::tests) fn to_place() -> Value {
    json!({"item_ids": [], "address_id": 1, "payment_method": "wechat"})
}

/// A key of sixteen characters.
pub(in crate::tests) fn idempotency_key(n: u32) -> String {
    format!("test-key-{n:07}")
}

fn key(fake: &Arc<Fake>, id: &str, roles: Vec<Role>) -> String {
    let minted = ApiKey::mint(&**fake);
    assert_eq!(ApiKey::hash_of(&minted.plain), Some(minted.hash));
    let created_at = domain::Timestamp::from_seconds(0);
    let (id, name) = (id.to_owned(), id.to_owned());
    let record = ApiKeyRecord {
        id,
        name,
        roles,
        client_id: None,
        person: None,
        created_at,
        revoked_at: None,
    };
    fake.lock().keys.insert(minted.hash, record);
    minted.plain
}

fn asking<S>(app: S) -> Rc<dyn Fn(actix_http::Request) -> Answering>
where
    S: Service<actix_http::Request, Response = ServiceResponse, Error = Error> + 'static,
{
    let app = Rc::new(app);
    Rc::new(move |request| {
        let app = Rc::clone(&app);
        Box::pin(async move { read(app.call(request).await.unwrap()).await })
    })
}

async fn read(response: ServiceResponse) -> Said {
    let status: StatusCode = response.status();
    let method = response.request().method().clone();
    let pattern = response.request().match_pattern().unwrap_or_default();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()));
    let headers = headers.collect();
    let bytes = body::to_bytes(response.into_body()).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    let is_refused = status.is_client_error() || status.is_server_error();
    let code = body["code"].as_str().filter(|_| is_refused);
    if let Some(why) = answers::unnamed(&method, &pattern, status, code) {
        panic!("{why}: {text}");
    }
    Said { status: status.as_u16(), headers, text, body }
}
