//! Cancelling: asked for here, carried out by the followers of the order's payments.

#[cfg(test)]
mod tests;

use crate::{ActError, Acted, Action, Paydesk};
use domain::OrderId;
use domain::order::{CancelCause, Command, Order, OrderStatus};
use domain::ports::{OrderKey, StoreError};

/// Who asked for it is told the end if it comes within so many milliseconds.
const SOON_MS: u64 = 1_000;
/// How often it is looked, in milliseconds.
const LOOK_EVERY_MS: u64 = 50;

impl Paydesk {
    /// Cancels an order: a negotiation with WeChat Pay, whose end is waited for a moment. The
    /// order that is answered is `cancelled`, still `cancelling`, or paid after all.
    ///
    /// # Errors
    /// See [`ActError`]; a paid order is not cancelled without a refund.
    pub async fn cancel_order(
        &self,
        action: &Action,
        cause: CancelCause,
    ) -> Result<Acted, ActError> {
        match self.act(action, &Command::Cancel(cause)).await? {
            Acted::Done(order) => Ok(Acted::Done(self.negotiated(order, SOON_MS).await?)),
            replayed @ Acted::Replayed(_) => Ok(replayed),
        }
    }

    /// Waits until a cancellation is over, at most `at_most_ms`; the order as it is then.
    pub(crate) async fn negotiated(
        &self,
        mut order: Order,
        at_most_ms: u64,
    ) -> Result<Order, StoreError> {
        let id: OrderId = order.id;
        for _ in 0..at_most_ms / LOOK_EVERY_MS {
            if order.status != OrderStatus::Cancelling {
                break;
            }
            self.clock.sleep_millis(LOOK_EVERY_MS).await;
            match self.orders.load(&OrderKey::Id(id)).await? {
                Some(found) => order = found.value,
                None => break,
            }
        }
        Ok(order)
    }
}
