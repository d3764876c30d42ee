//! From what was written to what can be run, or every reason why not.

use crate::settings::{Mode, Secret, Settings, WechatPay};
use domain::Fen;
use domain::names::{Appid, Mchid};
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// Every mistake in a configuration.
#[derive(Debug)]
pub struct Mistakes(pub Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration is not safe to start with:")?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  - {mistake}"))
    }
}

impl std::error::Error for Mistakes {}

/// A configuration that was checked, with its secrets read.
#[derive(Debug)]
pub struct Checked {
    /// The database.
    pub database_url: SecretString,
    /// The client of WeChat Pay.
    pub wechat_pay: wechatpay::Settings,
    /// Login.
    pub login: wechatpay::MiniProgramSettings,
}

impl Settings {
    /// Reads the secrets and checks everything.
    ///
    /// # Errors
    /// Every mistake at once.
    pub fn check(&self) -> Result<Checked, Mistakes> {
        let mut mistakes = Vec::new();
        self.check_shape(&mut mistakes);
        if self.environment == Mode::Production {
            self.check_production(&mut mistakes);
        }
        let database = &self.database;
        let database_url =
            note(&mut mistakes, read("database.url", &database.url, &database.url_file));
        let wechat_pay = wechat_pay(&self.wechat_pay, &mut mistakes);
        let login = login(&self.wechat_pay, &mut mistakes);
        check_mobile_appid(&self.wechat_pay, &mut mistakes);
        match (database_url, mistakes.is_empty()) {
            (Some(database_url), true) => Ok(Checked { database_url, wechat_pay, login }),
            _ => Err(Mistakes(mistakes)),
        }
    }

    fn check_shape(&self, mistakes: &mut Vec<String>) {
        let id = &self.deployment_id;
        let shaped = id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !(1..=16).contains(&id.len()) || !shaped {
            mistakes.push("deployment_id: 1 to 16 of [0-9a-z-]".to_owned());
        }
        // What WeChat Pay gives a payer's client is good for two hours; no checkout outlives it.
        if !(120..=6_600).contains(&self.shop.checkout_deadline_s) {
            mistakes.push("shop.checkout_deadline_s: 120 to 6600 (110 minutes)".to_owned());
        }
        if !(120..=6_600).contains(&self.shop.direct_deadline_s) {
            mistakes.push("shop.direct_deadline_s: 120 to 6600 (110 minutes)".to_owned());
        }
        if !(1..=10_000).contains(&self.jobs.queries_per_s) {
            mistakes.push("jobs.queries_per_s: 1 to 10000".to_owned());
        }
        if !(60..=366 * 24 * 3_600).contains(&self.shop.session_s) {
            mistakes.push("shop.session_s: 60 to 31622400 (a year)".to_owned());
        }
        if !(0..=Fen::LIMIT.get()).contains(&self.refunds.approval_above_fen) {
            let most = Fen::LIMIT.get();
            mistakes.push(format!("refunds.approval_above_fen: 0 to {most}"));
        }
        if !(1..=store_postgres::MERGE_MAX).contains(&self.database.merge_max) {
            mistakes.push(format!("database.merge_max: 1 to {}", store_postgres::MERGE_MAX));
        }
        if !(1..=1_000).contains(&self.database.pool_max) {
            mistakes.push("database.pool_max: 1 to 1000".to_owned());
        }
        if !(1..=256).contains(&self.jobs.parallel) {
            mistakes.push("jobs.parallel: 1 to 256".to_owned());
        }
        if !(1_000..=600_000).contains(&self.jobs.real_lease_ms()) {
            let scaled = "1000 to 600000 (ten minutes), times jobs.time_scale";
            mistakes.push(format!("jobs.lease_ms: {scaled}"));
        }
    }

    fn check_production(&self, mistakes: &mut Vec<String>) {
        let pay = &self.wechat_pay;
        if pay.follow_sandbox_clock {
            mistakes.push("wechat_pay.follow_sandbox_clock is for a sandbox only".to_owned());
        }
        if self.jobs.time_scale.is_faster() {
            mistakes.push("jobs.time_scale below 1 is for a sandbox only".to_owned());
        }
        for (key, url) in [
            ("wechat_pay.base_url", &pay.base_url),
            ("wechat_pay.platform_base_url", &pay.platform_base_url),
        ] {
            if !url.starts_with("https://") {
                mistakes.push(format!("{key} must be https"));
            }
        }
        let places = [
            ("notify_url", Some(&pay.notify_url)),
            ("refund_notify_url", pay.refund_notify_url.as_ref()),
        ];
        for (key, url) in places {
            if let Some(why) = url.and_then(|url| unreachable_from_outside(url)) {
                mistakes.push(format!("wechat_pay.{key} {why}: WeChat Pay could never reach it"));
            }
        }
    }
}

/// Why WeChat Pay could not reach this URL: the incident of a notify URL on localhost.
fn unreachable_from_outside(url: &str) -> Option<&'static str> {
    let Ok(url) = reqwest::Url::parse(url) else { return Some("is not a URL") };
    if url.scheme() != "https" {
        return Some("must be https");
    }
    if url.path() == "/" {
        return Some("has no path");
    }
    let host = url.host_str()?.trim_matches(['[', ']']).to_ascii_lowercase();
    let local_name = host == "localhost"
        || ["localhost", "local", "internal", "lan", "test", "invalid", "example"]
            .iter()
            .any(|tail| host.ends_with(&format!(".{tail}")));
    if local_name || (!host.contains('.') && !host.contains(':')) {
        return Some("names a host that is not public");
    }
    // Also numeric addresses: WeChat Pay wants a registered domain.
    host.parse::<IpAddr>().is_ok().then_some("is an address, not a domain")
}

fn wechat_pay(pay: &WechatPay, mistakes: &mut Vec<String>) -> wechatpay::Settings {
    let mut merchant_keys = Vec::new();
    for (index, key) in pay.merchant_keys.iter().enumerate() {
        let name = format!("wechat_pay.merchant_keys[{index}]");
        let secret = read(&format!("{name}.private_key"), &key.private_key, &key.private_key_file);
        if let Some(private_key) = note(mistakes, secret) {
            let serial = key.serial.clone();
            let certificate = pem(
                &format!("{name}.certificate"),
                key.certificate.as_ref(),
                key.certificate_file.as_ref(),
                mistakes,
            );
            merchant_keys.push(wechatpay::MerchantKeySettings { serial, private_key, certificate });
        }
    }
    let mut api_v3_keys: Vec<SecretString> =
        pay.api_v3_keys.iter().map(|key| key.0.clone()).collect();
    for file in &pay.api_v3_key_files {
        let secret = read("wechat_pay.api_v3_key", &None, &Some(file.clone()));
        api_v3_keys.extend(note(mistakes, secret));
    }
    let public_key_pem = pem(
        "wechat_pay.public_key",
        pay.public_key.as_ref(),
        pay.public_key_file.as_ref(),
        mistakes,
    );
    let public_key = match (&pay.public_key_id, public_key_pem) {
        (Some(id), Some(pem)) => Some(wechatpay::PublicKeySettings { id: id.clone(), pem }),
        (None, None) => None,
        _ => {
            mistakes.push("wechat_pay.public_key_id and public_key belong together".to_owned());
            None
        }
    };
    let settings = wechatpay::Settings {
        mchid: Mchid::new(pay.mchid.clone()),
        merchant_keys,
        api_v3_keys,
        public_key,
        use_platform_certificates: pay.use_platform_certificates,
        oaep_digest: pay.oaep_digest.into(),
        base_url: pay.base_url.clone(),
        backup_base_url: pay.backup_base_url.clone(),
        notify_url: pay.notify_url.clone(),
        refund_notify_url: pay.refund_notify_url.clone(),
        timeout_ms: pay.timeout_ms,
        ..wechatpay::Settings::default()
    };
    let found = settings.check().err().unwrap_or_default();
    mistakes.extend(found.into_iter().map(|mistake| format!("wechat_pay: {mistake}")));
    settings
}

/// A mobile app is one of its own: WeChat Pay refuses App payments under a mini program's appid.
fn check_mobile_appid(pay: &WechatPay, mistakes: &mut Vec<String>) {
    let Some(app) = &pay.appids.app else { return };
    let shaped = app.len() <= 32 && app.bytes().all(|b| b.is_ascii_alphanumeric());
    if app.is_empty() || !shaped {
        mistakes.push("wechat_pay.appids.app must be 1 to 32 letters and digits".to_owned());
    }
    if *app == pay.appids.mini {
        mistakes.push("wechat_pay.appids.app is the mini program's: App needs its own".to_owned());
    }
}

fn login(pay: &WechatPay, mistakes: &mut Vec<String>) -> wechatpay::MiniProgramSettings {
    let secret = read("wechat_pay.app_secret", &pay.app_secret, &pay.app_secret_file);
    let settings = wechatpay::MiniProgramSettings {
        appid: Appid::new(pay.appids.mini.clone()),
        app_secret: note(mistakes, secret).unwrap_or_default(),
        platform_base_url: pay.platform_base_url.clone(),
        timeout_ms: pay.timeout_ms,
        connect_timeout_ms: wechatpay::DEFAULT_CONNECT_TIMEOUT_MS,
    };
    if !settings.app_secret.expose_secret().is_empty() {
        let found = settings.check().err().unwrap_or_default();
        mistakes.extend(found.into_iter().map(|mistake| format!("wechat_pay: {mistake}")));
    }
    settings
}

fn read(
    key: &str,
    text: &Option<super::SecretText>,
    file: &Option<PathBuf>,
) -> anyhow::Result<SecretString> {
    Secret { key, text: text.as_ref(), file: file.as_ref() }.read()
}

fn pem(
    key: &str,
    text: Option<&String>,
    file: Option<&PathBuf>,
    mistakes: &mut Vec<String>,
) -> Option<String> {
    match (text, file) {
        (Some(text), None) => Some(text.clone()),
        (None, Some(file)) => std::fs::read_to_string(file)
            .map_err(|why| mistakes.push(format!("{key}_file: {}: {why}", file.display())))
            .ok(),
        (Some(_), Some(_)) => {
            mistakes.push(format!("{key}: give the text or the file, not both"));
            None
        }
        (None, None) => None,
    }
}

fn note<T>(mistakes: &mut Vec<String>, result: anyhow::Result<T>) -> Option<T> {
    result.map_err(|error| mistakes.push(format!("{error:#}"))).ok()
}

#[cfg(test)]
mod tests {
    use super::{Settings, unreachable_from_outside};
    use serde_json::json;

    /// What a production configuration with these two keys is told about them.
    fn said_of_notify_urls(payments: &str, refunds: Option<&str>) -> Vec<String> {
        let settings = json!({
            "deployment_id": "shop-1",
            "database": { "url": "postgres://paydesk@db/paydesk" },
            "wechat_pay": {
                "mchid": "1900000109", "appids": { "mini": "wxd678efh567hg6787" },
                "merchant_keys": [], "notify_url": payments, "refund_notify_url": refunds,
            },
        });
        let settings: Settings = serde_json::from_value(settings).unwrap();
        let mistakes = settings.check().unwrap_err().0;
        mistakes.into_iter().filter(|mistake| mistake.contains("notify_url")).collect()
    }

    #[test]
    fn refunds_too_are_reported_where_wechat_pay_can_reach() {
        let payments = "https://pay.shop.com/api/mini/wechat-pay/notify";
        assert!(said_of_notify_urls(payments, None).is_empty());
        assert!(said_of_notify_urls(payments, Some("https://pay.shop.com/refunds")).is_empty());
        // A registered domain is asked for here, a public URL by the client.
        let unreachable = said_of_notify_urls(payments, Some("https://10.0.0.1/refunds"));
        assert_eq!(
            unreachable,
            [
                "wechat_pay.refund_notify_url is an address, not a domain: WeChat Pay could never \
                 reach it",
                "wechat_pay: refund_notify_url must be reachable from outside",
            ]
        );
        assert_eq!(said_of_notify_urls("https://pay.shop.com/paid", None).len(), 1);
    }

    #[test]
    fn what_an_operator_may_refund_alone_is_an_amount() {
        let said = |approval_above_fen: i64| {
            let settings = json!({
                "deployment_id": "shop-1",
                "database": { "url": "postgres://paydesk@db/paydesk", "epoch": 1 },
                "wechat_pay": {
                    "mchid": "1900000109", "appids": { "mini": "wxd678efh567hg6787" },
                    "merchant_keys": [],
                    "notify_url": "https://pay.shop.com/api/mini/wechat-pay/notify",
                },
                "refunds": { "approval_above_fen": approval_above_fen },
            });
            let settings: Settings = serde_json::from_value(settings).unwrap();
            settings.check().unwrap_err().0.iter().any(|m| m.starts_with("refunds."))
        };
        assert!(said(-1) && said(1_000_000_001));
        assert!(!said(0) && !said(1_000_000_000));
    }

    #[test]
    fn time_passes_faster_with_a_sandbox_only_and_a_lease_stays_a_lease() {
        let said = |environment: &str, time_scale: &str, lease_ms: u64| {
            let settings = json!({
                "environment": environment,
                "deployment_id": "shop-1",
                "database": { "url": "postgres://paydesk@db/paydesk" },
                "wechat_pay": {
                    "mchid": "1900000109", "appids": { "mini": "wxd678efh567hg6787" },
                    "merchant_keys": [],
                    "notify_url": "https://pay.shop.com/api/mini/wechat-pay/notify",
                },
                "jobs": { "time_scale": time_scale, "lease_ms": lease_ms },
            });
            let settings: Settings = serde_json::from_value(settings).unwrap();
            let mistakes = settings.check().unwrap_err().0;
            mistakes.into_iter().filter(|m| m.starts_with("jobs.")).collect::<Vec<_>>()
        };
        assert!(said("dev", "0.1", 60_000).is_empty());
        assert!(said("production", "1", 60_000).is_empty());
        assert!(said("production", "2.5", 60_000).is_empty());
        let too_fast = ["jobs.time_scale below 1 is for a sandbox only"];
        assert_eq!(said("production", "0.999", 60_000), too_fast);
        assert_eq!(said("dev", "0.1", 9_999).len(), 1, "a lease of less than a second");
        assert_eq!(said("dev", "10", 60_001).len(), 1);
    }

    #[test]
    fn a_notify_url_that_wechat_pay_cannot_reach_is_refused() {
        for url in [
            "http://pay.example.com/notify",
            "https://localhost/notify",
            "https://127.0.0.1/notify",
            "https://192.168.1.9/api/mini/wechat-pay/notify",
            "https://[::1]/notify",
            "https://shop.local/notify",
            "https://intranet/notify",
            "https://pay.shop.com",
            "nonsense",
        ] {
            assert!(unreachable_from_outside(url).is_some(), "{url}");
        }
        let good = "https://pay.shop.com/api/mini/wechat-pay/notify";
        assert_eq!(unreachable_from_outside(good), None);
    }
}
