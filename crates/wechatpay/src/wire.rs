//! Mirrors of WeChat Pay's JSON, one file per conversation.
//!
//! Shapes only: no rule, no meaning, and nothing of `domain`.

pub(crate) mod bill;
pub(crate) mod certificates;
pub(crate) mod error;
pub(crate) mod login;
pub(crate) mod notice;
pub(crate) mod platform;
pub(crate) mod prepay;
pub(crate) mod refund;
pub(crate) mod trade;
