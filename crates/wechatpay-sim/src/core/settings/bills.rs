//! Contested behaviour of bills (`v3.md` §7.8).

use serde::{Deserialize, Serialize};

/// What is said of yesterday before nine in the morning, when its bill is not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillBeforeNine {
    /// `STATEMENT_CREATING`.
    #[default]
    StatementCreating,
    /// `NO_STATEMENT_EXIST`: true of the bill, and not of the day.
    NoStatementExist,
}

/// The status that goes with `NO_STATEMENT_EXIST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillEmpty {
    /// 400, as documented.
    #[default]
    BadRequest,
    /// 404, as reported from the live service.
    NotFound,
}

/// How a day is refused whose bill there cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillDateRefused {
    /// `400 PARAM_ERROR` about `bill_date`.
    #[default]
    ParamError,
    /// `400 INVALID_REQUEST`.
    InvalidRequest,
}

/// The path of a `download_url`; either is always answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownloadPath {
    /// `/v3/billdownload/file`.
    #[default]
    File,
    /// `/v3/bill/downloadurl`.
    Downloadurl,
}

/// Whether a bill begins with a byte order mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillBom {
    /// It does not.
    #[default]
    None,
    /// With that of UTF-8.
    Utf8,
}

/// How lines of a bill end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillLineEnd {
    /// `\r\n`.
    #[default]
    Crlf,
    /// `\n`.
    Lf,
}

/// Which columns bills have, and how they are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillLayout {
    /// As documented now.
    #[default]
    Current,
    /// Of old merchants: trade bills have no `应结订单金额` and no `代金券金额`, fund flows write `（元）`.
    Older,
}

/// Where the two times of a refund stand in a `REFUND` bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillRefundTimes {
    /// Before the numbers of the refund.
    #[default]
    BeforeNumbers,
    /// At the end.
    Last,
}

/// As of when a refund's line tells its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillRefundStatus {
    /// When the bill was written, in the morning of the next day.
    #[default]
    WhenWritten,
    /// When the refund was accepted.
    WhenAccepted,
}

/// Which account pays the fees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillFeesFrom {
    /// The one that payments arrive in.
    #[default]
    Basic,
    /// One of its own (手续费账户).
    Fees,
}
