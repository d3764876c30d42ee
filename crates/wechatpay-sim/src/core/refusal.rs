//! Every error answer of the API, with its exact words.
//!
//! MAY NOT decide when one applies. Messages are those of `v3.md` §2.3 and §8, or, where it has none, ours; clients must
//! branch on `code` only.

use serde_json::{Value, json};
use time::Date;

use crate::core::settings::bills::{BillDateRefused, BillEmpty};
use crate::core::settings::{RefundDiffers, RefundTooSoon, Spelling};

/// 请求过于频繁 (`v3.md` §8.4), the tail of a `Request-ID`.
pub const TOO_FREQUENT: u32 = 268_447_840;

/// Error codes this sandbox answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are WeChat Pay's own")]
pub enum Code {
    ParamError,
    InvalidRequest,
    AppidMchidNotMatch,
    OrderClosed,
    OrderPaid,
    OutTradeNoUsed,
    OrderNotExist,
    ResourceNotExists,
    SignError,
    SystemError,
    NotEnough,
    UserAccountAbnormal,
    TradeOverdue,
    RefundFeeMismatch,
    FrequencyLimited,
    NoStatementExist,
    StatementCreating,
    NoAuth,
}

impl Code {
    /// The code on the wire.
    pub fn spelt(self, spelling: Spelling) -> &'static str {
        let (current, older) = match self {
            Self::ParamError => ("PARAM_ERROR", "PARAM_ERROR"),
            Self::InvalidRequest => ("INVALID_REQUEST", "INVALID_REQUEST"),
            Self::AppidMchidNotMatch => ("APPID_MCHID_NOT_MATCH", "APPID_MCHID_NOT_MATCH"),
            Self::OrderClosed => ("ORDER_CLOSED", "ORDERCLOSED"),
            Self::OrderPaid => ("ORDER_PAID", "ORDERPAID"),
            Self::OutTradeNoUsed => ("OUT_TRADE_NO_USED", "OUT_TRADE_NO_USED"),
            Self::OrderNotExist => ("ORDER_NOT_EXIST", "ORDERNOTEXIST"),
            Self::ResourceNotExists => ("RESOURCE_NOT_EXISTS", "RESOURCE_NOT_EXISTS"),
            Self::SignError => ("SIGN_ERROR", "SIGN_ERROR"),
            Self::SystemError => ("SYSTEM_ERROR", "SYSTEMERROR"),
            Self::NotEnough => ("NOT_ENOUGH", "NOTENOUGH"),
            Self::UserAccountAbnormal => ("USER_ACCOUNT_ABNORMAL", "USER_ACCOUNT_ABNORMAL"),
            Self::TradeOverdue => ("TRADE_OVERDUE", "TRADE_OVERDUE"),
            Self::RefundFeeMismatch => ("REFUND_FEE_MISMATCH", "REFUND_FEE_MISMATCH"),
            Self::FrequencyLimited => ("FREQUENCY_LIMITED", "FREQUENCY_LIMITED"),
            Self::NoStatementExist => ("NO_STATEMENT_EXIST", "NO_STATEMENT_EXIST"),
            Self::StatementCreating => ("STATEMENT_CREATING", "STATEMENT_CREATING"),
            Self::NoAuth => ("NO_AUTH", "NOAUTH"),
        };
        match spelling {
            Spelling::Current => current,
            Spelling::Older => older,
        }
    }
}

/// A request that was refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `None` is the gateway's empty body (404, 405).
    pub body: Option<RefusalBody>,
    /// Tail of `Request-ID` (`v3.md` §8.4).
    pub internal: u32,
}

/// The JSON of a refusal.
#[derive(Debug, Clone, PartialEq)]
pub struct RefusalBody {
    /// The code.
    pub code: Code,
    /// Text for people.
    pub message: String,
    /// `detail`, for parameter errors.
    pub detail: Option<Value>,
}

impl Refusal {
    /// A refusal with a code and a message.
    pub fn new(status: u16, code: Code, message: &str, internal: u32) -> Self {
        let body = RefusalBody { code, message: message.to_owned(), detail: None };
        Self { status, body: Some(body), internal }
    }

    /// The gateway's answer: a status without a body.
    pub fn gateway(status: u16) -> Self {
        Self { status, body: None, internal: 0 }
    }

    /// `400 PARAM_ERROR` about one member of the body; `pointer` is a JSON Pointer.
    pub fn body_field(pointer: &str, value: Option<&Value>, issue: &str) -> Self {
        Self::parameter(pointer, value, issue, "body")
    }

    /// `400 PARAM_ERROR` about a query parameter or a part of the path; `location` is `query` or `url`.
    pub fn url_field(name: &str, value: Option<&str>, issue: &str, location: &str) -> Self {
        Self::parameter(name, value.map(Value::from).as_ref(), issue, location)
    }

    fn parameter(field: &str, value: Option<&Value>, issue: &str, location: &str) -> Self {
        let mut refusal = Self::new(400, Code::ParamError, "参数错误", 268_435_461);
        if let Some(body) = refusal.body.as_mut() {
            let value = value.unwrap_or(&Value::Null);
            body.detail =
                Some(json!({"field": field, "value": value, "issue": issue, "location": location}));
        }
        refusal
    }

    /// `401 SIGN_ERROR`.
    pub fn unsigned(message: &str) -> Self {
        Self::new(401, Code::SignError, message, 268_443_699)
    }

    /// The order is paid.
    pub fn order_paid() -> Self {
        Self::new(400, Code::OrderPaid, "该订单已支付", 268_449_538)
    }

    /// The order is closed.
    pub fn order_closed() -> Self {
        Self::new(400, Code::OrderClosed, "该订单已关闭", 268_447_914)
    }

    /// The order can no longer be paid, though nobody closed it.
    pub fn order_expired() -> Self {
        Self::new(400, Code::OrderClosed, "该订单已失效", 268_447_914)
    }

    /// The same number with other parameters, or a number burned by a close.
    pub fn re_entry_differs() -> Self {
        Self::new(400, Code::InvalidRequest, "请求重入时，参数与首次请求时不一致", 268_498_688)
    }

    /// No such order.
    pub fn order_not_exist() -> Self {
        Self::new(404, Code::OrderNotExist, "订单不存在", 268_512_771)
    }

    /// A refund of an order that does not exist or is not paid.
    pub fn nothing_to_refund() -> Self {
        Self::new(404, Code::ResourceNotExists, "原订单不存在", 268_512_771)
    }

    /// A refund that is not `ABNORMAL` is left alone.
    pub fn refund_not_abnormal() -> Self {
        Self::new(400, Code::InvalidRequest, "退款单状态不是退款异常，不能发起异常退款", 0)
    }

    /// No such refund.
    pub fn refund_not_exists() -> Self {
        Self::new(404, Code::ResourceNotExists, "退款单不存在", 0)
    }

    /// A refund whose `amount.total` is not the order's.
    pub fn refund_does_not_fit_order() -> Self {
        Self::new(400, Code::InvalidRequest, "请求参数与订单信息不一致", 0)
    }

    /// A used `out_refund_no` with other parameters.
    pub fn refund_differs(as_set: RefundDiffers) -> Self {
        let code = match as_set {
            RefundDiffers::InvalidRequest => Code::InvalidRequest,
            RefundDiffers::RefundFeeMismatch => Code::RefundFeeMismatch,
        };
        Self::new(400, code, "订单金额或退款金额与之前请求不一致，请核实后再试", 0)
    }

    /// More than is left of the payment.
    pub fn refund_exceeds_payment(left_fen: i64) -> Self {
        let message =
            if left_fen > 0 { "退款金额大于可退金额" } else { "订单已全额退款" };
        Self::new(400, Code::InvalidRequest, message, 0)
    }

    /// More refunds than an order may have.
    pub fn too_many_refunds() -> Self {
        Self::new(400, Code::InvalidRequest, "订单退款次数超过限制", 0)
    }

    /// A further refund of one order that comes too soon.
    pub fn refund_too_soon(as_set: RefundTooSoon) -> Self {
        let message = "频率限制，该笔退款未受理，请降低频率后重试";
        match as_set {
            RefundTooSoon::FrequencyLimited => {
                Self::new(429, Code::FrequencyLimited, message, TOO_FREQUENT)
            }
            RefundTooSoon::InvalidRequest => Self::new(400, Code::InvalidRequest, message, 0),
        }
    }

    /// A refund of a payment that is older than a year; which status goes with the code is not documented.
    pub fn trade_overdue() -> Self {
        Self::new(403, Code::TradeOverdue, "订单已经超过退款期限", 0)
    }

    /// The payer's account is gone.
    pub fn user_account_abnormal() -> Self {
        Self::new(403, Code::UserAccountAbnormal, "退款请求失败", 0)
    }

    /// The merchant cannot pay for the refund.
    pub fn not_enough() -> Self {
        Self::new(403, Code::NotEnough, "基本账户余额不足，请充值后重新发起", 0)
    }

    /// A bill without a line.
    pub fn no_statement_exist(as_set: BillEmpty) -> Self {
        let status = match as_set {
            BillEmpty::BadRequest => 400,
            BillEmpty::NotFound => 404,
        };
        Self::new(status, Code::NoStatementExist, "账单文件不存在", 0)
    }

    /// A bill that is not ready.
    pub fn statement_creating() -> Self {
        Self::new(400, Code::StatementCreating, "账单正在生成中，请稍后再试", 0)
    }

    /// A day whose bill there cannot be.
    pub fn bill_date(date: Date, issue: &str, as_set: BillDateRefused) -> Self {
        match as_set {
            BillDateRefused::ParamError => {
                Self::url_field("bill_date", Some(&date.to_string()), issue, "query")
            }
            BillDateRefused::InvalidRequest => {
                Self::new(400, Code::InvalidRequest, "账单日期不正确", 0)
            }
        }
    }

    /// A bill of a kind that this merchant has not asked for at its console.
    pub fn no_auth() -> Self {
        Self::new(403, Code::NoAuth, "没有账单下载权限", 0)
    }

    /// A token that never was, or whose time is over; the answer to it is not documented.
    pub fn bill_token() -> Self {
        Self::new(400, Code::InvalidRequest, "账单下载地址已失效，请重新申请账单", 0)
    }

    /// Something of ours broke.
    pub fn system_error() -> Self {
        Self::new(500, Code::SystemError, "系统错误", 0)
    }

    /// The body's bytes.
    pub fn to_bytes(&self, spelling: Spelling) -> Vec<u8> {
        let Some(body) = &self.body else { return Vec::new() };
        let mut json = json!({"code": body.code.spelt(spelling), "message": body.message});
        if let (Some(detail), Some(members)) = (&body.detail, json.as_object_mut()) {
            members.insert("detail".to_owned(), detail.clone());
        }
        json.to_string().into_bytes()
    }

    /// The code on the wire, if there is a body.
    pub fn code(&self, spelling: Spelling) -> Option<&'static str> {
        self.body.as_ref().map(|body| body.code.spelt(spelling))
    }
}
