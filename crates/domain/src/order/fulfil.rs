//! After the money: shipping, delivery, and the end.
//!
//! Moves no money and no stock: both were settled with the payment; only what is to be paid at the
//! door is sold when it leaves.

use crate::Timestamp;
use crate::order::{Circumstances, CompletedBy, Decision, Event, Order, OrderStatus, Rejection};
use crate::shipment::{PACKAGES_MAX, Package, Shipment, ShipmentDraft};

/// An order that was delivered is complete by itself after so many seconds: seven days.
pub const COMPLETE_AFTER_S: i64 = 7 * 24 * 3_600;

impl Order {
    pub(super) fn ship(
        &self,
        draft: &ShipmentDraft,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        // What came back from the door and was paid after all is sent anew, whatever was sent then.
        let is_out = self.status != OrderStatus::Ready;
        if is_out && self.shipments.last().is_some_and(|last| last.draft == *draft) {
            return Ok(Decision::AlreadyApplied);
        }
        let may_ship = match self.status {
            // What is all asked back is not brought, also while the fees are left.
            OrderStatus::Ready if self.is_all_asked_back() => false,
            OrderStatus::Ready => self.settlement.is_some() || self.awaits_cash(),
            OrderStatus::Shipped => !self.is_all_shipped(),
            OrderStatus::PendingPayment
            | OrderStatus::Cancelling
            | OrderStatus::Cancelled
            | OrderStatus::Delivered
            | OrderStatus::Completed => false,
        };
        if !may_ship {
            return Err(Rejection::WrongState);
        }
        let known = |package: &Package| {
            let mut packages = self.shipments.iter().flat_map(|shipment| &shipment.draft.packages);
            package.tracking_no.is_some()
                && packages.any(|sent| {
                    sent.tracking_no == package.tracking_no
                        && sent.express_company == package.express_company
                })
        };
        if draft.packages.iter().any(known) {
            return Err(Rejection::PackageKnown);
        }
        let sent = self.shipments.iter().map(|shipment| shipment.draft.packages.len()).sum();
        if draft.packages.len().saturating_add(sent) > PACKAGES_MAX {
            return Err(Rejection::TooManyPackages);
        }
        let shipment = Shipment { draft: draft.clone(), at: given.now };
        let mut events = Vec::from_iter(self.sale_by_shipping(given.stock));
        events.push(Event::Shipped(Box::new(shipment)));
        Ok(Decision::Record(events))
    }

    pub(super) fn deliver(&self, now: Timestamp) -> Result<Decision, Rejection> {
        match self.status {
            OrderStatus::Delivered | OrderStatus::Completed => Ok(Decision::AlreadyApplied),
            OrderStatus::Shipped if self.is_all_shipped() => {
                Ok(Decision::Record(vec![Event::Delivered { at: now }]))
            }
            OrderStatus::Shipped
            | OrderStatus::Ready
            | OrderStatus::PendingPayment
            | OrderStatus::Cancelling
            | OrderStatus::Cancelled => Err(Rejection::WrongState),
        }
    }

    /// A buyer who confirms the receipt of what is on its way says both: delivered, and done.
    pub(super) fn complete(&self, by: CompletedBy, now: Timestamp) -> Result<Decision, Rejection> {
        if self.status == OrderStatus::Completed {
            return Ok(Decision::AlreadyApplied);
        }
        let paid = self.settlement.is_some();
        match (self.status, by) {
            (OrderStatus::Delivered, CompletedBy::Elapsed) if self.is_complete_at() > Some(now) => {
                Err(Rejection::NotDue)
            }
            (OrderStatus::Delivered, _) if paid => {
                Ok(Decision::Record(vec![Event::Completed { by, at: now }]))
            }
            (OrderStatus::Shipped, CompletedBy::Buyer) if paid && self.is_all_shipped() => {
                let delivered = Event::Delivered { at: now };
                Ok(Decision::Record(vec![delivered, Event::Completed { by, at: now }]))
            }
            _ => Err(Rejection::WrongState),
        }
    }

    /// Whether nothing is left to be sent.
    #[must_use]
    pub fn is_all_shipped(&self) -> bool {
        self.shipments.last().is_some_and(|last| last.draft.is_all_delivered)
    }

    /// When it is complete by itself; `None` before it is delivered and paid, and once it is complete.
    #[must_use]
    pub fn is_complete_at(&self) -> Option<Timestamp> {
        let is_due = self.status == OrderStatus::Delivered && self.settlement.is_some();
        let delivered_at = self.delivered_at.filter(|_| is_due);
        delivered_at.map(|at| at.plus_seconds(COMPLETE_AFTER_S))
    }
}
