//! Pays for an order that exists: one that was placed directly, one whose payment was refused or
//! closed, or one that its buyer wants to pay another way.

#[cfg(test)]
mod tests;

use crate::transact::Effect;
use crate::{Checkedout, CheckoutError, Keyed, Paydesk, Target, TransactError};
use domain::UserId;
use domain::changeset::Audit;
use domain::names::ClientIp;
use domain::order::Rejection;
use domain::payment::{ClosingCause, TradeType};

/// A buyer who wants to pay for an order of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayRequest {
    /// Who.
    pub buyer: UserId,
    /// For which order.
    pub target: Target,
    /// How.
    pub trade_type: TradeType,
    /// From where; for H5.
    pub client_ip: Option<ClientIp>,
}

impl Paydesk {
    /// Offers a payment for the order: the open one if it is what is asked for, else another in
    /// its place.
    ///
    /// # Errors
    /// See [`CheckoutError`]; a refusal has no effect.
    pub async fn pay_order(
        &self,
        request: &PayRequest,
        keyed: &Keyed,
    ) -> Result<Checkedout, CheckoutError> {
        if let Some(record) = self.orders.replay(&keyed.scope).await? {
            return self.replay(&record, keyed).await;
        }
        let audit = Audit {
            actor: format!("buyer:{}", request.buyer),
            cause: "pay".to_owned(),
            request_id: Some(keyed.request_id.clone()),
        };
        let intent = keyed.intent(audit, self.clock.now());
        let new =
            self.new_payment(Some(request.buyer), (request.trade_type, request.client_ip)).await?;
        let started = match self.start_payment(&request.target, new, &intent).await {
            Ok(started) => started,
            // A twin of this very request may be what moved the order on.
            Err(error) => match self.orders.replay(&keyed.scope).await? {
                Some(record) => return self.replay(&record, keyed).await,
                None => {
                    self.close_when_late(&request.target, &keyed.request_id).await?;
                    return Err(of_start(error));
                }
            },
        };
        if started.effect == Effect::Before {
            return match self.orders.replay(&keyed.scope).await? {
                Some(record) => self.replay(&record, keyed).await,
                None => Err(CheckoutError::InProgress),
            };
        }
        let (asked, is_new) = (started.asked(), started.is_new());
        let offer = self.offer(started.order, asked, &keyed.request_id).await?;
        Ok(if is_new { Checkedout::Placed(offer) } else { Checkedout::Reused(offer) })
    }

    /// In the last minute nothing is offered any more, and what is open is closed.
    pub(crate) async fn close_when_late(
        &self,
        target: &Target,
        request_id: &str,
    ) -> Result<(), TransactError> {
        let Some(order) = self.find(target).await? else { return Ok(()) };
        let waits = order.takes_payments();
        if let Some(open) = order.open_payment().filter(|_| waits && self.is_too_late(&order)) {
            self.close_payment(&order, open, ClosingCause::Expired, request_id).await?;
        }
        Ok(())
    }
}

/// H5 without the payer's address, or App without a mobile app.
pub(crate) fn way_not_offered() -> CheckoutError {
    TransactError::Rejected(Rejection::WayNotOffered).into()
}

/// What a payment that cannot be started means to its buyer.
pub(crate) fn of_start(error: TransactError) -> CheckoutError {
    match error {
        TransactError::Rejected(Rejection::PayerUnknown) => CheckoutError::OpenidRequired,
        TransactError::Rejected(Rejection::NotPayable | Rejection::TooManyPayments) => {
            CheckoutError::Offer(crate::OfferError::NotPayable)
        }
        other @ (TransactError::NotFound
        | TransactError::VersionMoved
        | TransactError::Rejected(_)
        | TransactError::Refused(_)
        | TransactError::Busy(_)
        | TransactError::Impossible(_)
        | TransactError::Store(_)) => other.into(),
    }
}
