//! `paydesk dev`: everything on one machine with nothing to configure.
//!
//! The same parts as in production, over real sockets and real signatures; only the other side of
//! WeChat Pay is the sandbox.

mod places;
mod purchase;
mod shop;
mod welcome;

use crate::cli::DevArgs;
use crate::playground::{database, goods};
use crate::service::{self, Service, StopSignal};
use crate::settings::Settings;
use anyhow::{Context as _, Result, anyhow};
use places::Places;
use private_postgres::{Durability, RunningPostgres};
use wechatpay_sim::RunningSandbox;

/// Runs `dev` to its end: after the purchase with `--once`, else until it is told to stop.
///
/// # Errors
/// When something cannot start, or the purchase does not end as a paid order.
pub async fn run(args: DevArgs) -> Result<()> {
    let mut stop = StopSignal::listen()?;
    let places = Places::of(&args)?;
    let dev = tokio::select! {
        started = Dev::start(&args, &places) => started?,
        // What was begun ends with this process; the database has a watchdog of its own.
        () = stop.wait() => return Err(anyhow!("interrupted while starting")),
    };
    let played = tokio::select! {
        played = dev.play() => played,
        () = stop.wait() => Err(anyhow!("interrupted")),
    };
    if args.once || played.is_err() {
        dev.stop().await;
        return played;
    }
    welcome::print(&dev.shop, &dev.shop.api_url, &dev.sandbox.base_url());
    if let Some(operations) = dev.service.ops_addr() {
        println!("  metrics      http://{operations}/metrics");
    }
    stop.wait().await;
    eprintln!("\nstopping …");
    dev.stop().await;
    eprintln!("stopped");
    Ok(())
}

/// Everything that runs.
struct Dev {
    postgres: Option<RunningPostgres>,
    sandbox: RunningSandbox,
    service: Service,
    shop: shop::Shop,
}

impl Dev {
    async fn start(args: &DevArgs, places: &Places) -> Result<Dev> {
        let (postgres, url) = open_database(args, places).await?;
        let started = Dev::start_rest(places, &url).await;
        match started {
            Ok((sandbox, service, shop)) => Ok(Dev { postgres, sandbox, service, shop }),
            Err(error) => {
                stop_database(postgres).await;
                Err(error)
            }
        }
    }

    async fn start_rest(
        places: &Places,
        url: &str,
    ) -> Result<(RunningSandbox, Service, shop::Shop)> {
        let sandbox = places.start_sandbox().await?;
        // Bound before the configuration is written, because the notify URL names the port.
        let listener = service::bind(places.http())
            .context("the API cannot start (choose another address with --http)")?;
        let settings = Settings::for_sandbox(&sandbox, url, listener.local_addr()?)?;
        let service = service::start(&settings, listener).await?;
        let shop = shop::open(&service, places).await?;
        Ok((sandbox, service, shop))
    }

    async fn play(&self) -> Result<()> {
        let purchase = purchase::Purchase {
            api: self.shop.api_url.clone(),
            sandbox: self.sandbox.base_url(),
            sku_id: goods::FIRST_SKU,
        };
        purchase.play().await.context("the purchase did not end as a paid order")
    }

    async fn stop(self) {
        self.service.stop().await;
        self.sandbox.stop().await;
        stop_database(self.postgres).await;
    }
}

async fn open_database(
    args: &DevArgs,
    places: &Places,
) -> Result<(Option<RunningPostgres>, String)> {
    if let Some(url) = &args.database_url {
        eprintln!("database: the one of --database-url");
        return Ok((None, url.clone()));
    }
    let postgres = database::start(places.data(), Durability::Durable).await?;
    let url = postgres.url();
    Ok((Some(postgres), url))
}

async fn stop_database(postgres: Option<RunningPostgres>) {
    if let Some(postgres) = postgres {
        database::stop(postgres).await;
    }
}
