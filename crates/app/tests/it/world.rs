//! One service of its own for one test, and a buyer's and a merchant's way to talk to it.

use app::cli::ServeRole;
use app::service::{self, Service};
use app::settings::Settings;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use testkit::TestDatabase;
use wechatpay_sim::{RunningSandbox, Sandbox, SandboxOptions};

static KEYS: AtomicU64 = AtomicU64::new(1);

/// Everything that one test needs.
pub struct World {
    pub service: Service,
    pub sandbox: RunningSandbox,
    pub client: Client,
    pub admin_key: String,
    pub database: TestDatabase,
    settings: Settings,
}

/// A buyer who is logged in and has an address.
pub struct Buyer {
    pub token: String,
    pub user_id: String,
    pub address: i64,
}

impl World {
    pub async fn new() -> World {
        World::serving(ServeRole::All).await
    }

    /// With a service that has this part in it.
    pub async fn serving(role: ServeRole) -> World {
        app::limits::raise_open_files();
        let database = TestDatabase::create().await.expect("a database");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        // Keys are made once and used by every sandbox of the tests.
        let keys = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sandbox");
        let sandbox = Sandbox::start(SandboxOptions::new(any, keys)).await.expect("a sandbox");
        let listener = service::bind(any).unwrap();
        let settings =
            Settings::for_sandbox(&sandbox, &database.url(), listener.local_addr().unwrap())
                .unwrap();
        let service = service::start_as(role, &settings, Some(listener)).await;
        let service = service.expect("a service");
        let admin_key = mint_admin_key(&service).await;
        let client = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        World { service, sandbox, client, admin_key, database, settings }
    }

    /// Somebody else who performs jobs, on the same database.
    pub async fn worker(&self) -> Service {
        let worker = service::start_as(ServeRole::Worker, &self.settings, None).await;
        worker.expect("a worker")
    }

    /// The service reads its configuration again, and finds this changed in it.
    pub fn reconfigure(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.settings.clone();
        change(&mut settings);
        assert!(self.service.renew_keys(&settings).unwrap(), "it was another one before");
    }

    pub async fn stop(self) {
        self.service.stop().await;
        self.sandbox.stop().await;
        self.database.drop_now().await;
    }

    pub fn api(&self, path: &str) -> String {
        format!("http://{}{path}", self.service.addr().unwrap())
    }

    /// A call of the API; every POST has a key of its own.
    pub async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let key = format!("test-key-{:08}", KEYS.fetch_add(1, Ordering::Relaxed));
        // A busy machine answers "try again"; a client does, with the same key.
        for _ in 0..30 {
            let answer = self.call_with_key(token, method.clone(), path, body.clone(), &key).await;
            if answer.1["code"] != "try_again" {
                return answer;
            }
        }
        panic!("{path} is busy for ever");
    }

    #[expect(clippy::too_many_arguments, reason = "a request has that many parts")]
    pub async fn call_with_key(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Value,
        key: &str,
    ) -> (StatusCode, Value) {
        let mut request = self.client.request(method, self.api(path)).bearer_auth(token);
        request = request.header("Idempotency-Key", key);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    /// A call of the sandbox.
    pub async fn sandbox(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let url = format!("{}{path}", self.sandbox.base_url());
        let mut request = self.client.request(method, url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    pub async fn put_sku(&self, id: &str, price_fen: i64, stock: i64) {
        let sku = json!({"title": id, "price_fen": price_fen, "cost_price_fen": 0});
        let path = format!("/api/admin/skus/{id}");
        let (status, answer) = self.call(&self.admin_key, Method::PUT, &path, sku).await;
        assert!(status.is_success(), "{answer}");
        let delta = json!({"delta": stock, "reason": "test"});
        let path = format!("{path}/stock");
        let (status, answer) = self.call(&self.admin_key, Method::POST, &path, delta).await;
        assert!(status.is_success(), "{answer}");
    }

    pub async fn buyer(&self, code: &str) -> Buyer {
        let (status, answer) =
            self.call("", Method::POST, "/api/mini/login", json!({"code": code})).await;
        assert_eq!(status, 200, "{answer}");
        let token = answer["token"].as_str().unwrap().to_owned();
        let user_id = answer["user_id"].as_str().unwrap().to_owned();
        let address = json!({"name": "a", "phone": "13800000000", "region": "b", "detail": "c"});
        let (status, answer) =
            self.call(&token, Method::POST, "/api/mini/addresses", address).await;
        assert_eq!(status, 201, "{answer}");
        Buyer { token, user_id, address: answer["id"].as_i64().unwrap() }
    }

    pub async fn want(&self, buyer: &Buyer, sku: &str, quantity: u32) {
        let item = json!({"sku_id": sku, "quantity": quantity});
        let path = "/api/mini/purchase-list/items";
        let (status, answer) = self.call(&buyer.token, Method::POST, path, item).await;
        assert_eq!(status, 201, "{answer}");
    }

    pub async fn check_out(&self, buyer: &Buyer) -> (StatusCode, Value) {
        let body = json!({"item_ids": [], "address_id": buyer.address});
        let path = "/api/mini/wechat-pay/prepay-from-checkout";
        self.call(&buyer.token, Method::POST, path, body).await
    }

    /// A buyer with an order of one `sku` that is ready to be paid: its number.
    pub async fn open_order(&self, code: &str, sku: &str) -> (Buyer, String) {
        let buyer = self.buyer(code).await;
        self.want(&buyer, sku, 1).await;
        let (status, offer) = self.check_out(&buyer).await;
        assert_eq!(status, 201, "{offer}");
        let number = offer["order_number"].as_str().unwrap().to_owned();
        (buyer, number)
    }

    pub async fn pay(&self, number: &str) -> Value {
        let path = format!("/_sandbox/pay/{number}");
        let (status, trade) = self.sandbox(Method::POST, &path, json!({})).await;
        assert_eq!(status, 200, "{trade}");
        trade
    }

    pub async fn order(&self, buyer: &Buyer, number: &str, wait_s: u32) -> Value {
        let path = format!("/api/mini/orders/{number}?wait={wait_s}");
        let (status, order) = self.call(&buyer.token, Method::GET, &path, Value::Null).await;
        assert_eq!(status, 200, "{order}");
        order
    }

    /// The order once it is paid; waits as a client waits.
    pub async fn paid_order(&self, buyer: &Buyer, number: &str) -> Value {
        for _ in 0..3 {
            let order = self.order(buyer, number, 10).await;
            if order["payment_status"] == "paid" {
                return order;
            }
        }
        panic!("order {number} was not paid in 30 s");
    }

    /// The order once its payment at `index` has this status; asks WeChat Pay as a client does.
    pub async fn until_payment(
        &self,
        buyer: &Buyer,
        number: &str,
        index: usize,
        wanted: &str,
    ) -> Value {
        let mut last = Value::Null;
        for _ in 0..150 {
            last = self.order(buyer, number, 0).await;
            if last["payments"][index]["status"] == wanted {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("payment {index} did not become {wanted}: {last}");
    }

    /// The sandbox's ledger once it says so.
    pub async fn until_ledger(&self, says: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..150 {
            let ledger = self.ledger().await;
            if says(&ledger) {
                return ledger;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the ledger never said so: {}", self.ledger().await);
    }

    /// Waits until the service's business time has followed the sandbox's clock by so many seconds.
    pub async fn until_time_is_known(&self, seconds: i64) {
        let clock = &self.service.desk().clock;
        for _ in 0..100 {
            if clock.now().seconds_since(clock.real()) >= seconds - 2 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("business time does not follow the sandbox's clock");
    }

    pub async fn ledger(&self) -> Value {
        self.sandbox(Method::GET, "/_sandbox/ledger", Value::Null).await.1
    }

    pub async fn faults(&self, rules: Value) {
        let (status, answer) =
            self.sandbox(Method::PUT, "/_sandbox/faults", json!({"rules": rules})).await;
        assert!(status.is_success(), "{answer}");
    }

    pub async fn sku(&self, id: &str) -> Value {
        let path = format!("/api/admin/skus/{id}");
        self.call(&self.admin_key, Method::GET, &path, Value::Null).await.1
    }
}

async fn mint_admin_key(service: &Service) -> String {
    use domain::ports::{ApiKeyRecord, Role};
    let minted = http_api::ApiKey::mint(&*service.desk().ids);
    let record = ApiKeyRecord {
        id: "test".to_owned(),
        name: "test".to_owned(),
        roles: vec![Role::Viewer, Role::Operator],
        client_id: None,
        person: None,
        created_at: service.desk().clock.now(),
        revoked_at: None,
    };
    service.desk().access.add_api_key(minted.hash, record).await.unwrap();
    minted.plain
}
