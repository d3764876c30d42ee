//! What the prepay call said, and what that means.
//!
//! Errors of WeChat Pay are unsigned: a refusal alone ends nothing, it is asked about once.

use crate::OutTradeNo;
use crate::order::{Decision, Event, Order, PrepayAnswer, Rejection};
use crate::payment::{ClosingCause, PaymentState};

impl Order {
    pub(super) fn record_prepay(
        &self,
        out_trade_no: &OutTradeNo,
        answer: &PrepayAnswer,
    ) -> Result<Decision, Rejection> {
        let payment = self
            .payment(out_trade_no)
            .ok_or_else(|| Rejection::PaymentUnknown(out_trade_no.clone()))?;
        let no = payment.no;
        let event = match (&payment.state, answer) {
            (PaymentState::Created | PaymentState::Unknown, PrepayAnswer::Accepted(given)) => {
                Event::PaymentPayable { no, credential: Some(given.clone()) }
            }
            // A fresh credential for the same payment: the old `code_url` is dead.
            (PaymentState::Payable { credential }, PrepayAnswer::Accepted(given))
                if credential.as_ref() != Some(given) =>
            {
                Event::PaymentPayable { no, credential: Some(given.clone()) }
            }
            (PaymentState::Created | PaymentState::Unknown, PrepayAnswer::Refused { code }) => {
                Event::PaymentRejected { no, code: code.clone() }
            }
            (PaymentState::Created, PrepayAnswer::Unknown) => Event::PaymentUnknown { no },
            // WeChat Pay had it before it refused: only closing it ends it.
            (PaymentState::Rejected { .. }, PrepayAnswer::Accepted(_)) => {
                Event::PaymentClosing { no, why: ClosingCause::Refused }
            }
            (PaymentState::Unknown, PrepayAnswer::Unknown)
            | (PaymentState::Payable { .. }, _)
            | (PaymentState::Rejected { .. }, PrepayAnswer::Refused { .. } | PrepayAnswer::Unknown)
            // A late answer says nothing new about a payment that moved on.
            | (
                PaymentState::Closing { .. }
                | PaymentState::Closed { .. }
                | PaymentState::Paid { .. }
                | PaymentState::Surplus { .. },
                _,
            ) => return Ok(Decision::AlreadyApplied),
        };
        Ok(Decision::Record(vec![event]))
    }
}
