//! Conversations with WeChat Pay.

use super::PortFuture;
use crate::card::Card;
use crate::fact::{PaymentFact, RefundFact};
use crate::names::{Appid, Mchid, Openid, RefundId, TransactionId};
use crate::payment::{Credential, Payment, Terms};
use crate::{Fen, OutRefundNo, OutTradeNo, Timestamp};

/// Calls to WeChat Pay about payments.
pub trait PaymentGateway: Send + Sync {
    /// The body of a prepay request for these terms. Pure: the caller stores it with the payment
    /// before anything is sent.
    ///
    /// # Contract
    /// Equal terms give equal bytes within one configuration.
    fn compose_prepay(&self, terms: &Terms) -> String;

    /// Orders the payment at WeChat Pay (下单).
    ///
    /// # Contract
    /// Sends `payment.prepay_body` as it stands. `Ok` only for an answer whose signature was
    /// verified. `Refused` only for codes that mean that nothing was ordered.
    fn prepay<'a>(
        &'a self,
        payment: &'a Payment,
    ) -> PortFuture<'a, Result<Credential, GatewayError>>;

    /// Asks what became of a payment (查单).
    ///
    /// # Contract
    /// Every `Ok` is a verified statement about that number and our merchant number; the one
    /// unsigned answer that is `Ok` is `ORDER_NOT_EXIST`, which the state machine never takes as
    /// final by itself.
    fn query<'a>(
        &'a self,
        out_trade_no: &'a OutTradeNo,
    ) -> PortFuture<'a, Result<PaymentFact, GatewayError>>;

    /// Asks WeChat Pay to close an unpaid payment (关单). `Ok` proves nothing: the number may
    /// never have been ordered, or be paid a moment later in our eyes. Query afterwards.
    fn close<'a>(
        &'a self,
        out_trade_no: &'a OutTradeNo,
    ) -> PortFuture<'a, Result<(), GatewayError>>;

    /// Asks WeChat Pay to send money back (申请退款). Sent again with the same request it is the
    /// same refund.
    ///
    /// # Contract
    /// `Ok` only for a verified answer about this number and this amount; it says how far the
    /// refund got. `Refused` only for codes that mean that nothing was accepted; errors are
    /// unsigned, so even those are believed only together with [`PaymentGateway::query_refund`].
    fn refund<'a>(
        &'a self,
        request: &'a RefundRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>>;

    /// Asks what became of a refund (查询单笔退款).
    ///
    /// # Contract
    /// Every `Ok` is a verified statement about that number; the one unsigned answer that is `Ok`
    /// is `NotExist`.
    fn query_refund<'a>(
        &'a self,
        out_refund_no: &'a OutRefundNo,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>>;

    /// Has a refund that is `ABNORMAL` sent to a card (发起异常退款). It is the same refund: no money but its own
    /// moves by it, however often it is called.
    ///
    /// # Contract
    /// `Ok` only for a verified answer about this refund; it says how far the refund is. `Refused` only for codes
    /// that mean that this call changed nothing; errors are unsigned, so even those are believed only together
    /// with [`PaymentGateway::query_refund`]. What is personal in the card is sealed for WeChat Pay alone, and
    /// is in no error and in no log.
    fn apply_abnormal<'a>(
        &'a self,
        request: &'a AbnormalRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>>;

    /// What the payer's client is called with, freshly signed. `None` when the payment has no
    /// credential.
    ///
    /// # Contract
    /// Signed with the key that signed the prepay request.
    fn pay_params(&self, payment: &Payment) -> Option<PayParams>;
}

/// A refund to be asked for (v3 §7.5). Equal for every retry of one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// Our number of the refund.
    pub out_refund_no: OutRefundNo,
    /// Our number of the payment.
    pub out_trade_no: OutTradeNo,
    /// WeChat Pay's number of the payment.
    pub transaction_id: TransactionId,
    /// How much goes back, in fen, at least 1.
    pub amount: Fen,
    /// What was paid, in fen (`amount.total` of the payment).
    pub total: Fen,
    /// Shown to the payer; the adapter cuts it to WeChat Pay's 80 bytes.
    pub reason: String,
}

/// An abnormal refund that is to be sent to a card (v3 §7.7). Not to be copied: see [`crate::card`].
#[derive(Debug)]
pub struct AbnormalRequest {
    /// WeChat Pay's number of the refund.
    pub refund_id: RefundId,
    /// Our number of the refund.
    pub out_refund_no: OutRefundNo,
    /// Our number of the payment that it returns.
    pub out_trade_no: OutTradeNo,
    /// How much it is, in fen.
    pub amount: Fen,
    /// Where it is to go.
    pub card: Card,
}

/// What the payer's client is called with (v3 §7.2). Whoever has it can pay: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub enum PayParams {
    /// For `wx.requestPayment` and `WeixinJSBridge`. All values are strings.
    Jsapi {
        /// `appId`.
        app_id: Appid,
        /// `timeStamp`, seconds, as text.
        time_stamp: String,
        /// `nonceStr`.
        nonce_str: String,
        /// `package`: `prepay_id=…`.
        package: String,
        /// `signType`: `RSA`.
        sign_type: String,
        /// `paySign`.
        pay_sign: String,
    },
    /// The content of a QR code.
    Native {
        /// `code_url`.
        code_url: String,
    },
    /// Where a browser on a phone is sent.
    H5 {
        /// `h5_url`; the client may append `&redirect_url=…`.
        h5_url: String,
    },
    /// For the OpenSDK's `PayReq`. All values are strings.
    App {
        /// `appid` of the mobile app.
        appid: Appid,
        /// `partnerid`: the merchant.
        partner_id: Mchid,
        /// `prepayid`, bare.
        prepay_id: String,
        /// `package`: `Sign=WXPay`.
        package: String,
        /// `noncestr`.
        nonce_str: String,
        /// `timestamp`, seconds, as text.
        time_stamp: String,
        /// `sign`.
        sign: String,
    },
}

impl core::fmt::Debug for PayParams {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PayParams(…)")
    }
}

impl core::fmt::Debug for RawNotice {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RawNotice({} bytes)", self.body.len())
    }
}

/// Why a call to WeChat Pay gave no answer that can be used. A variant exists because somebody
/// acts differently.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// A definite refusal: nothing happened there, and the same call will not succeed.
    #[error("WeChat Pay refused: {0}")]
    Refused(WechatRefusal),
    /// WeChat Pay says that this number was paid (`ORDERPAID`). Unsigned, so nothing is settled by it;
    /// but nobody is sent to another payment before a query says what became of this one.
    #[error("WeChat Pay says that it was paid: {0}")]
    AlreadyPaid(WechatRefusal),
    /// WeChat Pay holds this number with another state or other parameters (`OUT_TRADE_NO_USED`,
    /// `ORDER_CLOSED`): ask what became of it, and order under another number.
    #[error("the number is spent: {0}")]
    NumberSpent(WechatRefusal),
    /// Nothing happened, or nothing new; the same call later may succeed.
    #[error("WeChat Pay asks to come back later: {0}")]
    Retryable(WechatRefusal),
    /// It may or may not have happened. Never "failed": ask with our own number.
    #[error("the outcome is unknown: {0}")]
    OutcomeUnknown(String),
    /// Our configuration is wrong (signature, permission): wake someone. Treated as unknown.
    #[error("WeChat Pay does not accept our credentials: {0}")]
    Misconfigured(WechatRefusal),
    /// The answer's signature is wrong: the outcome is unknown, and loud.
    #[error("the answer is not trusted: {0}")]
    Untrusted(String),
}

/// What WeChat Pay said when it refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WechatRefusal {
    /// The HTTP status.
    pub http_status: u16,
    /// `code`, empty when the body had none.
    pub code: String,
    /// `message`, for merchants to read. It may quote what was sent, so no log shows it.
    pub message: String,
    /// `Request-ID`, for WeChat Pay's support.
    pub request_id: Option<String>,
}

impl core::fmt::Display for WechatRefusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {}", self.http_status, self.code)
    }
}

/// Opens what claims to be a notification from WeChat Pay.
pub trait NoticeOpener: Send + Sync {
    /// Verifies the signature over the raw bytes, the time window around `now` (real time, never
    /// the business clock), then decrypts and reads.
    ///
    /// # Contract
    /// `Ok` only when the key named by the serial verified the raw body, the timestamp lies
    /// within 300 s of `now`, the resource opened under our APIv3 key, and the merchant is ours.
    /// No byte of an unverified body influences anything but the reason that is given for refusing
    /// it.
    fn open<'a>(
        &'a self,
        raw: &'a RawNotice,
        now: Timestamp,
    ) -> PortFuture<'a, Result<Notice, NoticeError>>;
}

/// A request to the notify URL, unread: `Debug` shows its size.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RawNotice {
    /// `Wechatpay-Timestamp`.
    pub timestamp: Option<String>,
    /// `Wechatpay-Nonce`.
    pub nonce: Option<String>,
    /// `Wechatpay-Signature`.
    pub signature: Option<String>,
    /// `Wechatpay-Serial`.
    pub serial: Option<String>,
    /// The body as it came, byte for byte.
    pub body: Vec<u8>,
}

/// A notification that is WeChat Pay's own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// WeChat Pay's id; every re-send has the same.
    pub event_id: String,
    /// `event_type`, such as `TRANSACTION.SUCCESS`.
    pub event_type: String,
    /// SHA-256 (hex) of the decrypted resource's canonical facts. Re-sends are encrypted anew,
    /// so bytes differ; these may not.
    pub fact_hash: String,
    /// What it says.
    pub body: NoticeBody,
}

/// What a notification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeBody {
    /// Something about a payment.
    Payment(Box<PaymentFact>),
    /// Something about a refund.
    Refund(Box<RefundFact>),
    /// An event of a type that we do not act on. Stored, alerted, acknowledged.
    Other,
}

/// Why a notification was not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// Not WeChat Pay's word to us: signature, serial, time, or another merchant. Answer 401.
    #[error("not trusted: {0}")]
    Untrusted(&'static str),
    /// A deliberately wrong signature (`WECHATPAY/SIGNTEST/`): 401 like any other, but nobody is
    /// paged.
    #[error("signature probe")]
    Probe,
    /// Signed by WeChat Pay, yet it cannot be decrypted or read; or XML, which the API that is
    /// spoken here never sends. Answer 400.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The key that it names could not be fetched just now. Answer 503.
    #[error("keys unavailable")]
    KeysUnavailable,
}

/// Turns a mini program's login code into the buyer's openid.
pub trait LoginGateway: Send + Sync {
    /// Asks WeChat once; a code is single use, so it is never asked again.
    fn openid<'a>(&'a self, code: &'a str) -> PortFuture<'a, Result<(Appid, Openid), LoginError>>;
}

/// Why a login code gave no openid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// WeChat does not accept the code. The client asks `wx.login` for a new one.
    #[error("login code refused (errcode {0})")]
    Refused(i64),
    /// WeChat could not be asked, or did not answer.
    #[error("WeChat is unavailable: {0}")]
    Unavailable(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_paid_with_and_what_came_in_are_not_shown() {
        let native = PayParams::Native { code_url: "weixin://secret".to_owned() };
        assert_eq!(format!("{native:?}"), "PayParams(…)");
        let raw = RawNotice { body: b"secret".to_vec(), ..RawNotice::default() };
        assert_eq!(format!("{raw:?}"), "RawNotice(6 bytes)");
    }

    #[test]
    fn a_refusal_is_shown_by_its_code_without_words_that_may_name_somebody() {
        let refusal = WechatRefusal {
            http_status: 403,
            code: "NOT_ENOUGH".to_owned(),
            message: "余额不足".to_owned(),
            request_id: None,
        };
        assert_eq!(refusal.to_string(), "403 NOT_ENOUGH");
    }
}
