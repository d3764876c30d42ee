//! The `paydesk.toml` of one service.
//!
//! May not be read by others: it holds keys.

use crate::crowd::office::APPROVAL_ABOVE_FEN;
use crate::plan::Service;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

pub(crate) const NOTIFY_PATH: &str = "/api/mini/wechat-pay/notify";
/// Minutes of the ladders are seconds.
const TIME_SCALE: &str = "0.1";
/// Short, so that what a killed process had in hand is soon somebody else's: three seconds at that scale.
const LEASE_MS: u64 = 30_000;
/// Often: what a sweep finds is a bug.
const SWEEP_EVERY_MS: u64 = 5_000;
/// Often, in the middle of the trouble: what a look at the books finds is a case and an error in the log, and
/// nothing here explains either.
const BOOKS_EVERY_MS: u64 = 2_000;
const CALL_TIMEOUT_MS: u64 = 2_500;
const POOL_MAX: usize = 8;

/// Where one service finds everything. Every address but its own is a proxy's.
pub(crate) struct Addresses {
    pub(crate) own: SocketAddr,
    pub(crate) database: SocketAddr,
    pub(crate) wechat_pay: SocketAddr,
    pub(crate) notify: SocketAddr,
}

/// Writes it.
pub(crate) fn write(
    path: &Path,
    at: &Addresses,
    service: &Service,
    merchant: &Value,
) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let text = text(at, service, merchant);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn text(at: &Addresses, service: &Service, merchant: &Value) -> String {
    let database = format!("postgres://paydesk@{}/torture", at.database);
    let base = format!("http://{}", at.wechat_pay);
    let sections = [
        ("", json!({"environment": "dev", "deployment_id": "torture"})),
        ("[http]", json!({"listen": at.own, "ops_listen": "127.0.0.1:0"})),
        (
            "[database]",
            json!({"url": database, "pool_max": POOL_MAX, "merge_max": service.merge_max}),
        ),
        (
            "[wechat_pay]",
            json!({
                "mchid": merchant["mchid"],
                "app_secret": merchant["app_secret"],
                "base_url": base,
                "platform_base_url": base,
                "notify_url": format!("http://{}{NOTIFY_PATH}", at.notify),
                "api_v3_keys": [merchant["api_v3_key"]],
                "public_key_id": merchant["public_key_id"],
                "public_key": merchant["public_key_pem"],
                "follow_sandbox_clock": true,
                "timeout_ms": CALL_TIMEOUT_MS,
            }),
        ),
        ("[wechat_pay.appids]", json!({"mini": merchant["appid"]})),
        (
            "[[wechat_pay.merchant_keys]]",
            json!({
                "serial": merchant["merchant_serial"],
                "private_key": merchant["merchant_private_key_pem"],
                "certificate": merchant["merchant_certificate_pem"],
            }),
        ),
        ("[refunds]", json!({"approval_above_fen": APPROVAL_ABOVE_FEN})),
        (
            "[jobs]",
            json!({
                "time_scale": TIME_SCALE,
                "lease_ms": LEASE_MS,
                "sweep_every_ms": SWEEP_EVERY_MS,
                "books_every_ms": BOOKS_EVERY_MS,
            }),
        ),
    ];
    let mut text = String::new();
    for (head, values) in sections {
        text.push_str(head);
        text.push('\n');
        for (name, value) in values.as_object().into_iter().flatten() {
            // JSON's texts, numbers, truth values and lists of them are TOML's.
            text.push_str(&format!("{name} = {value}\n"));
        }
        text.push('\n');
    }
    text
}
