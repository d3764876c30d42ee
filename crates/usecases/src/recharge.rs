//! Recharges: placed like any order, before money is asked for; credited by their settlement.

#[cfg(test)]
mod tests;

use crate::pay_order::way_not_offered;
use crate::start_payment::Asked;
use crate::transact::{Landed, impossible};
use crate::{Checkedout, CheckoutError, Keyed, Paydesk, TransactError};
use domain::changeset::{Audit, Changeset, Refusal};
use domain::names::ClientIp;
use domain::order::{Event, Order, PlacementRefusal, RechargePurchase};
use domain::payment::TradeType;
use domain::recharge::{PackageId, RechargePackage};
use domain::{OrderNumber, UserId};

/// How often a number is drawn.
const TRIES_MAX: u32 = 8;

/// A buyer who pays ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RechargeRequest {
    /// Who.
    pub buyer: UserId,
    /// For what.
    pub package_id: PackageId,
    /// The version of it that they were shown; another one costs or credits something else.
    pub expected_version: Option<u64>,
    /// How they pay.
    pub trade_type: TradeType,
    /// From where; for H5.
    pub client_ip: Option<ClientIp>,
}

impl Paydesk {
    /// Offers a payment for a recharge; exactly one order per key. `None` when there is no such package.
    ///
    /// # Errors
    /// See [`CheckoutError`]; a refusal has no effect.
    pub async fn recharge(
        &self,
        request: &RechargeRequest,
        keyed: &Keyed,
    ) -> Result<Option<Checkedout>, CheckoutError> {
        if let Some(record) = self.orders.replay(&keyed.scope).await? {
            return self.replay(&record, keyed).await.map(Some);
        }
        let Some(package) = self.packages.package(&request.package_id).await? else {
            return Ok(None);
        };
        if request.expected_version.is_some_and(|shown| shown != package.version) {
            let amounts = RechargePurchase::amounts(&package);
            return Err(CheckoutError::PackageChanged(amounts));
        }
        match self.place_recharge(request, &package, keyed).await? {
            Some(order) => {
                let asked = Asked::starter(order.payments.first().map_or(0, |first| first.no));
                let offer = self.offer(order, asked, &keyed.request_id).await?;
                Ok(Some(Checkedout::Placed(offer)))
            }
            None => match self.orders.replay(&keyed.scope).await? {
                Some(record) => self.replay(&record, keyed).await.map(Some),
                None => Err(CheckoutError::InProgress),
            },
        }
    }

    /// `None` when a twin of this request did it.
    async fn place_recharge(
        &self,
        request: &RechargeRequest,
        package: &RechargePackage,
        keyed: &Keyed,
    ) -> Result<Option<Order>, CheckoutError> {
        for _ in 0..TRIES_MAX {
            let now = self.clock.now();
            let epoch = self.orders.epoch().await?;
            let buyer = request.buyer;
            let purchase = RechargePurchase {
                id: self.ids.order_id(now),
                number: OrderNumber::compose(now, Some(buyer), self.ids.order_entropy()),
                buyer,
                package: package.clone(),
                pay_deadline: now.plus_seconds(self.settings.checkout_deadline_s),
                payment: self
                    .new_payment(Some(buyer), (request.trade_type, request.client_ip))
                    .await?,
            };
            let composed = purchase
                .decide(now, &epoch, &|terms| self.gateway.compose_prepay(terms))
                .map_err(|refusal| match refusal {
                    PlacementRefusal::PayerUnknown => CheckoutError::OpenidRequired,
                    PlacementRefusal::ClientIpUnknown => way_not_offered(),
                    PlacementRefusal::TooManyLines => CheckoutError::TooManyLines,
                })?;
            let audit = Audit {
                actor: format!("buyer:{buyer}"),
                cause: "recharge".to_owned(),
                request_id: Some(keyed.request_id.clone()),
            };
            let mut intent = keyed.intent(audit, now);
            if let (Some(record), Some(Event::Placed(order))) =
                (&mut intent.replay, composed.first())
            {
                record.order = Some(order.id);
                record.payment = order.payments.first().map(|payment| payment.no);
            }
            let changeset = Changeset::of(None, composed, purchase.guards(), intent, now)
                .ok_or_else(|| impossible(purchase.number.as_str()))?
                .paced(self.settings.pace)
                .decided_in(&epoch);
            let order = changeset.order.as_ref().map(|write| write.order.clone());
            match self.commit(changeset).await? {
                Landed::Now => return Ok(order),
                Landed::Before => return Ok(None),
                Landed::Not(_) | Landed::Refused(Refusal::NumberTaken) => {}
                Landed::Refused(Refusal::TooManyOpenOrders) => {
                    return Err(CheckoutError::TooManyOpenOrders);
                }
                Landed::Refused(refusal) => return Err(TransactError::Refused(refusal).into()),
            }
        }
        Err(TransactError::Busy("numbers keep being taken".to_owned()).into())
    }
}
