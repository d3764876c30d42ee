//! The service, wired: the only place that knows every part.

mod follow_sandbox;
mod heartbeat;
mod ready;

use crate::fanout::Fanout;
use crate::ids::SystemIds;
use crate::settings::{Checked, Settings};
use anyhow::{Context as _, Result};
use domain::ports::{Clock, EventSink};
use http_api::{ApiSettings, ApiState, ChangeBell, HttpApi, RunningApi};
use scheduler::{Alarm, RunningScheduler};
use secrecy::ExposeSecret as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use store_postgres::{ConnectSettings, PostgresStore};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use usecases::{Paydesk, QueryBudget};

/// The service at work.
pub struct Service {
    desk: Arc<Paydesk>,
    api: RunningApi,
    scheduler: RunningScheduler,
    background: CancellationToken,
}

impl Service {
    /// Where the API listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.api.addr()
    }

    /// The application behind it.
    #[must_use]
    pub fn desk(&self) -> &Arc<Paydesk> {
        &self.desk
    }

    /// Stops taking requests, finishes what is in hand, then stops working.
    pub async fn stop(self) {
        self.api.stop().await;
        self.scheduler.stop().await;
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
    let checked = settings.check()?;
    let store = connect(settings, &checked).await?;
    store.migrate().await.context("the database cannot be migrated")?;
    let clock = store.clock();
    let (alarm, bell) = (Arc::new(Alarm::default()), Arc::new(ChangeBell::new()));
    let events: Arc<dyn EventSink> = Arc::new(Fanout(vec![alarm.clone(), bell.clone()]));
    let store = Arc::new(store);
    let desk = Arc::new(wire(settings, checked, &store, events)?);

    let background = CancellationToken::new();
    follow_sandbox::start(settings, &clock, background.clone()).await?;
    heartbeat::start(&store, background.clone());
    let scheduler = scheduler::start(Arc::clone(&desk), alarm, scheduler_settings(settings));
    let ready = Arc::new(ready::ServiceReady { store });
    let api = HttpApi::start(
        api_settings(settings),
        listener,
        ApiState::new(Arc::clone(&desk), bell, ready, tokio::runtime::Handle::current()),
    )
    .context("the API cannot start")?;
    Ok(Service { desk, api, scheduler, background })
}

/// Applies the migrations and nothing else.
///
/// # Errors
/// When the database cannot be reached or refuses.
pub async fn migrate(settings: &Settings) -> Result<()> {
    let checked = settings.check()?;
    connect(settings, &checked).await?.migrate().await.context("the database cannot be migrated")
}

async fn connect(settings: &Settings, checked: &Checked) -> Result<PostgresStore> {
    PostgresStore::connect(ConnectSettings {
        pool_max: settings.database.pool_max,
        statement_timeout_ms: settings.database.statement_timeout_ms,
        ..ConnectSettings::new(checked.database_url.expose_secret())
    })
    .await
    .context("the database cannot be reached")
}

fn wire(
    settings: &Settings,
    checked: Checked,
    store: &Arc<PostgresStore>,
    events: Arc<dyn EventSink>,
) -> Result<Paydesk> {
    let clock: Arc<dyn Clock> = store.clock();
    let wechat_pay = wechatpay::WechatPay::new(&checked.wechat_pay, Arc::clone(&clock))?;
    let wechat_pay = Arc::new(wechat_pay);
    let login = wechatpay::MiniProgramLogin::new(checked.login)?;
    Ok(Paydesk {
        orders: store.clone(),
        jobs: store.clone(),
        catalogue: store.clone(),
        book: store.clone(),
        access: store.clone(),
        cases: store.clone(),
        gateway: wechat_pay.clone(),
        notices: wechat_pay,
        login: Arc::new(login),
        clock,
        ids: Arc::new(SystemIds::default()),
        events,
        query_budget: QueryBudget::new(settings.jobs.queries_per_s),
        settings: usecases::Settings {
            deployment_id: settings.deployment_id.clone(),
            mchid: domain::names::Mchid::new(settings.wechat_pay.mchid.clone()),
            appid: domain::names::Appid::new(settings.wechat_pay.appids.mini.clone()),
            checkout_deadline_s: settings.shop.checkout_deadline_s,
            direct_deadline_s: settings.shop.direct_deadline_s,
            session_s: settings.shop.session_s,
        },
    })
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
        lease_ms: settings.jobs.lease_ms,
        sweep_every_ms: settings.jobs.sweep_every_ms,
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
