//! Cash on delivery: collected at the door, refused there, or turned into an online payment.
//!
//! Cash is taken only while no online payment of the order can still be paid: each is proven closed
//! first. What arrives online afterwards is surplus, like any second payment (`settle.rs`).

use crate::Timestamp;
use crate::cash::CashReceipt;
use crate::order::{
    CancelCause, Circumstances, Decision, Event, Order, OrderStatus, PaymentMethod, Rejection,
    SettledBy, Settlement, StockOutcome,
};
use crate::payment::{ClosingCause, Payment};
use crate::stock::HoldStatus;

impl Order {
    /// Whether it is to be paid at the door and was not paid yet, in any way.
    #[must_use]
    pub fn awaits_cash(&self) -> bool {
        let is_under_way = matches!(
            self.status,
            OrderStatus::Ready | OrderStatus::Shipped | OrderStatus::Delivered
        );
        self.is_unpaid_cod() && is_under_way
    }

    /// Whether it is cash on delivery with an online payment that is not proven to have ended: cash
    /// is locked meanwhile.
    #[must_use]
    pub fn is_converting(&self) -> bool {
        self.is_unpaid_cod() && self.payments.iter().any(Payment::is_live)
    }

    pub(super) fn is_unpaid_cod(&self) -> bool {
        self.payment_method == PaymentMethod::Cod && self.settlement.is_none()
    }

    pub(super) fn collect_cash(
        &self,
        receipt: &CashReceipt,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        if let Some(Settlement { by: SettledBy::Cash { courier }, amount, .. }) = &self.settlement {
            let same = *courier == receipt.courier && *amount == receipt.amount;
            return if same { Ok(Decision::AlreadyApplied) } else { Err(Rejection::WrongState) };
        }
        if !self.is_unpaid_cod() {
            return Err(Rejection::WrongState);
        }
        if receipt.amount != self.amounts.total {
            return Err(Rejection::CashDiffers);
        }
        if self.status != OrderStatus::Delivered {
            return Err(Rejection::WrongState);
        }
        if self.is_converting() {
            return Err(Rejection::PaymentInProgress);
        }
        let settlement = Settlement {
            by: SettledBy::Cash { courier: receipt.courier.clone() },
            amount: receipt.amount,
            at: given.now,
        };
        Ok(Decision::Record(vec![Event::Settled { settlement, stock: given.stock }]))
    }

    /// The buyer does not take what the courier brings. An online payment that is still open is
    /// negotiated about first, as in every cancellation.
    pub(super) fn refuse_at_the_door(&self, now: Timestamp) -> Result<Decision, Rejection> {
        let is_refused = matches!(self.status, OrderStatus::Cancelling | OrderStatus::Cancelled)
            && self.cancel_cause == Some(CancelCause::Refused);
        if is_refused {
            return Ok(Decision::AlreadyApplied);
        }
        if self.status != OrderStatus::Shipped || !self.awaits_cash() {
            return Err(Rejection::WrongState);
        }
        let mut events = vec![Event::CancelRequested { cause: CancelCause::Refused }];
        events.extend(self.close_open_payments(ClosingCause::Cancelled, None));
        Ok(Decision::Record(self.with_what_follows(events, now)))
    }

    /// The deadline of an order that is paid at the door is that of its online payment: the payment
    /// is closed, the order goes on.
    pub(super) fn expire_online_payment(&self, now: Timestamp) -> Result<Decision, Rejection> {
        let Some(open) = self.open_payment() else { return Ok(Decision::AlreadyApplied) };
        if open.terms.time_expire > now {
            return Err(Rejection::NotDue);
        }
        let why = ClosingCause::Expired;
        Ok(Decision::Record(vec![Event::PaymentClosing { no: open.no, why }]))
    }

    /// What leaves without its money is sold when it leaves.
    pub(super) fn sale_by_shipping(&self, stock: StockOutcome) -> Option<Event> {
        let holds = self.holds.iter().any(|hold| hold.status == HoldStatus::Held);
        (self.is_unpaid_cod() && holds).then_some(Event::HoldsCommitted { stock })
    }
}
