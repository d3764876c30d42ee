//! Writes the `paydesk.toml` with which a service of the demonstration or of a test is started.
//!
//! May not be read by others: it holds keys.

use anyhow::{Context as _, Result};
use serde_json::Value;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Writes a configuration.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, document: &Value) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(toml(document).as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// TOML: plain values first, then a section per table; what is deeper is written inline.
fn toml(document: &Value) -> String {
    let (mut plain, mut sections) = (String::new(), String::new());
    for (name, value) in document.as_object().into_iter().flatten() {
        if let Value::Object(section) = value {
            sections.push_str(&format!("\n[{name}]\n"));
            for (name, value) in section {
                sections.push_str(&format!("{name} = {}\n", inline(value)));
            }
        } else {
            plain.push_str(&format!("{name} = {}\n", inline(value)));
        }
    }
    plain + &sections
}

fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| format!("{name} = {}", inline(value));
            format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        // JSON's texts, whole numbers and truth values are TOML's. There are no nulls to write.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_as_the_same_configuration() {
        let document = json!({
            "environment": "dev",
            "deployment_id": "demo",
            "database": {"url": "postgres://paydesk@%2Ftmp/p\"d"},
            "wechat_pay": {
                "mchid": "1900000109",
                "appids": {"mini": "wx1"},
                "notify_url": "http://127.0.0.1:1/api/mini/wechat-pay/notify",
                "merchant_keys": [{"serial": "4F", "private_key": "-----BEGIN\nKEY\\-----\n"}],
                "api_v3_keys": ["a", "b"],
                "follow_sandbox_clock": true,
            },
        });
        let direct: Settings = serde_json::from_value(document.clone()).unwrap();
        let name = format!("paydesk-demo-configuration-{}.toml", std::process::id());
        let path = std::env::temp_dir().join(name);
        super::write(&path, &document).unwrap();
        let read = Settings::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let secret = |settings: &Settings| {
            use secrecy::ExposeSecret as _;
            let key = settings.wechat_pay.merchant_keys[0].private_key.clone().unwrap();
            key.0.expose_secret().to_owned()
        };
        assert_eq!(secret(&direct), "-----BEGIN\nKEY\\-----\n");
        assert_eq!(secret(&read), secret(&direct));
        assert_eq!(format!("{read:?}"), format!("{direct:?}"));
    }
}
