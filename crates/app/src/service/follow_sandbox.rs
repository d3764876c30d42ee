//! Has business time follow the sandbox's clock, so that a test can let half an hour pass.
//!
//! Only where the configuration says so, which production refuses. Signature times stay real.

use crate::settings::Settings;
use anyhow::{Context as _, Result};
use domain::ports::Clock as _;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use store_postgres::StoreClock;
use tokio_util::sync::CancellationToken;

/// How often the sandbox is asked.
const EVERY_MS: u64 = 250;

pub(super) async fn start(
    settings: &Settings,
    clock: &Arc<StoreClock>,
    stop: CancellationToken,
) -> Result<()> {
    if !settings.wechat_pay.follow_sandbox_clock {
        return Ok(());
    }
    let url = format!("{}/_sandbox/clock", settings.wechat_pay.base_url);
    let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).no_proxy().build()?;
    let offset = ask(&client, &url).await.context("the sandbox's clock cannot be read")?;
    clock.set_business_offset_micros(offset);
    let clock = Arc::clone(clock);
    let follow = async move {
        loop {
            clock.sleep_millis(EVERY_MS).await;
            match ask(&client, &url).await {
                Ok(offset) => clock.set_business_offset_micros(offset),
                Err(error) => tracing::debug!(error = %error, "the sandbox's clock is silent"),
            }
        }
    };
    super::in_background(follow, stop);
    Ok(())
}

async fn ask(client: &reqwest::Client, url: &str) -> Result<i64> {
    let answer: Value = client.get(url).send().await?.error_for_status()?.json().await?;
    let seconds = answer["offset_s"].as_i64().context("no offset_s")?;
    Ok(seconds.saturating_mul(1_000_000))
}
