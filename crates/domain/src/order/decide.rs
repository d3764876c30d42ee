//! Decides what a command means for an order.
//!
//! Reads no clock, draws no randomness, performs no IO, and never panics on data it was given.
//! One short function per command lives in `start.rs`, `prepay.rs`, `settle.rs`, `cancel.rs`,
//! `report.rs` and `fulfil.rs`; the diagram is in `order.rs`.

use crate::Timestamp;
use crate::order::{Circumstances, Command, Decision, Order, Rejection, StockOutcome};

impl Order {
    /// What `command` means for this order at `now`. For commands that start no payment: one that
    /// does would be recorded with an empty request.
    ///
    /// # Errors
    /// A [`Rejection`] that says what is in the way; nothing changes.
    pub fn decide(&self, command: &Command, now: Timestamp) -> Result<Decision, Rejection> {
        let stock = StockOutcome::Committed;
        self.decide_with(command, &Circumstances { now, stock, compose: &|_| String::new() })
    }

    /// What `command` means for this order in these circumstances.
    ///
    /// # Errors
    /// As [`Order::decide`].
    pub fn decide_with(
        &self,
        command: &Command,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        let now = given.now;
        match command {
            Command::RecordPrepay { out_trade_no, answer } => {
                self.record_prepay(out_trade_no, answer)
            }
            Command::RecordFact(fact) => self.record_fact(fact, now, given.stock),
            Command::Cancel(cause) => self.cancel(*cause, now),
            Command::ClosePayment { out_trade_no, why } => self.close_payment(out_trade_no, *why),
            Command::StartPayment(new) => self.start_payment(new, now, given.compose),
            Command::NoteReport(result) => Ok(self.note_report(*result, now)),
            Command::Ship(draft) => self.ship(draft, now),
            Command::Deliver => self.deliver(now),
            Command::Complete(by) => self.complete(*by, now),
        }
    }
}
