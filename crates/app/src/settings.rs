//! The configuration: paydesk.toml, overridden by PAYDESK_SECTION__KEY. The only place that reads
//! the environment.
//!
//! Says every mistake at once, and quotes no secret. `docs/configuration.md` explains each key.

mod check;
mod listen;
mod sandbox;
mod sealing;
mod secret;
mod shop;
mod time_scale;

pub use check::{Checked, Mistakes};
pub use listen::OpsListen;
pub use sandbox::{NOTIFY_PATH, WithSandbox};
pub use sealing::OaepDigest;
pub use secret::{Secret, SecretText};
pub use shop::{Refunds, Shop};
pub use time_scale::TimeScale;

use anyhow::{Context as _, anyhow, bail};
use config::{Config, Environment, File};
use serde::Deserialize;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How strict the checks are.
    #[serde(default)]
    pub environment: Mode,
    /// Marks this deployment's payments at WeChat Pay: 1–16 of `[0-9a-z-]`.
    pub deployment_id: String,
    /// The public listener.
    #[serde(default)]
    pub http: Http,
    /// PostgreSQL.
    pub database: Database,
    /// The merchant's account.
    pub wechat_pay: WechatPay,
    /// The shop.
    #[serde(default)]
    pub shop: Shop,
    /// Money that goes back.
    #[serde(default)]
    pub refunds: Refunds,
    /// The scheduler.
    #[serde(default)]
    pub jobs: Jobs,
}

/// How strict the checks are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Mode {
    /// Real money: nothing unsafe starts.
    #[default]
    Production,
    /// A sandbox on this machine.
    Dev,
}

impl TryFrom<String> for Mode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Mode, &'static str> {
        match text.as_str() {
            "production" => Ok(Mode::Production),
            "dev" => Ok(Mode::Dev),
            _ => Err("environment is production or dev"),
        }
    }
}

/// `[http]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where `/metrics`, `/healthz` and `/readyz` are served for those who run it; or `off`.
    pub ops_listen: OpsListen,
    /// Worker threads; 0 means one per core.
    pub workers: usize,
}

impl Default for Http {
    fn default() -> Http {
        Http {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            ops_listen: OpsListen::default(),
            workers: 0,
        }
    }
}

/// `[database]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgres://user:password@host/database`.
    pub url: Option<SecretText>,
    /// A file that holds it.
    pub url_file: Option<PathBuf>,
    /// The most connections.
    #[serde(default = "pool_max")]
    pub pool_max: usize,
    /// The most buyers of one SKU who are written in one transaction.
    #[serde(default = "merge_max")]
    pub merge_max: usize,
    /// The longest one statement may take, in milliseconds.
    #[serde(default = "statement_timeout_ms")]
    pub statement_timeout_ms: u64,
    /// Raised by one whenever the database is put back from a dump.
    #[serde(default)]
    pub epoch: u32,
}

fn merge_max() -> usize {
    store_postgres::MERGE_MAX
}

fn pool_max() -> usize {
    16
}

fn statement_timeout_ms() -> u64 {
    3_000
}

/// `[wechat_pay]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatPay {
    /// The merchant number.
    pub mchid: String,
    /// The applications.
    pub appids: Appids,
    /// The mini program's secret.
    pub app_secret: Option<SecretText>,
    /// A file that holds it.
    pub app_secret_file: Option<PathBuf>,
    /// WeChat Pay's host.
    #[serde(default = "base_url")]
    pub base_url: String,
    /// Asked when `base_url` cannot be reached.
    pub backup_base_url: Option<String>,
    /// The WeChat platform's host: login.
    #[serde(default = "platform_base_url")]
    pub platform_base_url: String,
    /// Where WeChat Pay sends notifications: public, https, `/api/mini/wechat-pay/notify`.
    pub notify_url: String,
    /// Where it sends notifications of refunds: as `notify_url`, `/api/mini/wechat-pay/refund-notify`,
    /// which is what it is when it is left out.
    pub refund_notify_url: Option<String>,
    /// The merchant's keys, the one that signs first.
    pub merchant_keys: Vec<MerchantKey>,
    /// The APIv3 keys, current first.
    #[serde(default)]
    pub api_v3_keys: Vec<SecretText>,
    /// Files that hold them.
    #[serde(default)]
    pub api_v3_key_files: Vec<PathBuf>,
    /// `PUB_KEY_ID_…`, with a public key.
    pub public_key_id: Option<String>,
    /// The public key, PEM.
    pub public_key: Option<String>,
    /// A file that holds it.
    pub public_key_file: Option<PathBuf>,
    /// Whether platform certificates are fetched and believed.
    #[serde(default = "yes")]
    pub use_platform_certificates: bool,
    /// How what is personal is sealed: `sha1` or `sha256`.
    #[serde(default)]
    pub oaep_digest: OaepDigest,
    /// Business time follows the sandbox at `base_url`. Never in production.
    #[serde(default)]
    pub follow_sandbox_clock: bool,
    /// Whether WeChat's shipping management is told what was shipped, if it wants to be.
    #[serde(default = "yes")]
    pub report_shipments: bool,
    /// The longest one call may take, in milliseconds.
    #[serde(default = "call_timeout_ms")]
    pub timeout_ms: u64,
}

/// `[wechat_pay.appids]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appids {
    /// The mini program.
    pub mini: String,
    /// The mobile app; without one, nothing is paid by App.
    pub app: Option<String>,
}

/// `[[wechat_pay.merchant_keys]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MerchantKey {
    /// The certificate's serial; may be left out when the certificate is given.
    pub serial: Option<String>,
    /// The private key, PEM.
    pub private_key: Option<SecretText>,
    /// A file that holds it (`apiclient_key.pem`).
    pub private_key_file: Option<PathBuf>,
    /// The certificate, PEM.
    pub certificate: Option<String>,
    /// A file that holds it (`apiclient_cert.pem`).
    pub certificate_file: Option<PathBuf>,
}

fn base_url() -> String {
    wechatpay::DEFAULT_BASE_URL.to_owned()
}

fn platform_base_url() -> String {
    wechatpay::DEFAULT_PLATFORM_BASE_URL.to_owned()
}

fn yes() -> bool {
    true
}

fn call_timeout_ms() -> u64 {
    wechatpay::DEFAULT_TIMEOUT_MS
}

/// `[jobs]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jobs {
    /// How many jobs are performed at once.
    pub parallel: usize,
    /// How long a job is leased, in designed milliseconds.
    pub lease_ms: u64,
    /// How often to look for work that no job promised, in milliseconds.
    pub sweep_every_ms: u64,
    /// How often some process compares the books with each other, in milliseconds.
    pub books_every_ms: u64,
    /// The most questions about payments that this process asks WeChat Pay in a second.
    pub queries_per_s: u32,
    /// How long a designed second of the ladders, the leases, the horizon, the time between refunds and
    /// the last minute before a deadline really takes. Below 1 never in production.
    pub time_scale: TimeScale,
}

impl Jobs {
    /// How long a job is really leased, in milliseconds.
    #[must_use]
    pub fn real_lease_ms(&self) -> u64 {
        self.time_scale.of_millis(self.lease_ms)
    }
}

impl Default for Jobs {
    fn default() -> Jobs {
        let scheduler = scheduler::Settings::default();
        Jobs {
            parallel: scheduler.parallel,
            lease_ms: scheduler.lease_ms,
            sweep_every_ms: scheduler.sweep_every_ms,
            books_every_ms: scheduler.books_every_ms,
            queries_per_s: 100,
            time_scale: TimeScale::default(),
        }
    }
}

impl Settings {
    /// Reads `file` (which may be missing when everything is in the environment) and PAYDESK_*.
    ///
    /// # Errors
    /// When something is missing, unknown or of the wrong form, in words that name the key.
    pub fn read(file: &Path) -> anyhow::Result<Settings> {
        // What else begins with PAYDESK_ belongs to the command line or to tests.
        let set: config::Map<String, String> =
            std::env::vars_os().filter_map(as_text).filter(|(name, _)| is_setting(name)).collect();
        if !file.exists() && set.is_empty() {
            bail!(
                "{} does not exist, and no PAYDESK_SECTION__KEY is set: name a file with --config \
                 (docs/configuration.md shows one)",
                file.display()
            );
        }
        let environment = Environment::with_prefix("PAYDESK")
            .prefix_separator("_")
            .separator("__")
            .ignore_empty(true)
            .try_parsing(true)
            .source(Some(set));
        let config = Config::builder()
            .add_source(File::from(file).format(config::FileFormat::Toml).required(false))
            .add_source(environment)
            .build()
            .with_context(|| format!("cannot read {}", file.display()))?;
        config.try_deserialize().map_err(|error| {
            let what = without_values(&error.to_string());
            anyhow!("{} and PAYDESK_* are not a configuration: {what}", file.display())
        })
    }
}

impl Settings {
    /// Everything but the keys that can change while the service runs, to be compared. Shows no secret, and
    /// so does not tell one from another.
    pub(crate) fn besides_keys(&self) -> String {
        let wechat_pay = WechatPay {
            merchant_keys: Vec::new(),
            api_v3_keys: Vec::new(),
            api_v3_key_files: Vec::new(),
            public_key_id: None,
            public_key: None,
            public_key_file: None,
            use_platform_certificates: true,
            oaep_digest: OaepDigest::default(),
            app_secret: None,
            app_secret_file: None,
            ..self.wechat_pay.clone()
        };
        format!("{:?}", Settings { wechat_pay, ..self.clone() })
    }
}

fn as_text((name, value): (OsString, OsString)) -> Option<(String, String)> {
    name.into_string().ok().zip(value.into_string().ok())
}

/// Whether a variable sets a key: `PAYDESK_SECTION__KEY`, or one of the keys without a section.
fn is_setting(name: &str) -> bool {
    let Some(key) = name.strip_prefix("PAYDESK_") else { return false };
    key.contains("__") || matches!(key, "ENVIRONMENT" | "DEPLOYMENT_ID")
}

/// An error without what it quotes: a value of the wrong type may be a secret. The name of a key that
/// is missing is none.
fn without_values(error: &str) -> String {
    if error.starts_with("missing configuration field") {
        return error.to_owned();
    }
    error
        .split('"')
        .enumerate()
        .map(|(part, text)| if part % 2 == 0 { text } else { "…" })
        .collect::<Vec<_>>()
        .join("\"")
}

#[cfg(test)]
mod tests {
    use super::{is_setting, without_values};

    #[test]
    fn a_missing_key_is_named_and_a_wrong_value_is_not_shown() {
        let missing = "missing configuration field \"deployment_id\"";
        assert_eq!(without_values(missing), missing);
        let wrong = "invalid type: string \"secret\", expected a map";
        assert!(!without_values(wrong).contains("secret"));
    }

    #[test]
    fn only_variables_of_keys_are_settings() {
        for name in ["PAYDESK_HTTP__LISTEN", "PAYDESK_DEPLOYMENT_ID", "PAYDESK_ENVIRONMENT"] {
            assert!(is_setting(name), "{name}");
        }
        for name in ["PAYDESK_CONFIG", "PAYDESK_POSTGRES_FROM", "PAYDESK_DEV_DATA", "HTTP__LISTEN"]
        {
            assert!(!is_setting(name), "{name}");
        }
    }

    #[test]
    fn an_error_about_a_value_does_not_show_it() {
        let error = "invalid type: string \"s3cret\", expected a sequence for key `api_v3_keys`";
        let said = without_values(error);
        assert!(!said.contains("s3cret") && said.contains("api_v3_keys"), "{said}");
    }
}
