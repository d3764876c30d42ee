//! Refunds: one `out_refund_no` for ever.
//!
//! Sending them to WeChat Pay is not built yet; the intent, with its reserved amount, is recorded
//! in the commit that makes it owed.

use crate::payment::PaymentNo;
use crate::{Fen, OutRefundNo, Timestamp};

/// Money that goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Our number of it.
    pub out_refund_no: OutRefundNo,
    /// Which payment of the order it returns.
    pub payment_no: PaymentNo,
    /// How much, in fen.
    pub amount: Fen,
    /// Shown to the payer, at most 80 bytes.
    pub reason: String,
    /// Why it exists.
    pub kind: RefundKind,
    /// How far it got.
    pub status: RefundStatus,
    /// When it was decided.
    pub created_at: Timestamp,
}

/// Why a refund exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefundKind {
    /// Money that its order could not take: automatic, in full, once.
    Surplus,
}

/// How far a refund got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefundStatus {
    /// Decided and reserved; not sent yet.
    Requested,
}
