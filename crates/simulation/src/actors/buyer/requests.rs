//! What a buyer's client sends: requests, their keys, and what the audit will say.

use super::Shopper;
use crate::actors::scope;
use crate::node::{Ask, Said};
use crate::tape::Kind;
use domain::buyer::{ItemId, Selection};
use domain::changeset::Audit;
use domain::order::{CancelCause, PaymentMethod};
use domain::payment::TradeType;
use domain::ports::OrderKey;
use usecases::{Action, CheckoutRequest, Keyed, Target};

impl Shopper {
    pub(super) fn trade_type(&self) -> TradeType {
        if self.world.draw(Kind::Actor, 3) == 2 { TradeType::Native } else { TradeType::Jsapi }
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
        let request = CheckoutRequest {
            buyer: self.buyer.id,
            method: PaymentMethod::Wechat,
            selection: Selection::Only(vec![item]),
            address_id: 1,
            coupon_id: None,
            rush: false,
            remark: remark.map(str::to_owned),
            trade_type,
            replace_open: remark.is_some(),
            expected_total: None,
        };
        let what = format!("{item} {trade_type:?} {remark:?}");
        Ask::CheckOut(Box::new(request), self.keyed("checkout", key, &what))
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
