//! What can happen to an order. Past tense, complete: folding the events gives the order.

use crate::card::CardOwner;
use crate::coupon::CouponHoldStatus;
use crate::fact::Receipt;
use crate::order::{CancelCause, CompletedBy, Order, PayerReport, Settlement};
use crate::payment::{ClosingCause, Credential, Payment, PaymentNo, SurplusCause};
use crate::refund::{Refund, RefundState, RefundStatus, RefundedLine};
use crate::shipment::Shipment;
use crate::{Fen, OutRefundNo, Timestamp};

/// Something that happened to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was placed, with everything it started with.
    Placed(Box<Order>),
    /// Another payment was recorded; WeChat Pay is called next.
    PaymentStarted(Box<Payment>),
    /// WeChat Pay has the payment; the payer may pay.
    PaymentPayable {
        /// Which payment.
        no: PaymentNo,
        /// What the payer needs, when it is known.
        credential: Option<Credential>,
    },
    /// The prepay call's answer was lost.
    PaymentUnknown {
        /// Which payment.
        no: PaymentNo,
    },
    /// WeChat Pay refused the prepay call.
    PaymentRejected {
        /// Which payment.
        no: PaymentNo,
        /// With this code.
        code: String,
    },
    /// A query confirmed that the refused number does not exist.
    PaymentRejectionProven {
        /// Which payment.
        no: PaymentNo,
    },
    /// The payment is to be closed.
    PaymentClosing {
        /// Which payment.
        no: PaymentNo,
        /// Why.
        why: ClosingCause,
    },
    /// The payment is proven closed.
    PaymentClosed {
        /// Which payment.
        no: PaymentNo,
        /// Why.
        why: ClosingCause,
        /// When we recorded it.
        at: Timestamp,
    },
    /// The payment settled the order.
    PaymentPaid {
        /// Which payment.
        no: PaymentNo,
        /// What WeChat Pay said.
        receipt: Receipt,
    },
    /// Money came that the order cannot take.
    PaymentSurplus {
        /// Which payment.
        no: PaymentNo,
        /// What WeChat Pay said.
        receipt: Option<Receipt>,
        /// Why the order cannot take it.
        why: SurplusCause,
    },
    /// A payment of ours whose record was lost is on record again, with its money.
    PaymentAdopted(Box<Payment>),
    /// Money is to go back: at once, or when a person says yes.
    RefundRequested(Refund),
    /// A refund that was made elsewhere is on record.
    RefundImported(Refund),
    /// A refund got further.
    RefundMoved {
        /// Which.
        out_refund_no: OutRefundNo,
        /// Where it stands now.
        to: RefundState,
        /// When.
        at: Timestamp,
    },
    /// WeChat Pay has something else under a refund's number than was asked for, or others have goods of it by now:
    /// what it says is what it is. Together with where it got.
    RefundRestated {
        /// Which.
        out_refund_no: OutRefundNo,
        /// How much WeChat Pay says that it is, in fen.
        stated: Fen,
        /// How much of that counts: less where its payment has no room for all of it.
        amount: Fen,
        /// The goods that it is for.
        lines: Vec<RefundedLine>,
    },
    /// A person has an abnormal refund sent to a card; WeChat Pay is called next.
    RefundApplied {
        /// Which.
        out_refund_no: OutRefundNo,
        /// Whose card.
        to: CardOwner,
        /// When.
        at: Timestamp,
    },
    /// WeChat Pay did not take that on: it refused, and says that the refund is abnormal as before.
    ApplicationRefused {
        /// Of which refund.
        out_refund_no: OutRefundNo,
        /// WeChat Pay's error code.
        code: String,
    },
    /// What a refund was for is there again, now that its money is back.
    GoodsReturned {
        /// With which refund.
        out_refund_no: OutRefundNo,
        /// How many of which lines.
        lines: Vec<(u16, u32)>,
        /// What became of its stock.
        stock: StockOutcome,
    },
    /// The order is settled.
    Settled {
        /// By what.
        settlement: Settlement,
        /// What became of its stock.
        stock: StockOutcome,
    },
    /// Cancelling has begun.
    CancelRequested {
        /// By whom.
        cause: CancelCause,
    },
    /// The refund that the cancellation waited for came to nothing: the order goes on.
    CancelWithdrawn,
    /// The order is cancelled for good; what it holds is released, what it had bought comes back.
    Cancelled {
        /// When.
        at: Timestamp,
        /// What became of its stock.
        stock: StockOutcome,
    },
    /// What it holds is sold although nothing was paid: it leaves, to be paid at the door.
    HoldsCommitted {
        /// What became of its stock.
        stock: StockOutcome,
    },
    /// Cash on delivery became an order that was paid online.
    Converted,
    /// Its coupon got further: spent by the settlement, given back by the cancellation.
    CouponMoved {
        /// Where it stands now.
        to: CouponHoldStatus,
    },
    /// Its coupon could not get further, and what became of money is never vetoed: it stays as it is,
    /// with a case.
    CouponStuck {
        /// Where it should stand.
        wanted: CouponHoldStatus,
    },
    /// All its goods are back before it was sent, and its fees cannot follow: no refund of the payment is
    /// possible any more. A person has to end it.
    FeesStuck,
    /// The payer's client said something.
    PayerReported(PayerReport),
    /// Goods went out.
    Shipped(Box<Shipment>),
    /// All of it arrived.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// Nothing is left to do.
    Completed {
        /// Who says so.
        by: CompletedBy,
        /// When.
        at: Timestamp,
    },
}

/// What becomes of an order's stock when it is settled, shipped unpaid, or cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StockOutcome {
    /// Every hold ended as it should: committed by a settlement, given back by a cancellation.
    Committed,
    /// Stock refused, and what became of money is never vetoed: the holds stay as they are, with a
    /// case.
    Refused,
}

/// Whether an order's coupon can get where it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CouponOutcome {
    /// Its buyer's coupon is with the order.
    Moved,
    /// It is not: the order is settled or cancelled without it.
    Refused,
}

impl Event {
    /// Its name in audit and logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Event::Placed(_) => "placed",
            Event::PaymentStarted(_) => "payment_started",
            Event::PaymentPayable { .. } => "payment_payable",
            Event::PaymentUnknown { .. } => "payment_unknown",
            Event::PaymentRejected { .. } => "payment_rejected",
            Event::PaymentRejectionProven { .. } => "payment_rejection_proven",
            Event::PaymentClosing { .. } => "payment_closing",
            Event::PaymentClosed { .. } => "payment_closed",
            Event::PaymentPaid { .. } => "payment_paid",
            Event::PaymentSurplus { .. } => "payment_surplus",
            Event::PaymentAdopted(_) => "payment_adopted",
            Event::RefundRequested(_) => "refund_requested",
            Event::RefundImported(_) => "refund_imported",
            Event::RefundMoved { to, .. } => moved(to.status()),
            Event::RefundRestated { .. } => "refund_restated",
            Event::RefundApplied { .. } => "refund_applied",
            Event::ApplicationRefused { .. } => "refund_application_refused",
            Event::GoodsReturned { .. } => "goods_returned",
            Event::Settled { .. } => "settled",
            Event::CancelRequested { .. } => "cancel_requested",
            Event::CancelWithdrawn => "cancel_withdrawn",
            Event::Cancelled { .. } => "cancelled",
            Event::HoldsCommitted { .. } => "holds_committed",
            Event::Converted => "converted",
            Event::CouponMoved { to } => coupon_moved(*to),
            Event::CouponStuck { .. } => "coupon_stuck",
            Event::FeesStuck => "fees_stuck",
            Event::PayerReported(_) => "payer_reported",
            Event::Shipped(_) => "shipped",
            Event::Delivered { .. } => "delivered",
            Event::Completed { .. } => "completed",
        }
    }

    /// The payment it is about, if it is about one.
    #[must_use]
    pub fn payment_no(&self) -> Option<PaymentNo> {
        match self {
            Event::PaymentPayable { no, .. }
            | Event::PaymentUnknown { no }
            | Event::PaymentRejected { no, .. }
            | Event::PaymentRejectionProven { no }
            | Event::PaymentClosing { no, .. }
            | Event::PaymentClosed { no, .. }
            | Event::PaymentPaid { no, .. }
            | Event::PaymentSurplus { no, .. } => Some(*no),
            Event::PaymentStarted(payment) | Event::PaymentAdopted(payment) => Some(payment.no),
            Event::RefundRequested(refund) | Event::RefundImported(refund) => {
                Some(refund.payment_no)
            }
            Event::Placed(_)
            | Event::RefundMoved { .. }
            | Event::RefundRestated { .. }
            | Event::RefundApplied { .. }
            | Event::ApplicationRefused { .. }
            | Event::GoodsReturned { .. }
            | Event::Settled { .. }
            | Event::CancelRequested { .. }
            | Event::CancelWithdrawn
            | Event::Cancelled { .. }
            | Event::HoldsCommitted { .. }
            | Event::Converted
            | Event::CouponMoved { .. }
            | Event::CouponStuck { .. }
            | Event::FeesStuck
            | Event::PayerReported(_)
            | Event::Shipped(_)
            | Event::Delivered { .. }
            | Event::Completed { .. } => None,
        }
    }

    /// The refund it is about, if it is about one.
    #[must_use]
    pub fn out_refund_no(&self) -> Option<&OutRefundNo> {
        match self {
            Event::RefundRequested(refund) | Event::RefundImported(refund) => {
                Some(&refund.out_refund_no)
            }
            Event::RefundMoved { out_refund_no, .. }
            | Event::RefundRestated { out_refund_no, .. }
            | Event::RefundApplied { out_refund_no, .. }
            | Event::ApplicationRefused { out_refund_no, .. }
            | Event::GoodsReturned { out_refund_no, .. } => Some(out_refund_no),
            Event::Placed(_)
            | Event::PaymentStarted(_)
            | Event::PaymentPayable { .. }
            | Event::PaymentUnknown { .. }
            | Event::PaymentRejected { .. }
            | Event::PaymentRejectionProven { .. }
            | Event::PaymentClosing { .. }
            | Event::PaymentClosed { .. }
            | Event::PaymentPaid { .. }
            | Event::PaymentSurplus { .. }
            | Event::PaymentAdopted(_)
            | Event::Settled { .. }
            | Event::CancelRequested { .. }
            | Event::CancelWithdrawn
            | Event::Cancelled { .. }
            | Event::HoldsCommitted { .. }
            | Event::Converted
            | Event::CouponMoved { .. }
            | Event::CouponStuck { .. }
            | Event::FeesStuck
            | Event::PayerReported(_)
            | Event::Shipped(_)
            | Event::Delivered { .. }
            | Event::Completed { .. } => None,
        }
    }
}

/// What it is called that an order's coupon got there.
fn coupon_moved(to: CouponHoldStatus) -> &'static str {
    match to {
        CouponHoldStatus::Held => "coupon_held",
        CouponHoldStatus::Used => "coupon_used",
        CouponHoldStatus::Released => "coupon_released",
        CouponHoldStatus::Returned => "coupon_returned",
    }
}

/// What it is called that a refund got there.
fn moved(to: RefundStatus) -> &'static str {
    match to {
        RefundStatus::AwaitingApproval => "refund_awaiting_approval",
        RefundStatus::Declined => "refund_declined",
        RefundStatus::Withdrawn => "refund_withdrawn",
        RefundStatus::Requested => "refund_approved",
        RefundStatus::Sending => "refund_sending",
        RefundStatus::Unknown => "refund_unknown",
        RefundStatus::Processing => "refund_processing",
        RefundStatus::Succeeded => "refund_succeeded",
        RefundStatus::Abnormal => "refund_abnormal",
        RefundStatus::Closed => "refund_closed",
        RefundStatus::Rejected => "refund_rejected",
        RefundStatus::SettledOffline => "refund_settled_offline",
    }
}
