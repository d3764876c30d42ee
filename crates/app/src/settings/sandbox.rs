//! What a paydesk.toml says when the other side of WeChat Pay is a sandbox on this machine.

use crate::settings::Settings;
use anyhow::{Context as _, Result};
use serde_json::json;
use std::net::SocketAddr;
use wechatpay_sim::RunningSandbox;

impl Settings {
    /// The configuration of a service at `api` over `database_url` that trades with `sandbox`.
    ///
    /// # Errors
    /// Never, unless this file and `settings.rs` have parted.
    pub fn for_sandbox(
        sandbox: &RunningSandbox,
        database_url: &str,
        api: SocketAddr,
    ) -> Result<Settings> {
        let merchant = sandbox.credentials();
        // Who listens everywhere is reached here, too.
        let here = if api.ip().is_unspecified() {
            SocketAddr::from(([127, 0, 0, 1], api.port()))
        } else {
            api
        };
        let notify_url = format!("http://{here}/api/mini/wechat-pay/notify");
        let settings = json!({
            "environment": "dev",
            "deployment_id": "dev",
            // A free port: Prometheus or another service may have the usual one.
            "http": { "listen": api, "ops_listen": "127.0.0.1:0" },
            "database": { "url": database_url },
            "wechat_pay": {
                "mchid": merchant.mchid,
                "appids": { "mini": merchant.appid },
                "app_secret": merchant.app_secret,
                "base_url": sandbox.base_url(),
                "platform_base_url": sandbox.base_url(),
                "notify_url": notify_url,
                "merchant_keys": [{
                    "serial": merchant.merchant_serial,
                    "private_key": merchant.merchant_private_key_pem,
                    "certificate": merchant.merchant_certificate_pem,
                }],
                "api_v3_keys": [merchant.api_v3_key],
                "public_key_id": merchant.public_key_id,
                "public_key": merchant.public_key_pem,
                "follow_sandbox_clock": true,
            },
        });
        serde_json::from_value(settings).context("not a configuration")
    }
}
