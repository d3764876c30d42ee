//! Secrets in the configuration: given as text or as the name of a file, never printed.

use anyhow::{Context as _, bail};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use std::path::PathBuf;

/// A secret in the configuration.
#[derive(Clone, Debug)]
pub struct SecretText(pub SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
        String::deserialize(deserializer).map(|text| SecretText(SecretString::from(text)))
    }
}

/// Where a secret comes from: exactly one of two keys.
pub struct Secret<'a> {
    /// The key, such as `wechat_pay.app_secret`.
    pub key: &'a str,
    /// The text, when it is given.
    pub text: Option<&'a SecretText>,
    /// The file, when that is given.
    pub file: Option<&'a PathBuf>,
}

impl Secret<'_> {
    /// The secret; a file's final line break is not part of it.
    ///
    /// # Errors
    /// When neither or both are given, or the file cannot be read.
    pub fn read(&self) -> anyhow::Result<SecretString> {
        match (self.text, self.file) {
            (Some(text), None) => Ok(text.0.clone()),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file).with_context(|| {
                    format!("{}_file: cannot read {}", self.key, file.display())
                })?;
                Ok(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()))
            }
            (Some(_), Some(_)) => bail!("{}: give the text or the file, not both", self.key),
            (None, None) => bail!("{} or {}_file is missing", self.key, self.key),
        }
    }
}
