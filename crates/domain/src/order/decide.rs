//! Decides what a command means for an order.
//!
//! Reads no clock, draws no randomness, performs no IO, and never panics on data it was given.
//! One short function per command lives in `start.rs`, `wallet.rs`, `prepay.rs`, `settle.rs`, `cancel.rs`,
//! `cash.rs`, `report.rs`, `fulfil.rs`, `refunds/` and `adopt.rs`; the diagram is in `order.rs`.

use crate::Timestamp;
use crate::order::{Circumstances, Command, Decision, Event, Order, Rejection};

impl Order {
    /// What `command` means for this order at `now`, in its own epoch, given by nobody in
    /// particular. For commands that start no payment: one that does would be recorded with an
    /// empty request.
    ///
    /// # Errors
    /// A [`Rejection`] that says what is in the way; nothing changes.
    pub fn decide(&self, command: &Command, now: Timestamp) -> Result<Decision, Rejection> {
        self.decide_with(command, &Circumstances::ordinary(now, &self.epoch))
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
        let mut decision = self.decide_money(command, given)?;
        if let Decision::Record(events) = &mut decision {
            let fees = self.fees_after(events, given);
            events.extend(fees);
            // A cancellation follows from so many things that its stock is said here.
            for event in events.iter_mut() {
                if let Event::Cancelled { stock, .. } = event {
                    *stock = given.stock;
                }
            }
            let goods = self.goods_after(events, given.stock);
            events.extend(goods);
            let coupon = self.coupon_after(events, given.coupon);
            events.extend(coupon);
        }
        Ok(decision)
    }

    /// As [`Order::decide_with`], with the stock of a cancellation as it should be, and without
    /// what becomes of a coupon.
    fn decide_money(
        &self,
        command: &Command,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        let now = given.now;
        match command {
            Command::RecordPrepay { out_trade_no, answer } => {
                self.record_prepay(out_trade_no, answer)
            }
            Command::RecordFact(fact) => self.record_fact(fact, given),
            Command::Cancel(cause) => self.cancel(*cause, given),
            Command::GiveWay => self.give_way(given),
            Command::ClosePayment { out_trade_no, why } => self.close_payment(out_trade_no, *why),
            Command::StartPayment(new) => self.start_payment(new, given),
            Command::PayFromWallet(wallet) => self.pay_from_wallet(wallet, given),
            Command::NoteReport(result) => Ok(self.note_report(*result, now)),
            Command::Ship(draft) => self.ship(draft, given),
            Command::Deliver => self.deliver(now),
            Command::Complete(by) => self.complete(*by, now),
            Command::CollectCash(receipt) => self.collect_cash(receipt, given),
            Command::Refund(ask) => self.ask_refund(ask, given),
            Command::ApproveRefund { out_refund_no, as_approver } => {
                self.approve_refund(out_refund_no, *as_approver, given)
            }
            Command::DeclineRefund { out_refund_no } => self.decline_refund(out_refund_no, now),
            Command::WithdrawRefund { out_refund_no } => self.withdraw_refund(out_refund_no, now),
            Command::RetryRefund { out_refund_no, amount } => {
                self.retry_refund(out_refund_no, *amount, given)
            }
            Command::SettleRefundOffline { out_refund_no, note } => {
                self.settle_refund_offline(out_refund_no, note, now)
            }
            Command::ApplyAbnormal { out_refund_no, to, as_approver } => {
                self.apply_abnormal(out_refund_no, (*to, *as_approver), given)
            }
            Command::RecordApplicationRefused { applied_at, code, said } => {
                self.record_application_refused((*applied_at, code), said, given)
            }
            Command::SendRefund { out_refund_no } => self.send_refund(out_refund_no, given),
            Command::RecordRefundCall { out_refund_no, answer } => {
                self.record_refund_call(out_refund_no, answer, now)
            }
            Command::RecordRefund(fact) => self.record_refund(fact, given),
            Command::Adopt(fact) => self.adopt(fact, given),
        }
    }
}
