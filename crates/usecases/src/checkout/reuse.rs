//! The lines of a checkout are in an open order of the same buyer: that one again when the request
//! is equal, else it is in the way.

use super::place::{audit, checkout, is_expected};
use super::price::About;
use super::{CheckoutError, CheckoutRequest, Placing, Quote};
use crate::pay_order::{of_start, way_not_offered};
use crate::start_payment::Asked;
use crate::transact::{Effect, Landed};
use crate::{Keyed, OfferError, Paydesk, Target, TransactError};
use domain::catalogue::SkuId;
use domain::changeset::{Audit, Changeset, Intent};
use domain::order::{Command, LINES_MAX, Order, OrderStatus, PaymentMethod, Rejection};
use domain::payment::TradeType;
use domain::ports::OrderKey;
use domain::stock::HoldStatus;
use domain::{CommandId, OrderNumber};
use std::collections::{BTreeMap, BTreeSet};

/// How long a checkout waits for the order in its way to be cancelled, in milliseconds.
const MAKE_WAY_MS: u64 = 3_000;

/// What an open order over the same lines means.
pub(super) enum Reuse {
    /// The request ends with it.
    Placing(Box<Placing>),
    /// It changed while we looked.
    LookAgain,
    /// It is another one.
    InTheWay,
}

impl Paydesk {
    pub(super) async fn reuse(
        &self,
        open: &OrderNumber,
        request: &CheckoutRequest,
        about: &About,
        keyed: &Keyed,
    ) -> Result<Reuse, CheckoutError> {
        let found = self.orders.load(&OrderKey::Number(open.clone())).await?;
        let order = match found.map(|loaded| loaded.value) {
            Some(order) if is_equal(&order, request, about) => order,
            Some(_) | None => return Ok(Reuse::InTheWay),
        };
        if self.is_too_late(&order) {
            let target = Target::of_buyer(request.buyer, OrderKey::Id(order.id));
            self.close_when_late(&target, &keyed.request_id).await?;
            return Ok(Reuse::InTheWay);
        }
        is_expected(request, order.amounts)?;
        match request.trade_type {
            Some(trade_type) => self.reuse_paying(&order, trade_type, request, keyed).await,
            None => self.reuse_as_it_is(order, request, keyed).await,
        }
    }

    /// With its open payment if that is equal, else with another: the buyer may have asked for
    /// another way to pay meanwhile, or WeChat Pay may have refused.
    async fn reuse_paying(
        &self,
        order: &Order,
        trade_type: TradeType,
        request: &CheckoutRequest,
        keyed: &Keyed,
    ) -> Result<Reuse, CheckoutError> {
        let target = Target::of_buyer(request.buyer, OrderKey::Id(order.id));
        let new = self.new_payment(Some(request.buyer), (trade_type, request.client_ip)).await?;
        let intent = self.reusing(request, keyed);
        let placing = match self.start_payment(&target, new, &intent).await.map_err(of_start) {
            Ok(started) if started.effect == Effect::Before => Placing::Twin,
            Ok(started) => {
                let asked = started.asked();
                Placing::Reused(started.order, asked)
            }
            // Paid, cancelled or out of time since it was read.
            Err(CheckoutError::Offer(OfferError::NotPayable)) => return Ok(Reuse::InTheWay),
            Err(other) => return Err(other),
        };
        Ok(Reuse::Placing(Box::new(placing)))
    }

    /// An order that waits for its payment to be asked for: only the key is recorded.
    async fn reuse_as_it_is(
        &self,
        order: Order,
        request: &CheckoutRequest,
        keyed: &Keyed,
    ) -> Result<Reuse, CheckoutError> {
        let mut intent = self.reusing(request, keyed);
        if let Some(record) = &mut intent.replay {
            record.order = Some(order.id);
        }
        let alone = Changeset::without_order(intent, self.clock.now());
        match self.commit(alone).await? {
            Landed::Now => Ok(Reuse::Placing(Box::new(Placing::Reused(order, Asked::other(0))))),
            Landed::Before => Ok(Reuse::Placing(Box::new(Placing::Twin))),
            Landed::Not(_) => Ok(Reuse::LookAgain),
            Landed::Refused(refusal) => Err(TransactError::Refused(refusal).into()),
        }
    }

    fn reusing(&self, request: &CheckoutRequest, keyed: &Keyed) -> Intent {
        let mut intent = keyed.intent(audit(request, keyed), self.clock.now());
        if let Some(record) = &mut intent.replay {
            record.reused = true;
        }
        intent
    }

    /// Whether the checkout could be placed once the order in its way is gone: nobody's order is
    /// cancelled for a request that is refused afterwards.
    pub(super) async fn could_be_placed(
        &self,
        request: &CheckoutRequest,
        quote: &Quote,
    ) -> Result<(), CheckoutError> {
        is_expected(request, quote.breakdown.amounts)?;
        if let Some(sku) = self.short_even_then(quote).await? {
            return Err(CheckoutError::OutOfStock(sku));
        }
        if quote.breakdown.lines.len() > usize::from(LINES_MAX) {
            return Err(CheckoutError::TooManyLines);
        }
        if request.method == PaymentMethod::Wallet {
            let held = self.ledger.balances(request.buyer).await?.unwrap_or_default();
            if held.wallet < quote.breakdown.amounts.total.get() {
                return Err(CheckoutError::InsufficientBalance);
            }
        }
        if let Some(trade_type) = request.trade_type {
            let new =
                self.new_payment(Some(request.buyer), (trade_type, request.client_ip)).await?;
            if new.lacks_payer() {
                return Err(CheckoutError::OpenidRequired);
            }
            if new.lacks_client_ip() {
                return Err(way_not_offered());
            }
        }
        Ok(())
    }

    /// What there would be too little of, also once every order in the way has given back what it holds.
    async fn short_even_then(&self, quote: &Quote) -> Result<Option<SkuId>, CheckoutError> {
        let mut left_of: BTreeMap<&SkuId, i64> = BTreeMap::new();
        for item in &quote.items {
            let left = left_of.entry(&item.sku.id).or_insert(item.sku.stock.available);
            *left = left.saturating_sub(i64::from(item.quantity));
        }
        let in_the_way = quote.items.iter().filter_map(|item| item.captured_by.as_ref());
        let in_the_way: BTreeSet<&OrderNumber> = in_the_way.collect();
        for number in in_the_way {
            let found = self.orders.load(&OrderKey::Number(number.clone())).await?;
            let holds = found.into_iter().flat_map(|loaded| loaded.value.holds);
            for hold in holds.filter(|hold| hold.status == HoldStatus::Held) {
                if let Some(left) = left_of.get_mut(&hold.sku_id) {
                    *left = left.saturating_add(i64::from(hold.quantity));
                }
            }
        }
        Ok(left_of.into_iter().find(|(_, left)| *left < 0).map(|(sku, _)| sku.clone()))
    }

    /// Cancels the order in the way, as a command of its own, and waits for the end. Nothing is
    /// stored under the checkout's key; a cancellation that takes longer goes on by itself.
    pub(super) async fn make_way(
        &self,
        open: &OrderNumber,
        request: &CheckoutRequest,
        keyed: &Keyed,
    ) -> Result<(), CheckoutError> {
        let intent = Intent {
            command_id: CommandId::of_step("make-way", open.as_str(), self.ids.call()),
            audit: Audit {
                cause: "replaced by another checkout".to_owned(),
                ..audit(request, keyed)
            },
            inbox: None,
            fence: None,
            replay: None,
        };
        let target = Target::of_buyer(request.buyer, OrderKey::Number(open.clone()));
        let order = match self.transact(&target, &Command::GiveWay, &intent).await {
            Ok(transacted) => transacted.order,
            // Paid meanwhile: its lines have left the list, and the checkout looks again.
            Err(TransactError::Rejected(Rejection::NotCancellable)) => return Ok(()),
            Err(other) => return Err(other.into()),
        };
        let order = self.negotiated(order, MAKE_WAY_MS).await?;
        if order.status == OrderStatus::Cancelling {
            return Err(CheckoutError::StillOpen(open.clone()));
        }
        Ok(())
    }
}

/// Whether a request asks for exactly what an open order is: same lines and quantities, address,
/// coupon, rush, remark, method and trade type.
fn is_equal(order: &Order, request: &CheckoutRequest, about: &About) -> bool {
    let asked: Vec<(&str, u32)> =
        about.items.iter().map(|i| (i.sku.id.as_str(), i.quantity)).collect();
    let placed: Vec<(&str, u32)> =
        order.lines.iter().map(|l| (l.sku_id.as_str(), l.quantity)).collect();
    order.status == OrderStatus::PendingPayment
        && order.payment_method == request.method
        && order.checkout == checkout(request, &about.items, &about.address)
        && asked == placed
}
