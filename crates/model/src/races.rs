//! Situations that a run has to get into: a model that never meets them proves nothing about them.

use crate::promise::payment;
use crate::{Answer, Caller, Says, Truth, Which, World};
use domain::order::{Order, OrderStatus};
use domain::payment::{Payment, PaymentState, SurplusCause};
use domain::refund::RefundState;

/// A situation, by the name of its race in the design where it has one.
pub type Race = (&'static str, fn(&World, &Order) -> bool);

/// All of them.
pub const RACES: [Race; 14] = [
    ("R1, R19: paid although it was being cancelled", |_, order| {
        order.status == OrderStatus::Ready && order.cancel_cause.is_some()
    }),
    ("R3: both paid, one settles and one goes back", |_, order| {
        order.settlement.is_some() && has_surplus(order, SurplusCause::Second)
    }),
    ("R6: a late prepay while the same number is ordered again", |world, _| {
        let is_again =
            |number: &crate::Number| number.is_prepay_on_wire && number.caller == Caller::Calling;
        world.numbers.iter().any(is_again)
    }),
    ("R7: a prepay is still on its way to a number that is being closed", |world, order| {
        any(order, |which, payment| world.number(which).is_prepay_on_wire && is_closing(payment))
    }),
    ("R8: paid, and nobody knows", |world, order| {
        any(order, |which, payment| {
            world.number(which).truth == Truth::Paid && payment.receipt().is_none()
        })
    }),
    ("R15: a refund seen first settles nothing", |_, order| {
        order.settlement.is_some() && has_surplus(order, SurplusCause::RefundSeenFirst)
    }),
    ("R15: a commit was lost that an answer was given for", |world, order| {
        let is_offered = |which| world.number(which).is_offered;
        world.failovers > 0
            && any(order, |which, payment| {
                matches!(payment.state, PaymentState::Created) && is_offered(which)
            })
    }),
    ("R23: a query says NOTPAY of what is paid and being closed", |world, order| {
        any(order, |which, payment| {
            let number = world.number(which);
            let is_old = number.heard.is_some_and(|heard| heard.says == Says::NotPaid);
            is_old && number.truth == Truth::Paid && is_closing(payment)
        })
    }),
    ("R24: paid before the answer to its prepay is recorded", |world, order| {
        any(order, |which, payment| {
            let number = world.number(which);
            let has_answer = number.caller == Caller::Has(Answer::Accepted);
            has_answer && number.truth.is_paid() && payment.state == PaymentState::Created
        })
    }),
    ("a lost record is adopted", |_, order| has_surplus(order, SurplusCause::RecordLost)),
    ("a refusal of WeChat Pay is proven", |_, order| {
        any(order, |_, payment| {
            matches!(payment.state, PaymentState::Rejected { proven: true, .. })
        })
    }),
    ("an automatic refund is accepted", |_, order| {
        has_refund(order, |state| matches!(state, RefundState::Processing { .. }))
    }),
    ("a refund is refused for good", |_, order| {
        has_refund(order, |state| matches!(state, RefundState::Rejected { .. }))
    }),
    ("cancelled when every payment had ended", |_, order| {
        order.status == OrderStatus::Cancelled && order.payments.len() == 2
    }),
];

fn any(order: &Order, is_so: impl Fn(Which, &Payment) -> bool) -> bool {
    Which::BOTH
        .into_iter()
        .any(|which| payment(order, which).is_some_and(|payment| is_so(which, payment)))
}

fn is_closing(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Closing { .. })
}

fn has_surplus(order: &Order, cause: SurplusCause) -> bool {
    any(
        order,
        |_, payment| matches!(&payment.state, PaymentState::Surplus { why, .. } if *why == cause),
    )
}

fn has_refund(order: &Order, is_so: impl Fn(&RefundState) -> bool) -> bool {
    order.refunds.iter().any(|refund| is_so(&refund.state))
}
