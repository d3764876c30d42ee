//! Places the order, once per key, against everybody else who wants the same goods.

use super::reuse::Reuse;
use super::{CheckoutError, CheckoutRequest, Placing, Quote};
use crate::pay_order::way_not_offered;
use crate::transact::{Landed, impossible};
use crate::{Keyed, Paydesk, TransactError};
use domain::buyer::{Address, ListedItem};
use domain::catalogue::SkuId;
use domain::changeset::{Audit, Changeset, Refusal};
use domain::order::{
    Amounts, Checkout, Event, Order, PaymentMethod, PlacedMethod, Placement, PlacementRefusal,
    WalletPayment,
};
use domain::{OrderNumber, Timestamp};

/// How often placing is tried against moving prices, lists and numbers.
const TRIES_MAX: u32 = 8;

impl Paydesk {
    pub(super) async fn place(
        &self,
        request: &CheckoutRequest,
        keyed: &Keyed,
    ) -> Result<Placing, CheckoutError> {
        let mut first_total = None;
        for _ in 0..TRIES_MAX {
            let about = self.read_for(request).await?;
            let wishes = (request.coupon_id.as_ref(), request.rush);
            if let Some(open) = about.captured_by() {
                match self.reuse(&open, request, &about, keyed).await? {
                    Reuse::Placing(placing) => return Ok(*placing),
                    Reuse::InTheWay => {
                        // What could not be bought anyway says so first.
                        let quote = about.priced(wishes, self.clock.now())?;
                        if !request.replace_open {
                            return Err(CheckoutError::CheckoutOpen(open));
                        }
                        self.could_be_placed(request, &quote).await?;
                        if self.orders.replay(&keyed.scope).await?.is_some() {
                            return Ok(Placing::Twin);
                        }
                        self.make_way(&open, request, keyed).await?;
                        continue;
                    }
                    Reuse::LookAgain => continue,
                }
            }
            let quote = about.priced(wishes, self.clock.now())?;
            let amounts = quote.breakdown.amounts;
            is_expected(request, amounts)?;
            // A price that moves while we look is not charged without being shown.
            if *first_total.get_or_insert(amounts.total) != amounts.total {
                return Err(CheckoutError::PriceChanged(amounts));
            }
            if let Some(sku) = too_little(&quote) {
                return Err(CheckoutError::OutOfStock(sku));
            }
            match self.try_place(request, &quote, keyed).await? {
                Tried::Placed(order) => return Ok(Placing::Placed(*order)),
                Tried::Twin => return Ok(Placing::Twin),
                Tried::Refused(refusal) => refused(refusal)?,
                Tried::Again => {}
            }
        }
        Err(TransactError::Busy("prices, lists or numbers keep moving".to_owned()).into())
    }

    async fn try_place(
        &self,
        request: &CheckoutRequest,
        quote: &Quote,
        keyed: &Keyed,
    ) -> Result<Tried, CheckoutError> {
        let now = self.clock.now();
        let placement = self.placement(request, quote, now).await?;
        let events = placement
            .decide(now, &quote.epoch, &|terms| self.gateway.compose_prepay(terms))
            .map_err(|refusal| match refusal {
                PlacementRefusal::PayerUnknown => CheckoutError::OpenidRequired,
                PlacementRefusal::ClientIpUnknown => way_not_offered(),
                PlacementRefusal::TooManyLines => CheckoutError::TooManyLines,
            })?;
        let mut intent = keyed.intent(audit(request, keyed), now);
        if let (Some(record), Some(Event::Placed(order))) = (&mut intent.replay, events.first()) {
            record.order = Some(order.id);
            record.payment = order.payments.first().map(|payment| payment.no);
        }
        let changeset = Changeset::of(None, events, placement.guards(), intent, now)
            .ok_or_else(|| impossible(placement.number.as_str()))?
            .paced(self.settings.pace)
            .decided_in(&quote.epoch);
        let order = changeset.order.as_ref().map(|write| write.order.clone());
        match (self.commit(changeset).await?, order) {
            (Landed::Now, Some(order)) => {
                tracing::info!(order.number = %order.number, request_id = keyed.request_id,
                    "order.recorded");
                Ok(Tried::Placed(Box::new(order)))
            }
            (Landed::Before, _) => Ok(Tried::Twin),
            (Landed::Refused(refusal), _) => Ok(Tried::Refused(refusal)),
            (Landed::Now | Landed::Not(_), _) => Ok(Tried::Again),
        }
    }

    async fn placement(
        &self,
        request: &CheckoutRequest,
        quote: &Quote,
        now: Timestamp,
    ) -> Result<Placement, CheckoutError> {
        let (payment, within_s) = match request.trade_type {
            Some(trade_type) => (
                Some(self.new_payment(Some(request.buyer), (trade_type, request.client_ip)).await?),
                self.settings.checkout_deadline_s,
            ),
            None => (None, self.settings.direct_deadline_s),
        };
        let number = OrderNumber::compose(now, Some(request.buyer), self.ids.order_entropy());
        Ok(Placement {
            id: self.ids.order_id(now),
            number,
            buyer: request.buyer,
            breakdown: quote.breakdown.clone(),
            checkout: checkout(request, &quote.items, &quote.address),
            coupon: quote.coupon.clone(),
            method: if request.method == PaymentMethod::Cod {
                PlacedMethod::CashOnDelivery
            } else {
                PlacedMethod::Online
            },
            pay_deadline: now.plus_seconds(within_s),
            payment,
            wallet: self.wallet_of(request),
        })
    }
}

impl Paydesk {
    fn wallet_of(&self, request: &CheckoutRequest) -> Option<WalletPayment> {
        match request.method {
            PaymentMethod::Wallet => Some(self.wallet_payment()),
            PaymentMethod::Wechat | PaymentMethod::Cod | PaymentMethod::Free => None,
        }
    }
}

enum Tried {
    Placed(Box<Order>),
    Twin,
    Refused(Refusal),
    Again,
}

/// What a refused guard means for the buyer; `Ok` when it is worth looking again.
fn refused(refusal: Refusal) -> Result<(), CheckoutError> {
    match refusal {
        Refusal::Stock(sku) => Err(CheckoutError::OutOfStock(sku)),
        Refusal::Balance(_) => Err(CheckoutError::InsufficientBalance),
        Refusal::TooManyOpenOrders => Err(CheckoutError::TooManyOpenOrders),
        // Price again, perhaps with another coupon of the same; look whose order it is in; draw
        // another number.
        Refusal::PriceMoved(_)
        | Refusal::CouponMoved(_)
        | Refusal::Coupon(_)
        | Refusal::ListTaken
        | Refusal::NumberTaken => Ok(()),
        Refusal::Fenced
        | Refusal::TransactionTaken
        | Refusal::RefundNumberTaken
        | Refusal::TransferTaken(_)
        | Refusal::EffectTaken(_) => Err(TransactError::Refused(refusal).into()),
    }
}

/// What the buyer was shown is what is charged.
pub(super) fn is_expected(
    request: &CheckoutRequest,
    amounts: Amounts,
) -> Result<(), CheckoutError> {
    match request.expected_total {
        Some(expected) if expected != amounts.total => Err(CheckoutError::PriceChanged(amounts)),
        Some(_) | None => Ok(()),
    }
}

/// What there was too little of when the checkout was priced: refused without asking for a lock that
/// all who want the same are waiting for. Whether there is enough, the commit says.
fn too_little(quote: &Quote) -> Option<SkuId> {
    let short = |item: &&ListedItem| item.sku.stock.available < i64::from(item.quantity);
    quote.items.iter().find(short).map(|item| item.sku.id.clone())
}

pub(super) fn checkout(
    request: &CheckoutRequest,
    items: &[ListedItem],
    address: &Address,
) -> Checkout {
    Checkout {
        captured_items: items.iter().map(|item| item.id).collect(),
        address_id: Some(request.address_id),
        address: Some(address.clone()),
        coupon_id: request.coupon_id.clone(),
        rush: request.rush,
        remark: request.remark.clone(),
        trade_type: request.trade_type,
    }
}

pub(super) fn audit(request: &CheckoutRequest, keyed: &Keyed) -> Audit {
    Audit {
        actor: format!("buyer:{}", request.buyer),
        cause: "checkout".to_owned(),
        request_id: Some(keyed.request_id.clone()),
    }
}
