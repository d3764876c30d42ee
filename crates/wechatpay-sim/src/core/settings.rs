//! Who the merchant is, and how WeChat Pay behaves where its behaviour is known to differ.
//!
//! MAY NOT hold private keys; those stay behind the keyring.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// The merchant this WeChat Pay knows, and the names of WeChat Pay's own keys.
#[derive(Debug, Clone)]
pub struct Account {
    /// Merchant number (商户号).
    pub mchid: String,
    /// The appids bound to it, each with its app secret.
    pub app_secrets: BTreeMap<String, String>,
    /// Serials of the merchant's valid API certificates.
    pub merchant_serials: BTreeSet<String>,
    /// The APIv3 key: 32 bytes, used as they are.
    pub api_v3_key: [u8; 32],
    /// `PUB_KEY_ID_…`.
    pub public_key_id: String,
    /// Platform certificates, oldest first; the last one signs.
    pub platform_certificates: Vec<PlatformCertificate>,
}

/// A platform certificate as `/v3/certificates` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformCertificate {
    /// 40 upper-case hexadecimal digits.
    pub serial: String,
    /// The certificate.
    pub pem: String,
    /// Valid from.
    pub effective_at: OffsetDateTime,
    /// Valid until.
    pub expire_at: OffsetDateTime,
}

/// Which key WeChat Pay signs with (`v3.md` §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// The switch has not been started: always the certificate.
    Certificate,
    /// The certificates were given up: always the public key, and no certificate list.
    PublicKey,
    /// In between: answers follow `Wechatpay-Serial`, notifications take turns.
    #[default]
    Mixed,
}

/// What closing a number without an order does (`v3.md` §7.4 \[F\]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CloseUnknown {
    /// 204, and the number can never be ordered again. Observed on the live service.
    #[default]
    Burns,
    /// 404 `ORDER_NOT_EXIST`, as older pages say.
    NotFound,
}

/// How error codes are spelt (`v3.md` §8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spelling {
    /// `ORDER_PAID`.
    #[default]
    Current,
    /// `ORDERPAID`.
    Older,
}

/// The body of a re-sent notification (`v3.md` §11.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResendBody {
    /// Encrypted again with a new nonce.
    #[default]
    EncryptedAnew,
    /// The bytes of the first attempt.
    Identical,
}

/// `v3.md` §6.3: seconds between one attempt and the next; 15 re-sends, 86 640 s in all.
pub const RESEND_LADDER_S: [u32; 15] = [
    15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600,
];

/// Behaviour that is contested, changing, or a test's choice.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The verification mode after start and after a reset.
    pub verification: Verification,
    /// Closing a number without an order.
    pub close_unknown: CloseUnknown,
    /// Spelling of error codes.
    pub spelling: Spelling,
    /// Bodies of re-sent notifications.
    pub resend_body: ResendBody,
    /// Seconds between attempts of one notification.
    pub resend_ladder_s: Vec<u32>,
    /// How long a receiver may take to answer, in real milliseconds.
    pub notify_timeout_ms: u64,
    /// How many API calls the ledger's log keeps; the counts are never cut.
    pub call_log_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            verification: Verification::default(),
            close_unknown: CloseUnknown::default(),
            spelling: Spelling::default(),
            resend_body: ResendBody::default(),
            resend_ladder_s: RESEND_LADDER_S.to_vec(),
            notify_timeout_ms: 5_000,
            call_log_max: 10_000,
        }
    }
}
