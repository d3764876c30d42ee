//! What the CPU must do at the very least, measured in this process with bare `ring`.

use crate::stopwatch::Stopwatch;
use anyhow::{Context as _, Result, anyhow, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::Duration;
use wechatpay_sim::core::cipher::encrypt;

const NONCE: &str = "000000000001";
const ASSOCIATED: &str = "transaction";
const TURNS: u32 = 5;

/// CPU times on one core.
pub(crate) struct Floor {
    pub(crate) sign: Duration,
    pub(crate) verify: Duration,
    /// Of one notification: verify, decrypt, parse both JSON documents.
    pub(crate) notification: Duration,
}

/// Measures each for about `time`.
pub(crate) fn measure(key_pem: &str, time: Duration) -> Result<Floor> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(key_pem.as_bytes())?;
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|why| anyhow!("{why}"))?;
    let sample = Sample::make(&key)?;
    let public = key.public().as_ref().to_vec();
    Ok(Floor {
        sign: each(time, || sign(&key, &sample.message).map(|made| drop(black_box(made))))?,
        verify: each(time, || verify(&public, &sample.message, &sample.signature))?,
        notification: each(time, || sample.take_in(&public))?,
    })
}

/// The mean of the best of a few turns: whatever else the machine does only makes it longer.
fn each(time: Duration, mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    work()?;
    let turn = time / TURNS;
    let mut best = Duration::MAX;
    for _ in 0..TURNS {
        let watch = Stopwatch::start();
        let mut count = 0_u32;
        while watch.elapsed() < turn {
            work()?;
            count = count.saturating_add(1);
        }
        best = best.min(watch.elapsed().checked_div(count).context("not once in its time")?);
    }
    Ok(best)
}

fn sign(key: &RsaKeyPair, message: &[u8]) -> Result<Vec<u8>> {
    let mut signature = vec![0_u8; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
        .map_err(|why| anyhow!("{why}"))?;
    Ok(signature)
}

fn verify(public: &[u8], message: &[u8], signature: &[u8]) -> Result<()> {
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
        .verify(message, signature)
        .map_err(|why| anyhow!("{why}"))
}

/// A notification of the usual size.
struct Sample {
    body: String,
    message: Vec<u8>,
    signature: Vec<u8>,
    signature_text: String,
    api_v3_key: [u8; 32],
}

impl Sample {
    fn make(key: &RsaKeyPair) -> Result<Sample> {
        let api_v3_key = [7_u8; 32];
        let resource = json!({
            "mchid": "1900016808", "appid": "wx5a0d9c3be7f1a2e4",
            "out_trade_no": "P20260101000000AB0123456789AB",
            "transaction_id": "4200000000000000000000000001", "trade_type": "JSAPI",
            "trade_state": "SUCCESS", "trade_state_desc": "支付成功", "bank_type": "OTHERS",
            "attach": "bench", "success_time": "2026-01-01T00:00:00+08:00",
            "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
            "amount": {"total": 6_800, "payer_total": 6_800, "currency": "CNY",
                "payer_currency": "CNY"},
        });
        let sealed = encrypt(&api_v3_key, NONCE, ASSOCIATED, resource.to_string().as_bytes());
        let body = json!({
            "id": "00000000-0000-4000-8000-000000000001",
            "create_time": "2026-01-01T00:00:00+08:00", "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS", "summary": "支付成功",
            "resource": {"original_type": ASSOCIATED, "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": sealed.context("the nonce is not 12 bytes")?,
                "associated_data": ASSOCIATED, "nonce": NONCE},
        })
        .to_string();
        let message = format!("1767196800\n{NONCE}\n{body}\n").into_bytes();
        let signature = sign(key, &message)?;
        let signature_text = STANDARD.encode(&signature);
        Ok(Sample { body, message, signature, signature_text, api_v3_key })
    }

    /// All that must be done before the database is asked.
    fn take_in(&self, public: &[u8]) -> Result<()> {
        let message = format!("1767196800\n{NONCE}\n{}\n", self.body);
        verify(public, message.as_bytes(), &STANDARD.decode(&self.signature_text)?)?;
        let envelope: Value = serde_json::from_str(&self.body)?;
        let text = |name: &str| envelope["resource"][name].as_str().unwrap_or_default();
        let mut sealed = STANDARD.decode(text("ciphertext"))?;
        let nonce = Nonce::try_assume_unique_for_key(text("nonce").as_bytes());
        let key =
            UnboundKey::new(&AES_256_GCM, &self.api_v3_key).map_err(|why| anyhow!("{why}"))?;
        let plain = LessSafeKey::new(key)
            .open_in_place(
                nonce.map_err(|why| anyhow!("{why}"))?,
                Aad::from(text("associated_data").as_bytes()),
                &mut sealed,
            )
            .map_err(|why| anyhow!("{why}"))?;
        let resource: Value = serde_json::from_slice(plain)?;
        ensure!(resource["amount"]["total"] == 6_800, "the sample was read wrongly");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wechatpay_sim::keys::make::bare_key;

    #[test]
    fn the_floor_does_the_whole_work() {
        let key = bare_key("PUB_KEY_ID_1".to_owned()).unwrap();
        let der = PrivatePkcs8KeyDer::from_pem_slice(key.private_key_pem.as_bytes()).unwrap();
        let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
        let public = pair.public().as_ref().to_vec();
        let mut sample = Sample::make(&pair).unwrap();
        sample.take_in(&public).unwrap();
        sample.body.push(' ');
        assert!(sample.take_in(&public).is_err(), "another body has another signature");
    }
}
