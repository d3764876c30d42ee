//! Collecting cash at the door.
//!
//! While an online payment of the order may still be paid no cash is taken: what is open is closed, its
//! followers negotiate (query → close → query), and the courier comes back in a moment.

#[cfg(test)]
mod tests;

use crate::{ActError, Acted, Action, Paydesk, TransactError};
use domain::cash::CashReceipt;
use domain::job::JobId;
use domain::order::{Command, Order, PaymentMethod, Rejection};
use domain::payment::{ClosingCause, Payment};
use domain::ports::StoreError;

/// Why no cash is recorded.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// An online payment of the order is not over; its end is being negotiated: come back.
    #[error("an online payment of the order is not over")]
    PaymentInProgress,
    /// It was paid online meanwhile: no cash is owed.
    #[error("the order was paid online")]
    PaidOnline(Box<Order>),
    /// The order refuses otherwise, is not there, or the store cannot be used.
    #[error(transparent)]
    Act(#[from] ActError),
}

impl From<StoreError> for CollectError {
    fn from(error: StoreError) -> CollectError {
        CollectError::Act(error.into())
    }
}

impl From<TransactError> for CollectError {
    fn from(error: TransactError) -> CollectError {
        CollectError::Act(error.into())
    }
}

impl Paydesk {
    /// Records that a courier took the cash of an order.
    ///
    /// # Errors
    /// See [`CollectError`]; with [`CollectError::PaymentInProgress`] the end of every online payment of
    /// the order has been begun, other refusals have no effect.
    pub async fn collect_cash(
        &self,
        action: &Action,
        receipt: CashReceipt,
    ) -> Result<Acted, CollectError> {
        let error = match self.act(action, &Command::CollectCash(receipt)).await {
            Ok(acted) => return Ok(acted),
            Err(error) => error,
        };
        match error {
            ActError::Transact(TransactError::Rejected(Rejection::PaymentInProgress)) => {
                self.end_online_payments(action).await
            }
            ActError::Transact(TransactError::Rejected(Rejection::WrongState)) => {
                let order = self.find(&action.target).await?;
                let paid = order.filter(is_paid_online);
                Err(paid.map_or_else(|| error.into(), |paid| CollectError::PaidOnline(paid.into())))
            }
            other @ (ActError::KeyReused | ActError::InProgress | ActError::Transact(_)) => {
                Err(other.into())
            }
        }
    }

    /// Begins the end of every online payment of the order, and has WeChat Pay asked about them at once.
    async fn end_online_payments(&self, action: &Action) -> Result<Acted, CollectError> {
        let Some(mut order) = self.find(&action.target).await? else {
            return Err(TransactError::NotFound.into());
        };
        if let Some(open) = order.open_payment().filter(|_| order.is_converting()).cloned() {
            let request_id = &action.keyed.request_id;
            order = self.close_payment(&order, &open, ClosingCause::Cash, request_id).await?;
        }
        if is_paid_online(&order) {
            return Err(CollectError::PaidOnline(order.into()));
        }
        let now = self.clock.now();
        for payment in order.payments.iter().filter(|payment| Payment::is_live(payment)) {
            self.jobs.hasten(&JobId::follow(payment.out_trade_no()), now).await?;
        }
        Err(CollectError::PaymentInProgress)
    }
}

/// Whether WeChat Pay money settled it.
fn is_paid_online(order: &Order) -> bool {
    order.settlement.is_some() && order.payment_method == PaymentMethod::Wechat
}
