//! What can still be paid, and until when.
//!
//! Answers; decides nothing.

use crate::Timestamp;
use crate::order::{Order, OrderStatus};

impl Order {
    /// Whether a success can still settle it.
    #[must_use]
    pub fn is_payable(&self) -> bool {
        let waits = matches!(self.status, OrderStatus::PendingPayment | OrderStatus::Cancelling);
        (self.settlement.is_none() && waits) || self.awaits_cash()
    }

    /// Whether its buyer may ask for an online payment: it is payable, and not being cancelled.
    #[must_use]
    pub fn takes_payments(&self) -> bool {
        self.is_payable() && self.status != OrderStatus::Cancelling
    }

    /// Whether it counts against the unpaid orders that a buyer may have: nothing was paid, and
    /// nothing was shipped.
    #[must_use]
    pub fn is_unpaid_and_here(&self) -> bool {
        self.is_payable() && !matches!(self.status, OrderStatus::Shipped | OrderStatus::Delivered)
    }

    /// Until when what is on offer can be paid online; `None` when there is no end or no offer. That
    /// is when its expiry is due.
    #[must_use]
    pub fn payable_until(&self) -> Option<Timestamp> {
        match self.status {
            OrderStatus::PendingPayment => self.pay_deadline,
            OrderStatus::Ready | OrderStatus::Shipped | OrderStatus::Delivered => {
                let open = self.open_payment().filter(|_| self.awaits_cash());
                open.map(|payment| payment.terms.time_expire)
            }
            OrderStatus::Cancelling | OrderStatus::Cancelled | OrderStatus::Completed => None,
        }
    }
}
