//! Events for the outside, in their order. Delivery comes later; the row is written in the commit
//! that made it true.

/// More events than one commit can have, and the numbers that each version of an order has for them. The
/// most are told when all fifty refunds of a payment move at once, each with what it moves in a wallet and
/// the cases that it opens or ends: a few hundred.
pub const TOLD_MAX: u16 = 1_024;

/// One event of one order. Its id is derived from the order and its sequence, never drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// What happened.
    pub kind: OutgoingKind,
    /// The number it is about when that is not the order's own.
    pub subject: Option<String>,
}

/// Types of events, as the API names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutgoingKind {
    /// `order.created`
    OrderCreated,
    /// `order.paid`
    OrderPaid,
    /// `order.cancelled`
    OrderCancelled,
    /// `order.shipped`
    OrderShipped,
    /// `order.delivered`
    OrderDelivered,
    /// `order.completed`
    OrderCompleted,
    /// `order.cod_converted`
    OrderCodConverted,
    /// `order.cod_collected`
    OrderCodCollected,
    /// `payment.surplus`
    PaymentSurplus,
    /// `refund.requested`
    RefundRequested,
    /// `refund.succeeded`
    RefundSucceeded,
    /// `refund.abnormal`
    RefundAbnormal,
    /// `refund.closed`
    RefundClosed,
    /// `wallet.credited`
    WalletCredited,
    /// `wallet.debited`
    WalletDebited,
    /// `points.granted`
    PointsGranted,
    /// `case.opened`
    CaseOpened,
    /// `case.resolved`
    CaseResolved,
}

impl OutgoingKind {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            OutgoingKind::OrderCreated => "order.created",
            OutgoingKind::OrderPaid => "order.paid",
            OutgoingKind::OrderCancelled => "order.cancelled",
            OutgoingKind::OrderShipped => "order.shipped",
            OutgoingKind::OrderDelivered => "order.delivered",
            OutgoingKind::OrderCompleted => "order.completed",
            OutgoingKind::OrderCodConverted => "order.cod_converted",
            OutgoingKind::OrderCodCollected => "order.cod_collected",
            OutgoingKind::PaymentSurplus => "payment.surplus",
            OutgoingKind::RefundRequested => "refund.requested",
            OutgoingKind::RefundSucceeded => "refund.succeeded",
            OutgoingKind::RefundAbnormal => "refund.abnormal",
            OutgoingKind::RefundClosed => "refund.closed",
            OutgoingKind::WalletCredited => "wallet.credited",
            OutgoingKind::WalletDebited => "wallet.debited",
            OutgoingKind::PointsGranted => "points.granted",
            OutgoingKind::CaseOpened => "case.opened",
            OutgoingKind::CaseResolved => "case.resolved",
        }
    }

    /// Whether it tells of a buyer's account; its subject is the transfer's name.
    #[must_use]
    pub fn is_of_the_ledger(self) -> bool {
        match self {
            OutgoingKind::WalletCredited
            | OutgoingKind::WalletDebited
            | OutgoingKind::PointsGranted => true,
            OutgoingKind::OrderCreated
            | OutgoingKind::OrderPaid
            | OutgoingKind::OrderCancelled
            | OutgoingKind::OrderShipped
            | OutgoingKind::OrderDelivered
            | OutgoingKind::OrderCompleted
            | OutgoingKind::OrderCodConverted
            | OutgoingKind::OrderCodCollected
            | OutgoingKind::PaymentSurplus
            | OutgoingKind::RefundRequested
            | OutgoingKind::RefundSucceeded
            | OutgoingKind::RefundAbnormal
            | OutgoingKind::RefundClosed
            | OutgoingKind::CaseOpened
            | OutgoingKind::CaseResolved => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_the_names_of_the_api() {
        let names = [
            (OutgoingKind::OrderCreated, "order.created"),
            (OutgoingKind::OrderPaid, "order.paid"),
            (OutgoingKind::OrderCancelled, "order.cancelled"),
            (OutgoingKind::OrderShipped, "order.shipped"),
            (OutgoingKind::OrderDelivered, "order.delivered"),
            (OutgoingKind::OrderCompleted, "order.completed"),
            (OutgoingKind::OrderCodConverted, "order.cod_converted"),
            (OutgoingKind::OrderCodCollected, "order.cod_collected"),
            (OutgoingKind::PaymentSurplus, "payment.surplus"),
            (OutgoingKind::RefundRequested, "refund.requested"),
            (OutgoingKind::RefundSucceeded, "refund.succeeded"),
            (OutgoingKind::RefundAbnormal, "refund.abnormal"),
            (OutgoingKind::RefundClosed, "refund.closed"),
            (OutgoingKind::WalletCredited, "wallet.credited"),
            (OutgoingKind::WalletDebited, "wallet.debited"),
            (OutgoingKind::PointsGranted, "points.granted"),
            (OutgoingKind::CaseOpened, "case.opened"),
            (OutgoingKind::CaseResolved, "case.resolved"),
        ];
        for (kind, name) in names {
            assert_eq!(kind.name(), name);
        }
    }
}
