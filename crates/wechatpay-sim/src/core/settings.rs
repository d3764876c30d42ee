//! Who the merchant is, and how WeChat Pay behaves where its behaviour is known to differ.
//!
//! MAY NOT hold private keys; those stay behind the keyring. What is not documented, or documented in two ways, is a
//! setting here and never a constant elsewhere: a client must live with each of them.

pub mod bills;
pub mod shipping;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::core::route::TradeType;
use crate::core::settings::bills::{
    BillBeforeNine, BillBom, BillDateRefused, BillEmpty, BillFeesFrom, BillLayout, BillLineEnd,
    BillRefundStatus, BillRefundTimes, DownloadPath,
};
use crate::core::settings::shipping::{ShippingAgain, ShippingManagement};

/// The merchant this WeChat Pay knows, and the names of WeChat Pay's own keys.
#[derive(Debug, Clone)]
pub struct Account {
    /// Merchant number (商户号).
    pub mchid: String,
    /// The mini programs and official accounts bound to it, each with its app secret.
    pub app_secrets: BTreeMap<String, String>,
    /// The mobile apps bound to it.
    pub mobile_apps: BTreeSet<String>,
    /// Serials of the merchant's valid API certificates.
    pub merchant_serials: BTreeSet<String>,
    /// Serials of those that were revoked (作废).
    pub revoked_serials: BTreeSet<String>,
    /// The APIv3 key: 32 bytes, used as they are.
    pub api_v3_key: [u8; 32],
    /// `PUB_KEY_ID_…`.
    pub public_key_id: String,
    /// Platform certificates, oldest first; the last one signs.
    pub platform_certificates: Vec<PlatformCertificate>,
}

impl Account {
    /// Whether an appid is the merchant's, and of the kind that the product asks for (`v3.md` §7.1): a mini program or an
    /// official account for JSAPI, a mobile app for App, any for Native and H5.
    pub fn may_order(&self, appid: &str, trade_type: TradeType) -> bool {
        let (inside, mobile) =
            (self.app_secrets.contains_key(appid), self.mobile_apps.contains(appid));
        match trade_type {
            TradeType::Jsapi => inside,
            TradeType::App => mobile,
            TradeType::Native | TradeType::H5 => inside || mobile,
        }
    }
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseUnknown {
    /// 204, and the number can never be ordered again. Observed on the live service.
    #[default]
    Burns,
    /// 404 `ORDER_NOT_EXIST`, as older pages say.
    NotFound,
}

/// How error codes are spelt (`v3.md` §8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spelling {
    /// `ORDER_PAID`.
    #[default]
    Current,
    /// `ORDERPAID`.
    Older,
}

/// The body of a re-sent notification (`v3.md` §11.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResendBody {
    /// Encrypted again with a new nonce.
    #[default]
    EncryptedAnew,
    /// The bytes of the first attempt.
    Identical,
}

/// How a further refund of one order is refused that comes too soon (`v3.md` §7.5 names the minute, not the answer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundTooSoon {
    /// `429 FREQUENCY_LIMITED`.
    #[default]
    FrequencyLimited,
    /// `400 INVALID_REQUEST`.
    InvalidRequest,
}

/// How a used `out_refund_no` with other parameters is refused (`v3.md` §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundDiffers {
    /// `400 INVALID_REQUEST`.
    #[default]
    InvalidRequest,
    /// `400 REFUND_FEE_MISMATCH`, the name in the FAQ.
    RefundFeeMismatch,
}

/// Whether the merchant's account can pay for refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MerchantBalance {
    /// It can.
    #[default]
    Enough,
    /// It cannot, and new refunds are refused at once: `403 NOT_ENOUGH` (`v3.md` §8.2).
    ShortRefuses,
    /// It cannot, and new refunds are accepted and stay `PROCESSING`: `CLOSED` after 7 days (`v3.md` §7.5).
    ShortWaits,
}

/// The digest of RSAES-OAEP (`v3.md` §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OaepDigest {
    /// As the official SDKs have it.
    #[default]
    Sha1,
    /// As one page recommends.
    Sha256,
}

/// The answer to an abnormal refund that was applied for before, in the same words (`v3.md` does not say).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbnormalRepeat {
    /// The refund as it stands, as for other repeats.
    #[default]
    Answered,
    /// `400 INVALID_REQUEST`: it is not `ABNORMAL` any more.
    Refused,
}

/// `v3.md` §6.3: seconds between one attempt and the next; 15 re-sends, 86 640 s in all.
pub const RESEND_LADDER_S: [u32; 15] = [
    15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600,
];

/// A ladder has no more steps than this.
const LADDER_STEPS_MAX: usize = 100;
/// A receiver is not waited for longer than this, in milliseconds.
const NOTIFY_TIMEOUT_MS_MAX: u64 = 60_000;
/// The ledger's log is not longer than this.
const CALL_LOG_MAX: usize = 1_000_000;
/// No refund takes longer than a year, in milliseconds.
const REFUND_TAKES_MS_MAX: u64 = 365 * 24 * 3_600 * 1_000;
/// No fee is above 10 %, in hundredths of a percent.
const FEE_RATE_BP_MAX: u32 = 1_000;
/// A bill is ready within a week, in seconds.
const BILL_READY_S_MAX: u32 = 7 * 24 * 3_600;
/// A bill waits for a day at most, in seconds.
const BILL_TOKEN_S_MAX: u32 = 24 * 3_600;

/// Behaviour that is contested, changing, or a test's choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The verification mode after start and after a reset. `/_sandbox/mode` changes the mode of now.
    #[serde(skip)]
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
    /// How long an accepted refund is `PROCESSING`, in milliseconds on the sandbox clock; with 0 the answer that accepts
    /// it already says how it ended.
    pub refund_takes_ms: u64,
    /// Seconds between two refunds of one order; with 0 they may follow each other at once.
    pub refund_spacing_s: u32,
    /// The answer to a refund within that time.
    pub refund_too_soon: RefundTooSoon,
    /// The answer to a used `out_refund_no` with other parameters.
    pub refund_differs: RefundDiffers,
    /// Whether the merchant's account can pay for refunds.
    pub merchant_balance: MerchantBalance,
    /// The answer to an abnormal refund that was applied for before.
    pub abnormal_repeat: AbnormalRepeat,
    /// How sensitive fields are sealed.
    pub oaep_digest: OaepDigest,
    /// WeChat Pay's fee, in hundredths of a percent; for bills alone.
    pub bill_fee_rate_bp: u32,
    /// Which account pays it.
    pub bill_fees_from: BillFeesFrom,
    /// When a bill can be had, in seconds after the end of its day in Beijing.
    pub bill_ready_s: u32,
    /// What is said of it before it is begun.
    pub bill_before_nine: BillBeforeNine,
    /// The status that goes with `NO_STATEMENT_EXIST`.
    pub bill_empty: BillEmpty,
    /// The answer to a day whose bill there cannot be.
    pub bill_date_refused: BillDateRefused,
    /// How long a `download_url` is good, in seconds on the sandbox clock.
    pub bill_token_s: u32,
    /// Its path.
    pub bill_download_path: DownloadPath,
    /// Whether a bill begins with a byte order mark.
    pub bill_bom: BillBom,
    /// How its lines end.
    pub bill_line_end: BillLineEnd,
    /// Its columns.
    pub bill_layout: BillLayout,
    /// Where the two times of a refund stand.
    pub bill_refund_times: BillRefundTimes,
    /// As of when a refund's line tells its status.
    pub bill_refund_status: BillRefundStatus,
    /// Whether the mini program has to say what it ships.
    pub shipping_management: ShippingManagement,
    /// How long after a payment shipping management knows it, in milliseconds on the sandbox clock.
    pub shipping_known_after_ms: u64,
    /// The answer to another report after all of it was told.
    pub shipping_again: ShippingAgain,
    /// How many packages a report may have.
    pub shipping_list_max: usize,
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
            refund_takes_ms: 5_000,
            refund_spacing_s: 60,
            refund_too_soon: RefundTooSoon::default(),
            refund_differs: RefundDiffers::default(),
            merchant_balance: MerchantBalance::default(),
            abnormal_repeat: AbnormalRepeat::default(),
            oaep_digest: OaepDigest::default(),
            bill_fee_rate_bp: 60,
            bill_fees_from: BillFeesFrom::default(),
            bill_ready_s: 36_000,
            bill_before_nine: BillBeforeNine::default(),
            bill_empty: BillEmpty::default(),
            bill_date_refused: BillDateRefused::default(),
            bill_token_s: 300,
            bill_download_path: DownloadPath::default(),
            bill_bom: BillBom::default(),
            bill_line_end: BillLineEnd::default(),
            bill_layout: BillLayout::default(),
            bill_refund_times: BillRefundTimes::default(),
            bill_refund_status: BillRefundStatus::default(),
            shipping_management: ShippingManagement::default(),
            shipping_known_after_ms: 3_000,
            shipping_again: ShippingAgain::default(),
            shipping_list_max: shipping::LIST_MAX,
        }
    }
}

impl Settings {
    /// These settings with the given members replaced, or why not.
    pub fn changed(&self, change: Value) -> Result<Self, String> {
        let Value::Object(change) = change else {
            return Err("give an object with the settings to change".to_owned());
        };
        let mut all = serde_json::to_value(self).map_err(|why| why.to_string())?;
        if let Some(members) = all.as_object_mut() {
            members.extend(change);
        }
        let read: Self = serde_json::from_value(all).map_err(|why| why.to_string())?;
        read.check()?;
        Ok(Self { verification: self.verification, ..read })
    }

    fn check(&self) -> Result<(), String> {
        if self.resend_ladder_s.len() > LADDER_STEPS_MAX {
            return Err(format!("resend_ladder_s has at most {LADDER_STEPS_MAX} steps"));
        }
        if !(1..=NOTIFY_TIMEOUT_MS_MAX).contains(&self.notify_timeout_ms) {
            return Err(format!("notify_timeout_ms is from 1 to {NOTIFY_TIMEOUT_MS_MAX}"));
        }
        if self.call_log_max > CALL_LOG_MAX {
            return Err(format!("call_log_max is at most {CALL_LOG_MAX}"));
        }
        if self.refund_takes_ms > REFUND_TAKES_MS_MAX {
            return Err("refund_takes_ms is at most a year".to_owned());
        }
        if self.bill_fee_rate_bp > FEE_RATE_BP_MAX {
            return Err(format!("bill_fee_rate_bp is at most {FEE_RATE_BP_MAX}"));
        }
        if self.bill_ready_s > BILL_READY_S_MAX {
            return Err("bill_ready_s is at most a week".to_owned());
        }
        if !(1..=BILL_TOKEN_S_MAX).contains(&self.bill_token_s) {
            return Err("bill_token_s is from a second to a day".to_owned());
        }
        shipping::check(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_named_stays() {
        let before = Settings { verification: Verification::PublicKey, ..Settings::default() };
        let after = before.changed(json!({"refund_spacing_s": 6, "spelling": "older"})).unwrap();
        let expected =
            Settings { refund_spacing_s: 6, spelling: Spelling::Older, ..before.clone() };
        assert_eq!(after, expected);
        assert_eq!(before.changed(json!({})), Ok(before));
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        for (change, word) in [
            (json!([]), "object"),
            (json!({"refund_spaceing_s": 6}), "unknown field"),
            (json!({"verification": "mixed"}), "unknown field"),
            (json!({"merchant_balance": "empty"}), "unknown variant"),
            (json!({"refund_spacing_s": -1}), "invalid value"),
            (json!({"refund_takes_ms": 31_536_000_001_u64}), "a year"),
            (json!({"resend_ladder_s": vec![1; 101]}), "100 steps"),
            (json!({"notify_timeout_ms": 0}), "notify_timeout_ms"),
            (json!({"call_log_max": 1_000_001}), "call_log_max"),
            (json!({"bill_fee_rate_bp": 1_001}), "bill_fee_rate_bp"),
            (json!({"bill_ready_s": 604_801}), "a week"),
            (json!({"bill_token_s": 0}), "a second"),
            (json!({"bill_empty": "gone"}), "unknown variant"),
            (json!({"shipping_known_after_ms": 3_600_001}), "an hour"),
            (json!({"shipping_list_max": 16}), "from 1 to 15"),
        ] {
            let why = Settings::default().changed(change.clone()).unwrap_err();
            assert!(why.contains(word), "{change}: {why}");
        }
    }
}
