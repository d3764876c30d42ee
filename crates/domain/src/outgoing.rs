//! Events for the outside, in their order. Delivery comes later; the row is written in the commit
//! that made it true.

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
            OutgoingKind::CaseOpened => "case.opened",
            OutgoingKind::CaseResolved => "case.resolved",
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
            (OutgoingKind::CaseOpened, "case.opened"),
            (OutgoingKind::CaseResolved, "case.resolved"),
        ];
        for (kind, name) in names {
            assert_eq!(kind.name(), name);
        }
    }
}
