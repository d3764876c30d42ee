//! Places the order, once per key, against everybody else who wants the same goods.

use super::{CheckoutError, CheckoutRequest, Keyed, Placing, Quote};
use crate::transact::Landed;
use crate::{Paydesk, TransactError};
use domain::changeset::{Audit, Changeset, Intent, Refusal, ReplayRecord};
use domain::order::{
    Amounts, Checkout, NewPayment, Order, OrderStatus, Placement, PlacementRefusal,
};
use domain::payment::TradeType;
use domain::ports::OrderKey;
use domain::{CommandId, OrderId, OrderNumber, Timestamp};

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
            let quote = self.quote_for(request).await?;
            if let Some(open) = captured_by(&quote) {
                match self.reuse(&open, request, &quote, keyed).await? {
                    Some(placing) => return Ok(placing),
                    None => continue,
                }
            }
            let amounts = quote.breakdown.amounts;
            is_expected(request, amounts)?;
            // A price that moves while we look is not charged without being shown.
            if *first_total.get_or_insert(amounts.total) != amounts.total {
                return Err(CheckoutError::PriceChanged(amounts));
            }
            match self.try_place(request, &quote, keyed).await? {
                Tried::Placed(order) => return Ok(Placing::Placed(*order)),
                Tried::Twin => return Ok(Placing::Twin),
                Tried::Refused(refusal) => self.answer(refusal)?,
                Tried::Again => {}
            }
        }
        Err(TransactError::Busy("prices, lists or numbers keep moving".to_owned()).into())
    }

    /// What a refused guard means for the buyer; `Ok` when it is worth looking again.
    fn answer(&self, refusal: Refusal) -> Result<(), CheckoutError> {
        match refusal {
            Refusal::Stock(sku) => Err(CheckoutError::OutOfStock(sku)),
            Refusal::TooManyOpenOrders => Err(CheckoutError::TooManyOpenOrders),
            // Price again; look whose order it is in; draw another number.
            Refusal::PriceMoved(_) | Refusal::ListTaken | Refusal::NumberTaken => Ok(()),
            Refusal::Fenced | Refusal::TransactionTaken => {
                Err(TransactError::Refused(refusal).into())
            }
        }
    }

    async fn try_place(
        &self,
        request: &CheckoutRequest,
        quote: &Quote,
        keyed: &Keyed,
    ) -> Result<Tried, CheckoutError> {
        let now = self.clock.now();
        let placement = self.placement(request, quote, now).await?;
        let events = placement.decide(now, &|terms| self.gateway.compose_prepay(terms)).map_err(
            |refusal| match refusal {
                PlacementRefusal::PayerUnknown => CheckoutError::OpenidRequired,
                PlacementRefusal::TooManyLines => CheckoutError::TooManyLines,
            },
        )?;
        let intent = intent(request, keyed, placement.id, now);
        let changeset = Changeset::of(None, events, placement.guards(), intent, now)
            .ok_or_else(|| TransactError::Busy("nothing was placed".to_owned()))?;
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
        let payer = match request.trade_type {
            TradeType::Jsapi => self.access.openid(request.buyer, &self.settings.appid).await?,
            TradeType::Native => None,
        };
        let number = OrderNumber::compose(now, Some(request.buyer), self.ids.order_entropy());
        Ok(Placement {
            id: self.ids.order_id(now),
            number,
            buyer: request.buyer,
            breakdown: quote.breakdown.clone(),
            checkout: checkout(request, quote),
            pay_deadline: now.plus_seconds(self.settings.checkout_deadline_s),
            payment: Some(NewPayment {
                trade_type: request.trade_type,
                mchid: self.settings.mchid.clone(),
                appid: self.settings.appid.clone(),
                payer,
                deployment_id: self.settings.deployment_id.clone(),
            }),
        })
    }

    /// The lines are in an open order: that one again if the request is equal, else it is in the
    /// way. Stored under the key like a new order; `None` when it is worth looking again.
    async fn reuse(
        &self,
        open: &OrderNumber,
        request: &CheckoutRequest,
        quote: &Quote,
        keyed: &Keyed,
    ) -> Result<Option<Placing>, CheckoutError> {
        let found = self.orders.load(&OrderKey::Number(open.clone())).await?;
        let order = match found.map(|loaded| loaded.value) {
            Some(order) if is_equal(&order, request, quote) && self.can_be_paid(&order) => order,
            Some(_) | None => return Err(CheckoutError::CheckoutOpen(open.clone())),
        };
        is_expected(request, order.amounts)?;
        let now = self.clock.now();
        let mut intent = intent(request, keyed, order.id, now);
        if let Some(record) = &mut intent.replay {
            record.reused = true;
        }
        let alone = Changeset::without_order(intent, now);
        match self.commit(alone).await? {
            Landed::Now => Ok(Some(Placing::Reused(order))),
            Landed::Before => Ok(Some(Placing::Twin)),
            Landed::Not(_) => Ok(None),
            Landed::Refused(refusal) => Err(TransactError::Refused(refusal).into()),
        }
    }
}

impl Paydesk {
    /// Whether there is a payment to offer. A key is not spent on an order that has none.
    fn can_be_paid(&self, order: &Order) -> bool {
        order.open_payment().is_some_and(|payment| !self.is_too_late(payment))
    }
}

enum Tried {
    Placed(Box<Order>),
    Twin,
    Refused(Refusal),
    Again,
}

/// What the buyer was shown is what is charged.
fn is_expected(request: &CheckoutRequest, amounts: Amounts) -> Result<(), CheckoutError> {
    match request.expected_total {
        Some(expected) if expected != amounts.total => Err(CheckoutError::PriceChanged(amounts)),
        Some(_) | None => Ok(()),
    }
}

fn captured_by(quote: &Quote) -> Option<OrderNumber> {
    quote.items.iter().find_map(|item| item.captured_by.clone())
}

fn checkout(request: &CheckoutRequest, quote: &Quote) -> Checkout {
    Checkout {
        captured_items: quote.items.iter().map(|item| item.id).collect(),
        address_id: Some(request.address_id),
        address: Some(quote.address.clone()),
        coupon_id: request.coupon_id.clone(),
        rush: request.rush,
        remark: request.remark.clone(),
    }
}

fn intent(request: &CheckoutRequest, keyed: &Keyed, order: OrderId, now: Timestamp) -> Intent {
    Intent {
        command_id: CommandId::of_request(&keyed.scope),
        audit: Audit {
            actor: format!("buyer:{}", request.buyer),
            cause: "checkout".to_owned(),
            request_id: Some(keyed.request_id.clone()),
        },
        inbox: None,
        fence: None,
        replay: Some(ReplayRecord {
            scope: keyed.scope.clone(),
            fingerprint: keyed.fingerprint.clone(),
            order: Some(order),
            reused: false,
            recorded_at: now,
        }),
    }
}

/// Whether a request asks for exactly what an open order is: same lines and quantities, address,
/// coupon, rush, remark and trade type.
fn is_equal(order: &Order, request: &CheckoutRequest, quote: &Quote) -> bool {
    let asked: Vec<(&str, u32)> =
        quote.items.iter().map(|i| (i.sku.id.as_str(), i.quantity)).collect();
    let placed: Vec<(&str, u32)> =
        order.lines.iter().map(|l| (l.sku_id.as_str(), l.quantity)).collect();
    let trade_type = order.payments.last().map(|p| p.terms.trade_type);
    order.status == OrderStatus::PendingPayment
        && order.checkout == checkout(request, quote)
        && asked == placed
        && trade_type == Some(request.trade_type)
}
