//! Everything that runs: PostgreSQL, the sandbox, two or three services, and a proxy on every way between.
//!
//! ```text
//! buyers ─▶ door ─┬▶ serve-0 ─▶ postgres-0 ─┐
//!                 ├▶ serve-1 ─▶ postgres-1 ─┼▶ PostgreSQL
//! sandbox ▶ notify┴▶ serve-2 ─▶ postgres-2 ─┘
//!    ▲                  └─▶ wechat-0, -1, -2 ─▶ sandbox
//! ```
//!
//! May not judge anything; it can only be troubled and looked at.

pub(crate) mod configuration;
pub(crate) mod database;
pub(crate) mod node;
pub(crate) mod process;
pub(crate) mod sandbox;

use crate::chance::Chance;
use crate::clock::{Stopwatch, pause_ms};
use crate::crowd::office::Keys;
use crate::http::client::Request;
use crate::plan::Plan;
use crate::proxy::http::{HttpProxy, Odds};
use crate::proxy::postgres::{Acknowledged, PostgresProxy};
use crate::proxy::{Link, Weather};
use crate::sql::Connection;
use anyhow::{Context as _, Result, bail, ensure};
use configuration::Addresses;
use database::Database;
use node::{Node, Order, Watch};
use process::Recipe;
use sandbox::Sandbox;
use serde_json::Value;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

const READY_WITHIN: Duration = Duration::from_secs(60);
const LOOK_LIMIT: Duration = Duration::from_secs(3);
/// Below what systems usually give to outgoing connections: a service has the same port in every life.
const FIRST_PORT: u16 = 20_000;
const PORTS: u32 = 12_000;
const PORTS_APART: u32 = 61;

/// What a run plays on.
pub(crate) struct Stage {
    pub(crate) database: Arc<Mutex<Database>>,
    pub(crate) sandbox: Sandbox,
    pub(crate) sandbox_process: Node,
    pub(crate) nodes: Vec<Node>,
    /// Where each of them listens.
    pub(crate) addrs: Vec<SocketAddr>,
    /// Between buyers and services.
    pub(crate) door: HttpProxy,
    /// Between the sandbox and services.
    pub(crate) notify: HttpProxy,
    /// Between each service and the sandbox.
    pub(crate) wechat: Vec<HttpProxy>,
    /// Between each service and PostgreSQL.
    pub(crate) postgres: Vec<PostgresProxy>,
    pub(crate) acknowledged: Acknowledged,
    pub(crate) watch: Watch,
    /// The merchant that the sandbox knows, with its keys.
    pub(crate) merchant: Value,
    /// Those of the back office.
    pub(crate) keys: Keys,
    /// PostgreSQL itself, for the checks.
    pub(crate) url: String,
}

impl Stage {
    /// Starts everything on an empty database.
    pub(crate) async fn set(plan: &Plan, watch: Watch) -> Result<Stage> {
        let data = plan.folder.join("postgres");
        let database = Database::start(data, plan.log("postgres"), &watch.journal).await?;
        Connection::make_anew(&database.maintenance_url()?, database::DATABASE).await?;
        let (url, socket) = (database.url()?, database.socket()?);
        eprintln!("   PostgreSQL {}", database.version());

        let sandbox_addr = free_address()?;
        let recipe = sandbox_recipe(plan, sandbox_addr)?;
        let sandbox_process = Node::start("sandbox", "sandbox", recipe, &watch).await?;
        let sandbox = Sandbox::at(sandbox_addr);
        let merchant = sandbox.credentials().await?;

        let addrs = plan.services.iter().map(|_| free_address()).collect::<Result<Vec<_>>>()?;
        let acknowledged = Acknowledged::default();
        let Wires { door, notify, wechat, postgres } =
            Wires::lay(plan, &watch, &addrs, sandbox_addr, (&socket, &acknowledged)).await?;
        let mut recipes = Vec::new();
        for (((nth, service), addr), (calls, statements)) in
            plan.services.iter().enumerate().zip(&addrs).zip(wechat.iter().zip(&postgres))
        {
            let file = plan.folder.join(format!("serve-{nth}.toml"));
            let at = Addresses {
                own: *addr,
                database: statements.addr,
                wechat_pay: calls.addr,
                notify: notify.addr,
            };
            configuration::write(&file, &at, service, &merchant)?;
            recipes.push(serve_recipe(plan, nth, *addr, &file));
        }
        let mut nodes = Vec::new();
        for (nth, recipe) in recipes.iter().enumerate() {
            let name = format!("serve-{nth}");
            nodes.push(Node::start("serve", &name, recipe.clone(), &watch).await?);
        }
        let keys = Keys {
            operator: make_key(plan, "operator").await?,
            approver: make_key(plan, "approver").await?,
            service: make_key(plan, "service").await?,
        };
        let stage = Stage {
            database: Arc::new(Mutex::new(database)),
            sandbox,
            sandbox_process,
            nodes,
            addrs,
            door,
            notify,
            wechat,
            postgres,
            acknowledged,
            watch,
            merchant,
            keys,
            url,
        };
        stage.wait_until_ready().await?;
        Ok(stage)
    }

    /// Waits until every service can take money.
    pub(crate) async fn wait_until_ready(&self) -> Result<()> {
        let begun = Stopwatch::start();
        for (addr, node) in self.addrs.iter().zip(&self.nodes) {
            loop {
                let answer = Request::get("/readyz").send(*addr, LOOK_LIMIT).await;
                match answer {
                    Ok(answer) if answer.is_success() => break,
                    Ok(answer) if begun.elapsed() > READY_WITHIN => {
                        bail!("{} is not ready: {}", node.name, answer.body)
                    }
                    Err(error) if begun.elapsed() > READY_WITHIN => {
                        return Err(error.context(format!("{} is not ready", node.name)));
                    }
                    Ok(_) | Err(_) => pause_ms(100).await,
                }
            }
        }
        Ok(())
    }

    /// Stops everything, in the order in which it depends on each other.
    pub(crate) async fn strike(&self) -> Result<()> {
        for node in &self.nodes {
            node.order(Order::End).await;
        }
        self.sandbox_process.order(Order::End).await;
        self.database.lock().await.stop().await
    }
}

/// A proxy on every way between.
struct Wires {
    door: HttpProxy,
    notify: HttpProxy,
    wechat: Vec<HttpProxy>,
    postgres: Vec<PostgresProxy>,
}

impl Wires {
    async fn lay(
        plan: &Plan,
        watch: &Watch,
        services: &[SocketAddr],
        sandbox: SocketAddr,
        (socket, acknowledged): (&Path, &Acknowledged),
    ) -> Result<Wires> {
        let link = |name: &'static str, nth: usize| {
            let chance = Chance::of(plan.seed, &format!("{name}-{nth}"));
            Link::new(name, &watch.weather, &watch.tally, chance)
        };
        let (buyers, notices) =
            (link("requests of buyers", 0), link("notifications on the way", 0));
        let door = HttpProxy::start(buyers, services.to_vec(), &Odds::OF_BUYERS).await?;
        let notify = HttpProxy::start(notices, services.to_vec(), &Odds::OF_NOTIFICATIONS).await?;
        let (mut wechat, mut postgres) = (Vec::new(), Vec::new());
        for (nth, service) in plan.services.iter().enumerate() {
            let calls = link("calls to WeChat Pay", nth);
            wechat.push(HttpProxy::start(calls, vec![sandbox], &Odds::TO_WECHAT_PAY).await?);
            let statements = link("links to PostgreSQL", nth);
            let start =
                PostgresProxy::start(statements, socket, service.commit_takes, acknowledged);
            postgres.push(start.await?);
        }
        Ok(Wires { door, notify, wechat, postgres })
    }
}

fn serve_recipe(plan: &Plan, nth: usize, addr: SocketAddr, file: &Path) -> Recipe {
    Recipe {
        program: plan.paydesk.clone(),
        arguments: vec!["serve".into(), "--config".into(), file.into()],
        log: plan.log(&format!("serve-{nth}")),
        addr,
        alive_path: "/healthz",
    }
}

/// Its keys are made anew: those of every run before would still be listed.
fn sandbox_recipe(plan: &Plan, addr: SocketAddr) -> Result<Recipe> {
    let (listen, directory) = (addr.to_string(), plan.folder.join("sandbox"));
    if directory.exists() {
        std::fs::remove_dir_all(&directory).with_context(|| directory.display().to_string())?;
    }
    Ok(Recipe {
        program: plan.paydesk.clone(),
        arguments: vec![
            "sandbox".into(),
            "--listen".into(),
            listen.into(),
            "--directory".into(),
            directory.into(),
        ],
        log: plan.log("sandbox"),
        addr,
        alive_path: "/_sandbox/clock",
    })
}

/// The first key is made by whoever owns the configuration.
async fn make_key(plan: &Plan, name: &str) -> Result<String> {
    let file = plan.folder.join("serve-0.toml");
    // An operator who may also approve still may not approve what they asked for themselves.
    let roles: &[&str] = match name {
        "operator" => &["--role", "viewer", "--role", "operator", "--role", "approver"],
        "service" => &["--role", "service", "--client-id", "raffle"],
        _ => &["--role", "viewer", "--role", "approver"],
    };
    let mut command = tokio::process::Command::new(&plan.paydesk);
    command.args(["keys", "--config"]).arg(&file).args(["create", "--name", name]).args(roles);
    let made = command.kill_on_drop(true).output().await.context("cannot run paydesk keys")?;
    ensure!(made.status.success(), "paydesk keys: {}", String::from_utf8_lossy(&made.stderr));
    Ok(String::from_utf8(made.stdout)?.trim().to_owned())
}

/// A port that is free now and that no other of our processes is given.
fn free_address() -> Result<SocketAddr> {
    use std::sync::atomic::{AtomicU32, Ordering};
    static TURN: AtomicU32 = AtomicU32::new(0);
    for _ in 0..PORTS {
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        let nth = std::process::id().wrapping_mul(PORTS_APART).wrapping_add(turn) % PORTS;
        let port = FIRST_PORT.saturating_add(u16::try_from(nth)?);
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(addr).is_ok() {
            return Ok(addr);
        }
    }
    bail!("no port is free from {FIRST_PORT} on")
}

/// The files that everything writes into.
pub(crate) fn empty_logs(plan: &Plan) -> Result<()> {
    let mut names = vec!["postgres".to_owned(), "sandbox".to_owned()];
    names.extend(plan.names());
    for name in names {
        let log: PathBuf = plan.log(&name);
        std::fs::write(&log, "").with_context(|| format!("cannot write {}", log.display()))?;
    }
    Ok(())
}

/// No trouble yet.
pub(crate) fn calm() -> Weather {
    Weather::calm()
}
