//! Signs as a merchant signs, with the merchant's own key: for what another system, or a forger, sends.
//!
//! Shares no code with Paydesk's client: the demonstration must not agree with it by birth.

use crate::ids::SystemIds;
use crate::playground::stopwatch::unix_seconds;
use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ports::IdSource as _;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use wechatpay_sim::Credentials;

/// A merchant's key and the names that belong to it.
pub(super) struct Signer {
    key: RsaKeyPair,
    mchid: String,
    serial: String,
}

/// A signature with what it was made over, besides the message itself.
pub(super) struct Signed {
    pub(super) timestamp: String,
    pub(super) nonce: String,
    pub(super) signature: String,
}

impl Signer {
    /// With the key of a merchant.
    pub(super) fn of(merchant: &Credentials) -> Result<Signer> {
        let pem = merchant.merchant_private_key_pem.as_bytes();
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).context("not a PKCS#8 key")?;
        let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
            .map_err(|why| anyhow!("not an RSA key: {why}"))?;
        Ok(Signer { key, mchid: merchant.mchid.clone(), serial: merchant.merchant_serial.clone() })
    }

    /// The `Authorization` of a request to WeChat Pay.
    pub(super) fn authorization(&self, method: &str, path: &str, body: &str) -> Result<String> {
        let (timestamp, nonce) = (unix_seconds().to_string(), nonce());
        let message = format!("{method}\n{path}\n{timestamp}\n{nonce}\n{body}\n");
        let (mchid, serial, signature) = (&self.mchid, &self.serial, self.sign(&message)?);
        Ok(format!(
            r#"WECHATPAY2-SHA256-RSA2048 mchid="{mchid}",nonce_str="{nonce}",signature="{signature}",timestamp="{timestamp}",serial_no="{serial}""#
        ))
    }

    /// The signature of a body, in the form in which WeChat Pay signs what it sends.
    pub(super) fn sign_as_notification(&self, body: &str) -> Result<Signed> {
        let (timestamp, nonce) = (unix_seconds().to_string(), nonce());
        let signature = self.sign(&format!("{timestamp}\n{nonce}\n{body}\n"))?;
        Ok(Signed { timestamp, nonce, signature })
    }

    fn sign(&self, message: &str) -> Result<String> {
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .map_err(|why| anyhow!("cannot sign: {why}"))?;
        Ok(STANDARD.encode(signature))
    }
}

fn nonce() -> String {
    hex::encode_upper(&SystemIds::default().secret()[..16])
}
