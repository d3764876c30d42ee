//! Decides what a command means for an order.
//!
//! Reads no clock, draws no randomness, performs no IO, and never panics on data it was given.
//! One short function per command lives in `prepay.rs`, `settle.rs` and `cancel.rs`; the diagram
//! is in `order.rs`.

use crate::Timestamp;
use crate::order::{Command, Decision, Order, Rejection, StockOutcome};

impl Order {
    /// What `command` means for this order at `now`.
    ///
    /// # Errors
    /// A [`Rejection`] that says what is in the way; nothing changes.
    pub fn decide(&self, command: &Command, now: Timestamp) -> Result<Decision, Rejection> {
        self.decide_with(command, now, StockOutcome::Committed)
    }

    /// As [`Order::decide`], for a settlement whose stock was refused: a settling commit is never
    /// vetoed by a shared row.
    ///
    /// # Errors
    /// As [`Order::decide`].
    pub fn decide_with(
        &self,
        command: &Command,
        now: Timestamp,
        stock: StockOutcome,
    ) -> Result<Decision, Rejection> {
        match command {
            Command::RecordPrepay { out_trade_no, answer } => {
                self.record_prepay(out_trade_no, answer)
            }
            Command::RecordFact(fact) => self.record_fact(fact, now, stock),
            Command::Cancel(cause) => self.cancel(*cause, now),
            Command::ClosePayment { out_trade_no } => self.close_payment(out_trade_no),
        }
    }
}
