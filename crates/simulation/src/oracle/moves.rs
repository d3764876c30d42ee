//! What may follow what, written down once more, apart from the code that is watched.

use domain::catalogue::StockLevel;
use domain::order::OrderStatus;
use domain::payment::PaymentStatus;
use domain::refund::RefundStatus;
use domain::stock::{HoldStatus, StockMove, StockMoveKind};

/// Whether an order may go from one status to another in one commit.
pub(super) fn order(from: OrderStatus, to: OrderStatus) -> bool {
    use OrderStatus::{
        Cancelled, Cancelling, Completed, Delivered, PendingPayment, Ready, Shipped,
    };
    from == to
        || matches!(
            (from, to),
            (PendingPayment, Ready | Completed | Cancelling | Cancelled)
                | (Cancelling, Ready | Completed | Cancelled)
                | (Ready, Shipped | Cancelling | Cancelled)
                | (Shipped, Delivered | Completed)
                | (Delivered, Completed)
        )
}

/// Whether a payment may go from one status to another in one commit.
pub(super) fn payment(from: PaymentStatus, to: PaymentStatus) -> bool {
    use PaymentStatus::{Closed, Closing, Created, Paid, Payable, Rejected, Surplus, Unknown};
    from == to
        || matches!(
            (from, to),
            (Created, Payable | Unknown | Rejected | Closing | Closed | Paid | Surplus)
                | (Unknown, Payable | Rejected | Closing | Closed | Paid | Surplus)
                | (Payable, Closing | Closed | Paid | Surplus)
                | (Closing, Closed | Paid | Surplus)
                | (Rejected, Closing | Closed | Paid | Surplus)
                | (Closed, Paid | Surplus)
        )
}

/// Whether a refund may go from one status to another in one commit.
pub(super) fn refund(from: RefundStatus, to: RefundStatus) -> bool {
    use RefundStatus::{
        Abnormal, AwaitingApproval, Closed, Declined, Processing, Rejected, Requested, Sending,
        SettledOffline, Succeeded, Unknown, Withdrawn,
    };
    from == to
        || matches!(
            (from, to),
            // Straight to the end, when the wallet gets it.
            (AwaitingApproval, Requested | Declined | Withdrawn | Succeeded)
                | (Requested, Sending | Processing | Succeeded | Abnormal | Closed)
                | (Sending, Unknown | Processing | Succeeded | Abnormal | Closed | Rejected)
                | (Unknown, Sending | Processing | Succeeded | Abnormal | Closed | Rejected)
                | (Processing, Succeeded | Abnormal | Closed)
                | (Abnormal, Processing | Succeeded | SettledOffline)
                | (
                    Rejected,
                    Requested
                        | Sending
                        | Processing
                        | Succeeded
                        | Abnormal
                        | Closed
                        | SettledOffline
                )
        )
}

/// Whether a hold may go from one status to another.
pub(super) fn hold(from: HoldStatus, to: HoldStatus) -> bool {
    from == to || from == HoldStatus::Held
}

/// A stock level after a move.
pub(super) fn stock(level: StockLevel, change: &StockMove) -> StockLevel {
    let quantity = i64::from(change.quantity);
    let StockLevel { stocked, available, held, sold } = level;
    match change.kind {
        StockMoveKind::Hold => {
            StockLevel { available: available - quantity, held: held + quantity, ..level }
        }
        StockMoveKind::Commit => {
            StockLevel { held: held - quantity, sold: sold + quantity, stocked, available }
        }
        StockMoveKind::Release => {
            StockLevel { held: held - quantity, available: available + quantity, ..level }
        }
        StockMoveKind::Return => {
            StockLevel { sold: sold - quantity, available: available + quantity, ..level }
        }
    }
}

/// A number for the hash of a run.
pub(super) fn rank(status: OrderStatus) -> u8 {
    match status {
        OrderStatus::PendingPayment => 0,
        OrderStatus::Cancelling => 1,
        OrderStatus::Cancelled => 2,
        OrderStatus::Ready => 3,
        OrderStatus::Shipped => 4,
        OrderStatus::Delivered => 5,
        OrderStatus::Completed => 6,
    }
}
