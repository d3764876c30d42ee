//! What a paydesk.toml says when the other side of WeChat Pay is a sandbox on this machine.

use crate::settings::Settings;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::net::SocketAddr;
use wechatpay_sim::{Credentials, RunningSandbox};

/// Where the notifications of WeChat Pay arrive.
pub const NOTIFY_PATH: &str = "/api/mini/wechat-pay/notify";

/// A service that trades with a sandbox.
pub struct WithSandbox<'a> {
    /// Marks its payments.
    pub deployment_id: &'a str,
    /// Where it listens.
    pub api: SocketAddr,
    /// Its database.
    pub database_url: &'a str,
    /// Where the sandbox is.
    pub sandbox_url: &'a str,
    /// The merchant that the sandbox knows.
    pub merchant: &'a Credentials,
}

impl WithSandbox<'_> {
    /// Its configuration, in the shape of paydesk.toml.
    pub fn document(&self) -> Value {
        let WithSandbox { deployment_id, api, database_url, sandbox_url, merchant } = self;
        // Who listens everywhere is reached here, too.
        let here = if api.ip().is_unspecified() {
            SocketAddr::from(([127, 0, 0, 1], api.port()))
        } else {
            *api
        };
        json!({
            "environment": "dev",
            "deployment_id": deployment_id,
            // A free port: Prometheus or another service may have the usual one.
            "http": { "listen": api, "ops_listen": "127.0.0.1:0" },
            "database": { "url": database_url },
            "wechat_pay": {
                "mchid": merchant.mchid,
                "appids": { "mini": merchant.appid, "app": merchant.mobile_appid },
                "app_secret": merchant.app_secret,
                "base_url": sandbox_url,
                "platform_base_url": sandbox_url,
                "notify_url": format!("http://{here}{NOTIFY_PATH}"),
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
        })
    }
}

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
        let service = WithSandbox {
            deployment_id: "dev",
            api,
            database_url,
            sandbox_url: &sandbox.base_url(),
            merchant: sandbox.credentials(),
        };
        serde_json::from_value(service.document()).context("not a configuration")
    }
}
