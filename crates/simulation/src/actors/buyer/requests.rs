//! What a buyer's client sends: requests, their keys, and what the audit will say.

use super::Shopper;
use crate::actors::{offers, scope};
use crate::node::{Ask, Said};
use crate::tape::Kind;
use domain::buyer::{ItemId, Selection};
use domain::changeset::Audit;
use domain::coupon::CouponId;
use domain::names::ClientIp;
use domain::order::{CancelCause, PaymentMethod};
use domain::payment::TradeType;
use domain::ports::OrderKey;
use usecases::{Action, CheckoutRequest, Keyed, Target};

impl Shopper {
    pub(super) fn trade_type(&self) -> TradeType {
        match self.world.draw(Kind::Actor, 6) {
            2 | 3 => TradeType::Native,
            4 => TradeType::H5,
            5 => TradeType::App,
            _most => TradeType::Jsapi,
        }
    }

    /// From where they pay in a browser: now and then their phone has changed networks.
    pub(super) fn client_ip(&self, trade_type: Option<TradeType>) -> Option<ClientIp> {
        let _browser = trade_type.filter(|trade_type| *trade_type == TradeType::H5)?;
        let network = if self.world.draw(Kind::Actor, 8) == 7 { 2 } else { 1 };
        ClientIp::parse(&format!("10.0.{network}.{}", self.buyer.actor % 250 + 1))
    }

    pub(super) fn new_key(&mut self) -> String {
        self.keys = self.keys.saturating_add(1);
        format!("key-{}-{}", self.buyer.actor, self.keys)
    }

    pub(super) fn keyed(&self, route: &str, key: &str, what: &str) -> Keyed {
        Keyed {
            scope: scope(&format!("buyer:{}", self.buyer.actor), route, key),
            fingerprint: what.to_owned(),
            request_id: format!("request-{key}"),
        }
    }

    pub(super) fn checkout(&self, item: ItemId, key: &str, trade_type: Option<TradeType>) -> Ask {
        self.checkout_of(item, key, trade_type, None)
    }

    pub(super) fn checkout_of(
        &self,
        item: ItemId,
        key: &str,
        trade_type: Option<TradeType>,
        remark: Option<&str>,
    ) -> Ask {
        let request = self.request_for(item, trade_type, remark);
        let Shopper { coupon, rush, .. } = self;
        let from = request.client_ip.map(ClientIp::text);
        let what = format!("{item} {trade_type:?} {from:?} {remark:?} {coupon:?} {rush}");
        self.asked_as_shown(item, request, self.keyed("checkout", key, &what))
    }

    /// The same line, to be paid at the door.
    pub(super) fn order_at_the_door(&self, item: ItemId, key: &str) -> Ask {
        let method = PaymentMethod::Cod;
        let request = CheckoutRequest { method, ..self.request_for(item, None, None) };
        let Shopper { coupon, rush, .. } = self;
        let what = format!("{item} at the door {coupon:?} {rush}");
        self.asked_as_shown(item, request, self.keyed("checkout", key, &what))
    }

    /// A checkout that says what was shown, where something was.
    fn asked_as_shown(&self, item: ItemId, request: CheckoutRequest, mut keyed: Keyed) -> Ask {
        if let Some(shown) = self.shown_of(item) {
            self.world.oracle.was_shown(&keyed.scope, shown);
            keyed.fingerprint.push_str(&format!(" for {}", shown.total));
        }
        Ask::CheckOut(Box::new(request), keyed)
    }

    pub(super) fn request_for(
        &self,
        item: ItemId,
        trade_type: Option<TradeType>,
        remark: Option<&str>,
    ) -> CheckoutRequest {
        let client_ip = self.client_ip(trade_type);
        CheckoutRequest {
            buyer: self.buyer.id,
            method: PaymentMethod::Wechat,
            selection: Selection::Only(self.lines(item)),
            address_id: 1,
            coupon_id: self.coupon.clone(),
            rush: self.rush,
            remark: remark.map(str::to_owned),
            trade_type,
            client_ip,
            replace_open: remark.is_some(),
            expected_total: self.shown_of(item).map(|shown| shown.total),
        }
    }

    /// The lines that are bought together.
    fn lines(&self, item: ItemId) -> Vec<ItemId> {
        let beside = self.beside.filter(|(_, with)| *with == item).map(|(beside, _)| beside);
        std::iter::once(item).chain(beside).collect()
    }

    /// Now and then something of another kind is bought with it: what costs nothing, or what is scarce.
    pub(super) fn take_along(&mut self, item: ItemId) {
        let sku = match self.world.draw(Kind::Wish, 8) {
            5 | 6 => "cup",
            7 => "gift",
            _alone => {
                self.beside = None;
                return;
            }
        };
        self.beside = self.put_on_the_list(sku).filter(|beside| *beside != item).map(|b| (b, item));
    }

    /// Hurry, a coupon, both, or neither, which is the tame wish.
    pub(super) fn wish(&mut self) {
        let drawn = self.world.draw(Kind::Wish, 8);
        self.rush = matches!(drawn, 2 | 3);
        self.coupon = match drawn {
            3..=5 => CouponId::parse(offers::OFF),
            6 => CouponId::parse(offers::HALF_OFF),
            7 => CouponId::parse(offers::ALL_OFF),
            _ => None,
        };
    }

    /// Now and then something else is checked out with the same coupon at the same time.
    pub(super) fn want_something_else_with_it(&mut self) {
        if self.coupon.is_none() || self.world.draw(Kind::Wish, 3) != 2 {
            return;
        }
        let Some(item) = self.put_on_the_list("cup") else { return };
        let key = self.new_key();
        self.aside(self.checkout(item, &key, Some(TradeType::Native)));
    }

    pub(super) fn cancellation(&mut self, said: &Said) -> Option<Ask> {
        let number = said.seen.as_ref()?.number.clone();
        let key = self.new_key();
        Some(Ask::Cancel(self.action(&number, "cancel", &key), CancelCause::Buyer))
    }

    pub(super) fn action(
        &self,
        number: &domain::OrderNumber,
        what: &str,
        key: &str,
    ) -> Box<Action> {
        Box::new(Action {
            target: Target::of_buyer(self.buyer.id, OrderKey::Number(number.clone())),
            audit: self.audit(what),
            keyed: self.keyed(what, key, &format!("{what} {number}")),
        })
    }

    pub(super) fn audit(&self, what: &str) -> Audit {
        Audit {
            actor: format!("buyer:{}", self.buyer.id),
            cause: what.to_owned(),
            request_id: None,
        }
    }
}
