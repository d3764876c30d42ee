//! What a merchant needs to talk to the sandbox.
//!
//! MAY NOT contain WeChat Pay's own private keys.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `GET /_sandbox/credentials`, and `credentials.json`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Merchant number.
    pub mchid: String,
    /// Mini program bound to it.
    pub appid: String,
    /// Its secret, for `jscode2session`.
    pub app_secret: String,
    /// Mobile app bound to it.
    pub mobile_appid: String,
    /// 32 bytes.
    pub api_v3_key: String,
    /// 32 characters; for API v2.
    pub api_v2_key: String,
    /// Serial of the merchant's API certificate.
    pub merchant_serial: String,
    /// `apiclient_key.pem`.
    pub merchant_private_key_pem: String,
    /// `apiclient_cert.pem`.
    pub merchant_certificate_pem: String,
    /// Serial of the newest platform certificate.
    pub platform_serial: String,
    /// The newest platform certificate.
    pub platform_certificate_pem: String,
    /// `PUB_KEY_ID_…`.
    pub public_key_id: String,
    /// WeChat Pay's public key.
    pub public_key_pem: String,
}

/// Shows numbers and serials, no secrets: this ends up in logs.
impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("mchid", &self.mchid)
            .field("appid", &self.appid)
            .field("mobile_appid", &self.mobile_appid)
            .field("merchant_serial", &self.merchant_serial)
            .field("platform_serial", &self.platform_serial)
            .field("public_key_id", &self.public_key_id)
            .finish_non_exhaustive()
    }
}
