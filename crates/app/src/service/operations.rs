//! The operations listener of the service: where it is, and what it shows.

use crate::metrics::{Meters, Scrape};
use crate::settings::{OpsListen, Settings};
use anyhow::{Context as _, Result};
use http_api::{ApiState, OperationsApi, Ready, RunningApi};
use std::net::TcpListener;
use std::sync::Arc;
use store_postgres::PostgresStore;

/// Takes its port, if there is to be one.
pub(super) fn bind(settings: &Settings) -> Result<Option<TcpListener>> {
    let OpsListen::At(addr) = settings.http.ops_listen else { return Ok(None) };
    let bound = super::bind(addr).context(
        "the operations listener cannot start (choose another address with http.ops_listen, or \
         \"off\")",
    )?;
    Ok(Some(bound))
}

/// Serves what `bind` took.
pub(super) fn start(
    listener: Option<TcpListener>,
    state: &ApiState,
    (meters, store): (&Arc<Meters>, Arc<PostgresStore>),
    ready: Arc<dyn Ready>,
) -> Result<Option<RunningApi>> {
    let Some(listener) = listener else { return Ok(None) };
    let scrape = Arc::new(Scrape::new(meters, store, ready));
    let running = OperationsApi::start(listener, state.clone(), scrape)
        .context("the operations listener cannot start")?;
    Ok(Some(running))
}
