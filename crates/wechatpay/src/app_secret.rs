//! A mini program's secret (AppSecret), which may become another one while it is in use.

use std::sync::{PoisonError, RwLock};

use secrecy::{ExposeSecret as _, SecretString};

/// The secret that is used now.
pub(crate) struct AppSecret(RwLock<SecretString>);

impl AppSecret {
    pub(crate) fn new(secret: SecretString) -> AppSecret {
        AppSecret(RwLock::new(secret))
    }

    /// A call takes it once, and ends with the one it began with.
    pub(crate) fn now(&self) -> SecretString {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it is another one than before.
    pub(crate) fn renew(&self, secret: SecretString) -> bool {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_other = held.expose_secret() != secret.expose_secret();
        *held = secret;
        is_other
    }
}
