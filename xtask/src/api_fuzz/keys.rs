//! API keys for those who call, made by `paydesk keys` as an administrator would.
//!
//! May not be read by others: the configuration that it writes names the sandbox's keys.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Where keys are made.
pub(super) struct Keys {
    configuration: PathBuf,
}

/// A key, as it was shown once.
pub(super) struct Key {
    pub(super) id: String,
    pub(super) plain: String,
}

impl Keys {
    /// Writes the configuration that `paydesk keys` needs: the database, and a merchant's account
    /// because every configuration has one; it is the sandbox's.
    pub(super) fn of(folder: &Path, sandbox: &Path, database_url: &str) -> Result<Self> {
        let credentials = sandbox.join("credentials.json");
        let text = fs::read_to_string(&credentials)
            .with_context(|| format!("cannot read {}", credentials.display()))?;
        let merchant: Value = serde_json::from_str(&text)
            .with_context(|| format!("{} is not JSON", credentials.display()))?;
        let configuration = folder.join("keys.toml");
        let mut options = OpenOptions::new();
        let opened =
            options.write(true).create(true).truncate(true).mode(0o600).open(&configuration);
        opened
            .and_then(|mut file| file.write_all(toml(&merchant, database_url).as_bytes()))
            .with_context(|| format!("cannot write {}", configuration.display()))?;
        Ok(Self { configuration })
    }

    /// Makes a key with this role; `command` is `paydesk`.
    pub(super) fn make(&self, mut command: Command, role: &str) -> Result<Key> {
        command.arg("keys").arg("--config").arg(&self.configuration);
        command.args(["create", "--name", &format!("api-fuzz {role}"), "--role", role]);
        if role == "service" {
            command.args(["--client-id", "api-fuzz"]);
        }
        let output = command.output().context("cannot run paydesk keys")?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            bail!("paydesk keys create failed: {}", said.trim());
        }
        let id = id_in(&said).with_context(|| format!("paydesk keys named no id: {said}"))?;
        Ok(Key { id, plain: String::from_utf8_lossy(&output.stdout).trim().to_owned() })
    }
}

/// A text of JSON is one of TOML, quotes and all.
fn toml(merchant: &Value, database_url: &str) -> String {
    let url = Value::from(database_url);
    let of = |name: &str| &merchant[name];
    format!(
        "environment = \"dev\"\ndeployment_id = \"api-fuzz\"\n\n[database]\nurl = {url}\n\n\
         [wechat_pay]\nmchid = {}\nappids = {{ mini = {} }}\napp_secret = {}\n\
         base_url = \"http://127.0.0.1:1\"\nplatform_base_url = \"http://127.0.0.1:1\"\n\
         notify_url = \"http://127.0.0.1:1/api/mini/wechat-pay/notify\"\n\
         api_v3_keys = [{}]\npublic_key_id = {}\npublic_key = {}\n\n\
         [[wechat_pay.merchant_keys]]\nserial = {}\nprivate_key = {}\n",
        of("mchid"),
        of("appid"),
        of("app_secret"),
        of("api_v3_key"),
        of("public_key_id"),
        of("public_key_pem"),
        of("merchant_serial"),
        of("merchant_private_key_pem"),
    )
}

/// `key <id>, shown only now:`
fn id_in(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("key ")?;
    rest.split_once(", shown").map(|(id, _)| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_id_of_a_new_key_is_found() {
        assert_eq!(id_in("key 01-ab, shown only now:\n").as_deref(), Some("01-ab"));
        assert_eq!(id_in("the database is not there"), None);
    }

    #[test]
    fn texts_are_quoted_as_toml_wants_it() {
        let merchant = json!({"mchid": "1", "merchant_private_key_pem": "-----\nA\n"});
        let text = toml(&merchant, "postgres://a\"b");
        assert!(text.contains("url = \"postgres://a\\\"b\"\n"), "{text}");
        assert!(text.contains("private_key = \"-----\\nA\\n\"\n"), "{text}");
    }
}
