//! The service, wired: the only place that knows every part.

mod follow_sandbox;
mod heartbeat;
mod keys_in_use;
mod operations;
mod ready;
mod upkeep;

use crate::cli::ServeRole;
use crate::fanout::Fanout;
use crate::ids::SystemIds;
use crate::metrics::{CountsAnswers, Metered, MeteredJobs, MeteredOrders, Meters};
use crate::settings::{Checked, Settings};
use anyhow::{Context as _, Result};
use domain::ports::{Clock, EventSink, LoginGateway, PaymentGateway, ShippingManagement};
use http_api::{ApiSettings, ApiState, ChangeBell, HttpApi, RunningApi};
use keys_in_use::KeysInUse;
use scheduler::{Alarm, RunningScheduler};
use secrecy::ExposeSecret as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store_postgres::{ConnectSettings, PostgresStore};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use usecases::{Epochs, Paydesk, QueryBudget, ReportRoom};

/// The service at work.
pub struct Service {
    desk: Arc<Paydesk>,
    api: Option<RunningApi>,
    operations: Option<RunningApi>,
    ready: Arc<ready::ServiceReady>,
    scheduler: Option<RunningScheduler>,
    keys: KeysInUse,
    background: CancellationToken,
}

impl Service {
    /// Where the API listens, if this process has that part.
    #[must_use]
    pub fn addr(&self) -> Option<SocketAddr> {
        self.api.as_ref().map(RunningApi::addr)
    }

    /// Where `/metrics`, `/healthz` and `/readyz` are, if there is such a listener.
    #[must_use]
    pub fn ops_addr(&self) -> Option<SocketAddr> {
        self.operations.as_ref().map(RunningApi::addr)
    }

    /// The application behind it.
    #[must_use]
    pub fn desk(&self) -> &Arc<Paydesk> {
        &self.desk
    }

    /// Uses the keys of `settings` from now on; whether they are others than before. Calls that are under way
    /// end with those they began with. What else differs is not used.
    ///
    /// # Errors
    /// Every mistake in the configuration; nothing has changed then.
    pub fn renew_keys(&self, settings: &Settings) -> Result<bool> {
        Ok(self.keys.renew(settings)?)
    }

    /// Keeps using the keys of this configuration, whatever they become: it is read again every few seconds, and
    /// at SIGHUP.
    ///
    /// # Errors
    /// When signals cannot be listened to.
    pub fn follow_keys(&self, config: &Path) -> Result<()> {
        self.keys.clone().follow(config.to_owned(), self.background.clone())
    }

    /// Says that it is not ready, takes no more requests and no more jobs, and finishes those in hand,
    /// both at once: one after the other they would take longer than a supervisor waits. The
    /// operations listener goes last, so that it can say so all the while.
    pub async fn stop(self) {
        self.ready.stopping();
        let requests = async {
            if let Some(api) = self.api {
                api.stop().await;
            }
        };
        let jobs = async {
            if let Some(scheduler) = self.scheduler {
                scheduler.stop().await;
            }
        };
        tokio::join!(requests, jobs);
        if let Some(operations) = self.operations {
            operations.stop().await;
        }
        self.background.cancel();
    }
}

/// Takes the port of the API.
///
/// # Errors
/// When it is taken, in words that name it.
pub fn bind(addr: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(addr).with_context(|| format!("cannot listen on {addr}"))
}

/// Starts everything on a database that it migrates first.
///
/// # Errors
/// When the configuration is unsafe or something cannot be reached.
pub async fn start(settings: &Settings, listener: TcpListener) -> Result<Service> {
    start_as(ServeRole::All, settings, Some(listener)).await
}

/// Starts one part, or all of it. `listener` is for the API, where there is one.
///
/// # Errors
/// As [`start`].
pub async fn start_as(
    role: ServeRole,
    settings: &Settings,
    listener: Option<TcpListener>,
) -> Result<Service> {
    let checked = settings.check()?;
    let operations = operations::bind(settings)?;
    let store = connect(settings, &checked).await?;
    store.migrate().await.context("the database cannot be migrated")?;
    let store = Arc::new(store);
    let clock = store.clock();
    let (alarm, bell) = (Arc::new(Alarm::default()), Arc::new(ChangeBell::new()));
    let events: Arc<dyn EventSink> = Arc::new(Fanout(vec![alarm.clone(), bell.clone()]));
    let meters = Arc::new(Meters::new()?);
    let jobs = Arc::new(MeteredJobs::new(store.clone(), &meters));
    let wechat_pay = wechatpay::WechatPay::new(&checked.wechat_pay, store.clock())?;
    let shipping = shipping(settings, checked.login.clone(), store.clock())?;
    let login = wechatpay::MiniProgramLogin::new(checked.login)?;
    let keys = KeysInUse {
        wechat_pay: Arc::new(wechat_pay),
        login: Arc::new(login),
        shipping,
        meters: Arc::clone(&meters),
    };
    let rim = Rim { store: store.clone(), jobs, keys, events };
    let desk = Arc::new(wire(settings, &rim));
    let Rim { jobs, keys, .. } = rim;
    let wechat_pay = Arc::clone(&keys.wechat_pay);

    let background = CancellationToken::new();
    follow_sandbox::start(settings, &clock, background.clone()).await?;
    let pulse = heartbeat::start(&store, background.clone());
    upkeep::start(&wechat_pay, &meters, &background);
    let works = role != ServeRole::Api;
    let scheduler =
        works.then(|| scheduler::start(Arc::clone(&desk), alarm, scheduler_settings(settings)));
    let lease = Duration::from_millis(settings.jobs.real_lease_ms());
    let watched = works.then_some((jobs, lease));
    let ready = ready::ServiceReady::new(Arc::clone(&store), wechat_pay, pulse, watched);
    let ready = Arc::new(ready);
    let runtime = tokio::runtime::Handle::current();
    let state = ApiState::new(Arc::clone(&desk), bell, ready.clone(), runtime)
        .watched_by(Arc::new(CountsAnswers::new(&meters)));
    let operations = operations::start(operations, &state, (&meters, store), ready.clone())?;
    let api = listener.map(|listener| HttpApi::start(api_settings(settings), listener, state));
    let api = api.transpose().context("the API cannot start")?;
    Ok(Service { desk, api, operations, ready, scheduler, keys, background })
}

/// What the application is wired to.
struct Rim {
    store: Arc<PostgresStore>,
    jobs: Arc<MeteredJobs>,
    keys: KeysInUse,
    events: Arc<dyn EventSink>,
}

/// Runs `work` until it ends or `stop` does.
fn in_background(work: impl Future<Output = ()> + Send + 'static, stop: CancellationToken) {
    let task = async move {
        tokio::select! {
            () = work => {}
            () = stop.cancelled() => {}
        }
    };
    #[expect(clippy::disallowed_methods, reason = "a shell: a background task of the service")]
    drop(tokio::spawn(task));
}

/// Applies the migrations and nothing else.
///
/// # Errors
/// When the database cannot be reached or refuses.
pub async fn migrate(settings: &Settings) -> Result<()> {
    let checked = settings.check()?;
    connect(settings, &checked).await?.migrate().await.context("the database cannot be migrated")
}

/// The store, for a command that does one thing to it.
///
/// # Errors
/// When the configuration is unsafe or the database cannot be reached.
pub(crate) async fn open_store(settings: &Settings) -> Result<PostgresStore> {
    connect(settings, &settings.check()?).await
}

async fn connect(settings: &Settings, checked: &Checked) -> Result<PostgresStore> {
    PostgresStore::connect(ConnectSettings {
        pool_max: settings.database.pool_max,
        merge_max: settings.database.merge_max,
        statement_timeout_ms: settings.database.statement_timeout_ms,
        epoch: settings.database.epoch,
        ..ConnectSettings::new(checked.database_url.expose_secret())
    })
    .await
    .context("the database cannot be reached")
}

fn wire(settings: &Settings, rim: &Rim) -> Paydesk {
    let Rim { store, jobs, keys, events } = rim;
    let KeysInUse { wechat_pay, login, shipping, meters } = keys;
    let clock: Arc<dyn Clock> = store.clock();
    let gateway: Arc<dyn PaymentGateway> = wechat_pay.clone();
    let login: Arc<dyn LoginGateway> = login.clone();
    Paydesk {
        orders: Arc::new(MeteredOrders::new(store.clone(), meters)),
        jobs: jobs.clone(),
        catalogue: store.clone(),
        rules: store.clone(),
        packages: store.clone(),
        ledger: store.clone(),
        coupons: store.clone(),
        book: store.clone(),
        access: store.clone(),
        cases: store.clone(),
        invariants: store.clone(),
        gateway: Arc::new(Metered::gateway(gateway, meters)),
        notices: wechat_pay.clone(),
        login: Arc::new(Metered::new(login, meters)),
        shipping: shipping.clone().map(|it| -> Arc<dyn ShippingManagement> { it }),
        clock,
        ids: Arc::new(SystemIds::default()),
        events: Arc::clone(events),
        query_budget: QueryBudget::new(settings.jobs.queries_per_s),
        report_room: ReportRoom::default(),
        epochs: Epochs::default(),
        settings: usecases::Settings {
            deployment_id: settings.deployment_id.clone(),
            mchid: domain::names::Mchid::new(settings.wechat_pay.mchid.clone()),
            appid: domain::names::Appid::new(settings.wechat_pay.appids.mini.clone()),
            mobile_appid: settings.wechat_pay.appids.app.clone().map(domain::names::Appid::new),
            checkout_deadline_s: settings.shop.checkout_deadline_s,
            direct_deadline_s: settings.shop.direct_deadline_s,
            session_s: settings.shop.session_s,
            longest_call_s: longest_call_s(settings),
            pace: settings.jobs.time_scale.pace(),
            refund_approval_above: domain::Fen::new(settings.refunds.approval_above_fen),
        },
    }
}

/// The mini program's shipping management, unless nothing is told to it.
fn shipping(
    settings: &Settings,
    identity: wechatpay::MiniProgramSettings,
    clock: Arc<dyn Clock>,
) -> Result<Option<Arc<wechatpay::MiniProgramShipping>>> {
    if !settings.wechat_pay.report_shipments {
        return Ok(None);
    }
    Ok(Some(Arc::new(wechatpay::MiniProgramShipping::new(identity, clock)?)))
}

/// Twice the time limit where a second host is asked when the first does not answer.
fn longest_call_s(settings: &Settings) -> i64 {
    let hosts = if settings.wechat_pay.backup_base_url.is_some() { 2 } else { 1 };
    let millis = settings.wechat_pay.timeout_ms.saturating_mul(hosts);
    i64::try_from(millis.div_ceil(1_000)).unwrap_or(i64::MAX)
}

fn api_settings(settings: &Settings) -> ApiSettings {
    match settings.http.workers {
        0 => ApiSettings::default(),
        workers => ApiSettings { workers },
    }
}

fn scheduler_settings(settings: &Settings) -> scheduler::Settings {
    scheduler::Settings {
        parallel: settings.jobs.parallel,
        lease_ms: settings.jobs.real_lease_ms(),
        sweep_every_ms: settings.jobs.sweep_every_ms,
        books_every_ms: settings.jobs.books_every_ms,
        ..scheduler::Settings::default()
    }
}

/// Somebody wants us to stop: Ctrl-C or SIGTERM.
pub struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignal {
    /// Listens from now on, so that nothing that comes before it is waited for is lost.
    ///
    /// # Errors
    /// When signals cannot be listened to.
    pub fn listen() -> Result<StopSignal> {
        Ok(StopSignal {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for it.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
