//! `paydesk serve`, `migrate` and `sandbox`.

use crate::cli::{ConfigArgs, SandboxArgs, ServeArgs, ServeRole};
use crate::service::{self, StopSignal};
use crate::settings::Settings;
use anyhow::{Context as _, Result, anyhow};
use clap::ValueEnum as _;
use std::net::TcpListener;
use wechatpay_sim::{Sandbox, SandboxOptions};

/// Serves until it is told to stop.
///
/// # Errors
/// When the configuration is unsafe or something cannot start.
pub(crate) async fn serve(args: &ServeArgs) -> Result<()> {
    let mut stop = StopSignal::listen()?;
    let settings = Settings::read(&args.config.config)?;
    let service = service::start_as(args.role, &settings, listener(args.role, &settings)?).await?;
    service.follow_keys(&args.config.config)?;
    let listen = service.addr().map_or_else(|| "nowhere".to_owned(), |addr| addr.to_string());
    let role = args.role.to_possible_value().map(|value| value.get_name().to_owned());
    tracing::info!(listen, role, "serving");
    stop.wait().await;
    tracing::info!("stopping");
    service.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// The API's port, where there is to be one.
fn listener(role: ServeRole, settings: &Settings) -> Result<Option<TcpListener>> {
    match role {
        ServeRole::Worker => Ok(None),
        ServeRole::All | ServeRole::Api => service::bind(settings.http.listen)
            .map(Some)
            .context("the API cannot start (choose another address with http.listen)"),
    }
}

/// Applies the migrations.
///
/// # Errors
/// When the database cannot be reached or refuses.
pub(crate) async fn migrate(args: &ConfigArgs) -> Result<()> {
    service::migrate(&Settings::read(&args.config)?).await?;
    println!("the database is up to date");
    Ok(())
}

/// Runs the sandbox until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub(crate) async fn sandbox(args: &SandboxArgs) -> Result<()> {
    let mut stop = StopSignal::listen()?;
    let mut options = SandboxOptions::new(args.listen, &args.directory);
    if let Some(file) = &args.faults {
        let script =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        options.faults = wechatpay_sim::fault_script(&script)
            .map_err(|why| anyhow!("{}: {why}", file.display()))?;
    }
    let sandbox = Sandbox::start(options)
        .await
        .context("the sandbox cannot start (choose another address with --listen)")?;
    let merchant = sandbox.credentials();
    let (url, directory) = (sandbox.base_url(), args.directory.display());
    println!(
        "
WeChat Pay sandbox at {url}. Ctrl-C stops it.

Point an SDK at it:
  base URL           {url}             instead of https://api.mch.weixin.qq.com
  mchid              {}
  appid              {}
  merchant serial    {}
  private key, certificates, APIv3 key   in {directory}/
  all of it          curl {url}/_sandbox/credentials

Play the buyer:      {url}/_sandbox/ in a browser, or
                     curl -X POST {url}/_sandbox/pay/<out_trade_no>
See what happened:   curl {url}/_sandbox/ledger
",
        merchant.mchid, merchant.appid, merchant.merchant_serial
    );
    stop.wait().await;
    sandbox.stop().await;
    Ok(())
}
