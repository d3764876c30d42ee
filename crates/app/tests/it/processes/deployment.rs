//! One deployment for one test: a database, the sandbox, and `paydesk serve` as often as wanted.

use crate::processes::phone::Phone;
use app::playground::api::local_client;
use app::playground::configuration;
use app::playground::operator_key;
use app::playground::process::{Process, Recipe, free_address};
use app::playground::sandbox::SandboxControl;
use app::settings::WithSandbox;
use domain::ports::Clock as _;
use reqwest::Method;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use store_postgres::{ConnectSettings, PostgresStore};
use testkit::database::rows_as_text;
use wechatpay_sim::{RunningSandbox, Sandbox, SandboxOptions};

/// How long anything may take that has to come, on a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(40);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// What all processes of a test share.
pub struct Deployment {
    pub database_url: String,
    pub sandbox: SandboxControl,
    folder: PathBuf,
    running_sandbox: RunningSandbox,
}

/// One `paydesk serve`, whether it runs or not.
pub struct Instance {
    pub addr: SocketAddr,
    pub ops: SocketAddr,
    pub config: PathBuf,
    pub log: PathBuf,
    recipe: Recipe,
}

impl Deployment {
    /// The processes' files are in a folder of the test's name.
    pub async fn new(test: &str, database_url: String) -> Deployment {
        app::limits::raise_open_files();
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let folder = target.join(format!("{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        // Keys are made once and used by every sandbox of the tests.
        let keys = target.join("sandbox");
        let running_sandbox = Sandbox::start(SandboxOptions::new(any, keys)).await.unwrap();
        let sandbox = SandboxControl::at(running_sandbox.base_url()).unwrap();
        Deployment { database_url, sandbox, folder, running_sandbox }
    }

    /// Another instance; `change` has the last word about its configuration.
    pub fn instance(&self, name: &str, change: impl FnOnce(&mut Value)) -> Instance {
        let (addr, ops) = (free_address().unwrap(), free_address().unwrap());
        let service = WithSandbox {
            deployment_id: "test",
            api: addr,
            database_url: &self.database_url,
            sandbox_url: &self.running_sandbox.base_url(),
            merchant: self.running_sandbox.credentials(),
        };
        let mut document = service.document();
        document["http"]["ops_listen"] = json!(ops);
        change(&mut document);
        let config = self.folder.join(format!("{name}.toml"));
        configuration::write(&config, &document).unwrap();
        let log = self.folder.join(format!("{name}.log"));
        let program = PathBuf::from(env!("CARGO_BIN_EXE_paydesk"));
        let recipe = Recipe::serve(program, &config, addr, log.clone());
        Instance { addr, ops, config, log, recipe }
    }

    /// An operator at these instances. The database must have been migrated.
    pub async fn operator(&self, at: &[&Instance]) -> Phone {
        let settings = ConnectSettings { pool_max: 1, ..ConnectSettings::new(&self.database_url) };
        let store = PostgresStore::connect(settings).await.unwrap();
        let key = operator_key::make(&store, "test", store.clock().now()).await.unwrap();
        Phone::at(at).holding(key)
    }

    /// The first column of every row.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        rows_as_text(&self.database_url, sql).await
    }

    /// Waits until a query has no rows.
    pub async fn until_none(&self, what: &str, sql: &str) {
        let begun = Instant::now();
        loop {
            let rows = self.rows(sql).await;
            if rows.is_empty() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{what}: {rows:?}");
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
    }

    /// Waits until nobody else has a statement in hand: what a killed process has sent is carried
    /// out to its end or not at all, and its connections go.
    pub async fn until_nobody_is_connected(&self) {
        let others = "SELECT coalesce(query, '') FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
              AND backend_type = 'client backend'";
        self.until_none("still connected", others).await;
    }

    /// Moves the sandbox's clock, which the services follow.
    pub async fn pass(&self, seconds: i64) {
        self.sandbox.clock(&json!({"advance_s": seconds})).await.unwrap();
    }

    pub async fn stop(self) {
        self.running_sandbox.stop().await;
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

impl Instance {
    pub async fn start(&self) -> Process {
        self.recipe.start().await.unwrap()
    }

    /// A counter of its metrics now; one that never counted is 0.
    pub async fn metric(&self, name: &str) -> u64 {
        let url = format!("http://{}/metrics", self.ops);
        let answer = local_client().unwrap().get(url).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(name));
        value.map_or(0, |value| value.trim().parse().unwrap())
    }
}

/// Puts something into the shop.
pub async fn stock_up(operator: &Phone, sku: &str, stock: i64) {
    let body = json!({"title": sku, "price_fen": 100, "cost_price_fen": 0});
    operator.done(Method::PUT, &format!("/api/admin/skus/{sku}"), &body).await;
    let body = json!({"delta": stock, "reason": "test"});
    operator.done(Method::POST, &format!("/api/admin/skus/{sku}/stock"), &body).await;
}
