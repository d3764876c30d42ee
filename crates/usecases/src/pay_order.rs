//! Pays for an order that exists: one that was placed directly, one whose payment was refused or
//! closed, or one that its buyer wants to pay another way.

#[cfg(test)]
mod tests;

use crate::start_payment::Caller;
use crate::transact::Effect;
use crate::{Checkedout, CheckoutError, Keyed, Paydesk, Target, TransactError};
use domain::UserId;
use domain::changeset::Audit;
use domain::order::{Event, Rejection};
use domain::payment::TradeType;

/// A buyer who wants to pay for an order of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayRequest {
    /// Who.
    pub buyer: UserId,
    /// For which order.
    pub target: Target,
    /// How.
    pub trade_type: TradeType,
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
        let new = self.new_payment(Some(request.buyer), request.trade_type).await?;
        let started = match self.start_payment(&request.target, new, &intent).await {
            Ok(started) => started,
            // A twin of this very request may be what moved the order on.
            Err(error) => match self.orders.replay(&keyed.scope).await? {
                Some(record) => return self.replay(&record, keyed).await,
                None => return Err(of_start(error)),
            },
        };
        let request_id = keyed.request_id.as_str();
        match started.effect {
            Effect::Now(events) if events.iter().any(is_start) => {
                let offer = self.offer(started.order, Caller::Starter, request_id).await?;
                Ok(Checkedout::Placed(offer))
            }
            Effect::Now(_) | Effect::None => {
                let offer = self.offer(started.order, Caller::Other, request_id).await?;
                Ok(Checkedout::Reused(offer))
            }
            Effect::Before => match self.orders.replay(&keyed.scope).await? {
                Some(record) => self.replay(&record, keyed).await,
                None => Err(CheckoutError::InProgress),
            },
        }
    }
}

pub(crate) fn is_start(event: &Event) -> bool {
    matches!(event, Event::PaymentStarted(_))
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
        | TransactError::Store(_)) => other.into(),
    }
}
