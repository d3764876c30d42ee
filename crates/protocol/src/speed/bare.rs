//! What nobody can leave out: `ring` and `serde_json` with nothing around them.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ports::RawNotice;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::SystemRandom;
use ring::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use serde_json::Value;

use super::watch::{Watch, thread_time};
use crate::wechat::API_V3_KEY;

/// What stands before the key itself in the usual form of a public key with 2048 bits.
const BEFORE: usize = 24;

/// A public key as `ring` takes it.
pub(crate) fn public_key(pem: &str) -> Result<Vec<u8>> {
    let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes())?;
    Ok(der.get(BEFORE..).context("too short for a key")?.to_vec())
}

/// A merchant's or WeChat Pay's own key.
pub(super) fn private_key(pem: &str) -> Result<RsaKeyPair> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())?;
    RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|why| anyhow!("{why}"))
}

pub(super) fn sign(key: &RsaKeyPair, message: &[u8]) -> Result<String> {
    let mut signature = vec![0_u8; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
        .map_err(|why| anyhow!("{why}"))?;
    Ok(STANDARD.encode(signature))
}

pub(super) fn verify(public: &[u8], message: &[u8], signature: &str) -> Result<()> {
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
        .verify(message, &STANDARD.decode(signature)?)
        .map_err(|why| anyhow!("{why}"))
}

/// CPU time of one signature and of one verification, each for about `time`.
pub(super) fn signature_times(key: &RsaKeyPair, time: Duration) -> Result<(Duration, Duration)> {
    let message = [b'm'; 400];
    let public = key.public_key().as_ref().to_vec();
    let made = sign(key, &message)?;
    let signing = each(time, || sign(key, &message).map(|made| drop(black_box(made))))?;
    Ok((signing, each(time, || verify(&public, &message, &made))?))
}

/// How many signatures, each with its verification, so many threads make in `time` of the clock.
pub(super) fn signatures(key: &RsaKeyPair, threads: u32, time: Duration) -> Result<u32> {
    let message = [b'm'; 400];
    let public = key.public_key().as_ref().to_vec();
    let watch = Watch::start();
    let on_one = || {
        let mut count = 0_u32;
        while watch.elapsed() < time {
            verify(&public, &message, &sign(key, &message)?)?;
            count = count.saturating_add(1);
        }
        Ok(count)
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(on_one)).collect();
        let counts =
            all.into_iter().map(|one| one.join().map_err(|_panic| anyhow!("it panicked"))?);
        counts.sum()
    })
}

/// The mean CPU time of one, over `time`.
pub(super) fn each(time: Duration, mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    work()?;
    let began = thread_time();
    let mut count = 0_u32;
    loop {
        work()?;
        count = count.saturating_add(1);
        let took = thread_time().saturating_sub(began);
        if took >= time {
            return took.checked_div(count).context("not once");
        }
    }
}

/// Verifies, opens and parses one notification.
pub(super) struct TakeIn {
    public: Vec<u8>,
    key: LessSafeKey,
}

impl TakeIn {
    pub(super) fn new(public: Vec<u8>) -> Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, API_V3_KEY).map_err(|why| anyhow!("{why}"))?;
        Ok(Self { public, key: LessSafeKey::new(key) })
    }

    /// The payment, as JSON.
    pub(super) fn take_in(&self, raw: &RawNotice) -> Result<Value> {
        let text = |header: &Option<String>| header.clone().unwrap_or_default();
        let mut message = format!("{}\n{}\n", text(&raw.timestamp), text(&raw.nonce)).into_bytes();
        message.extend_from_slice(&raw.body);
        message.push(b'\n');
        verify(&self.public, &message, raw.signature.as_deref().unwrap_or_default())?;
        let envelope: Value = serde_json::from_slice(&raw.body)?;
        let text = |name: &str| envelope["resource"][name].as_str().unwrap_or_default();
        let mut sealed = STANDARD.decode(text("ciphertext"))?;
        let nonce = Nonce::try_assume_unique_for_key(text("nonce").as_bytes())
            .map_err(|why| anyhow!("{why}"))?;
        let associated = Aad::from(text("associated_data").as_bytes());
        let plain = self
            .key
            .open_in_place(nonce, associated, &mut sealed)
            .map_err(|why| anyhow!("{why}"))?;
        let resource: Value = serde_json::from_slice(plain)?;
        ensure!(resource["trade_state"] == "SUCCESS", "read wrongly");
        Ok(resource)
    }
}
