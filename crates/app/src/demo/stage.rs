//! Everything that runs: a private database, the sandbox and the service as processes of their own.
//!
//! A story may look at the API, at the sandbox and at the service's log, as anybody could; it may kill
//! the service. The database is nobody's to look into, but for the operator's first key.

use crate::playground::api::Api;
use crate::playground::buyer::Buyer;
use crate::playground::json::list;
use crate::playground::process::{Process, Recipe, free_address};
use crate::playground::sandbox::SandboxControl;
use crate::playground::{configuration, database, goods, operator_key};
use crate::settings::{NOTIFY_PATH, WithSandbox};
use anyhow::{Context as _, Result};
use domain::ports::Clock as _;
use private_postgres::{Durability, RunningPostgres};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use store_postgres::{ConnectSettings, PostgresStore};
use wechatpay_sim::Credentials;

/// Marks this deployment's payments.
const DEPLOYMENT_ID: &str = "demo";

/// What a story plays on.
pub(super) struct Stage {
    /// The public API, for somebody unknown.
    pub(super) api: Api,
    /// The same for an operator.
    pub(super) operator: Api,
    /// The other side of WeChat Pay.
    pub(super) sandbox: SandboxControl,
    /// Everybody who ever bought something, for the books.
    pub(super) crowd: Vec<Buyer>,
    configured: Configured,
    service: Recipe,
    serving: Option<Process>,
    /// How often the service was started.
    starts: usize,
    sandbox_process: Process,
    postgres: RunningPostgres,
}

impl Stage {
    /// Starts everything, from nothing, below `data`.
    pub(super) async fn set(data: &Path) -> Result<Stage> {
        // First, because its lock keeps a second demonstration off this folder.
        let postgres = database::start(data, Durability::OneRun).await?;
        let program = std::env::current_exe().context("cannot find this program")?;
        let logs = Logs::emptied(data)?;
        let sandbox_addr = free_address()?;
        let sandbox = sandbox_recipe(&program, data, sandbox_addr, logs.sandbox);
        if !data.join("sandbox").exists() {
            eprintln!("sandbox: making its keys, which takes some seconds the first time");
        }
        let sandbox_process = sandbox.start().await?;
        let sandbox = SandboxControl::at(format!("http://{sandbox_addr}"))?;

        let addr = free_address()?;
        let file = data.join("paydesk.toml");
        let configured = Configured { file, addr, database_url: postgres.url() };
        configured.write(sandbox.base(), &sandbox.credentials().await?)?;
        let service = Recipe::serve(program, &configured.file, addr, logs.service);
        let serving = Some(service.start().await?);

        let api = Api::at(format!("http://{addr}"))?;
        let operator = api.as_holder_of(operator_key(&postgres.url()).await?);
        for goods in &goods::OPENING {
            goods::offer(&operator, goods).await?;
        }
        let crowd = Vec::new();
        Ok(Stage {
            api,
            operator,
            sandbox,
            crowd,
            configured,
            service,
            serving,
            starts: 1,
            sandbox_process,
            postgres,
        })
    }

    /// A buyer nobody has seen before.
    pub(super) async fn buyer(&mut self, name: &str) -> Result<Buyer> {
        let code = format!("{name}-{}", self.crowd.len());
        let buyer = Buyer::arrive(&self.api, &code).await?;
        self.crowd.push(buyer.clone());
        Ok(buyer)
    }

    /// `available`, `held` and `sold` of something.
    pub(super) async fn stock(&self, sku_id: &str) -> Result<Value> {
        self.operator.get(&format!("/api/admin/skus/{sku_id}")).await
    }

    /// Every case that is open.
    pub(super) async fn open_cases(&self) -> Result<Vec<Value>> {
        let mut cases = Vec::new();
        let mut path = "/api/admin/cases?status=open&limit=100".to_owned();
        loop {
            let page = self.operator.get(&path).await?;
            cases.extend(list(&page, "/data")?.iter().cloned());
            let Some(cursor) = page["next_cursor"].as_str() else { return Ok(cases) };
            path = format!("/api/admin/cases?status=open&limit=100&cursor={cursor}");
        }
    }

    /// Where WeChat Pay sends notifications.
    pub(super) fn notify_url(&self) -> String {
        self.api.url(NOTIFY_PATH)
    }

    /// What the service wrote to its log, one JSON value a line.
    pub(super) fn service_log(&self) -> Result<Vec<Value>> {
        let log = &self.service.log;
        let text = std::fs::read_to_string(log)
            .with_context(|| format!("cannot read {}", log.display()))?;
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// `kill -9` of the service.
    pub(super) async fn kill_service(&mut self) -> Result<()> {
        self.serving.take().context("the service does not run")?.kill().await
    }

    /// The service comes up, after a kill or for the first time.
    pub(super) async fn start_service(&mut self) -> Result<()> {
        self.serving = Some(self.service.start().await?);
        self.starts = self.starts.saturating_add(1);
        Ok(())
    }

    /// How often the service was started by now.
    pub(super) fn starts(&self) -> usize {
        self.starts
    }

    /// The service's configuration holds these keys from now on. It is told nothing.
    pub(super) fn configure(&self, merchant: &Credentials) -> Result<()> {
        self.configured.write(self.sandbox.base(), merchant)
    }

    /// No trouble is left from the story before: no fault, the clock goes, and the service runs.
    pub(super) async fn calm(&mut self) -> Result<()> {
        self.sandbox.faults(json!([])).await?;
        self.sandbox.clock(&json!({"speed": 1})).await?;
        if !self.serving.as_mut().is_some_and(Process::is_running) {
            self.start_service().await?;
        }
        Ok(())
    }

    /// Stops everything, in the order in which it depends on each other.
    pub(super) async fn strike(self) {
        let processes = self.serving.into_iter().chain([self.sandbox_process]);
        for process in processes {
            if let Err(error) = process.stop().await {
                eprintln!("{error:#}");
            }
        }
        database::stop(self.postgres).await;
    }
}

/// Where the service's configuration is, and what in it does not change.
struct Configured {
    file: PathBuf,
    addr: SocketAddr,
    database_url: String,
}

impl Configured {
    fn write(&self, sandbox_url: &str, merchant: &Credentials) -> Result<()> {
        let service = WithSandbox {
            deployment_id: DEPLOYMENT_ID,
            api: self.addr,
            database_url: &self.database_url,
            sandbox_url,
            merchant,
        };
        configuration::write(&self.file, &service.document())
    }
}

/// Where the processes write.
struct Logs {
    sandbox: PathBuf,
    service: PathBuf,
}

impl Logs {
    /// Nothing is left in them from the run before: the stories read them.
    fn emptied(data: &Path) -> Result<Logs> {
        let logs = Logs { sandbox: data.join("sandbox.log"), service: data.join("serve.log") };
        for log in [&logs.sandbox, &logs.service] {
            std::fs::write(log, "").with_context(|| format!("cannot write {}", log.display()))?;
        }
        Ok(logs)
    }
}

fn sandbox_recipe(program: &Path, data: &Path, addr: SocketAddr, log: PathBuf) -> Recipe {
    let listen = addr.to_string();
    let directory = data.join("sandbox").into_os_string();
    Recipe {
        name: "paydesk sandbox",
        program: program.to_owned(),
        arguments: vec![
            "sandbox".into(),
            "--listen".into(),
            listen.into(),
            "--directory".into(),
            directory,
        ],
        log,
        ready_url: format!("http://{addr}/_sandbox/clock"),
    }
}

async fn operator_key(database_url: &str) -> Result<String> {
    let settings = ConnectSettings { pool_max: 1, ..ConnectSettings::new(database_url) };
    let store = PostgresStore::connect(settings).await?;
    operator_key::make(&store, DEPLOYMENT_ID, store.clock().now()).await
}
