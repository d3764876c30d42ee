//! Buyers who pay, in one way after another or in two at once, cancel meanwhile, or have another
//! checkout make way.

use super::Shopper;
use crate::actors::{cashier, dawdle};
use crate::kernel::Home;
use crate::marks::Mark;
use crate::node::{Ask, Outcome, Said, ask};
use crate::tape::Kind;
use crate::time::SECOND;
use domain::buyer::ItemId;
use domain::order::PayerResult;
use domain::payment::TradeType;
use domain::ports::{OrderKey, PayParams};
use std::sync::Arc;
use usecases::{PayRequest, Target};

impl Shopper {
    /// Goes back to the order and has the cashier opened once more, the same way or the other one.
    pub(super) async fn open_again(&mut self, said: Said) -> Said {
        if let Some(PayParams::H5 { .. }) = said.pay_params
            && self.is_nervous(2)
        {
            return self.open_again_when_it_has_ended(said).await;
        }
        dawdle(&self.world, 16).await;
        let trade_type = self.trade_type();
        self.pay_another_way(&said, trade_type).await.unwrap_or(said)
    }

    /// Leaves the page for so long that its link has ended or soon will, and has the same order's page opened again.
    async fn open_again_when_it_has_ended(&mut self, said: Said) -> Said {
        let wait = 230 + i64::from(self.world.draw(Kind::Actor, 90));
        self.world.kernel.sleep(wait * SECOND).await;
        let again = self.pay_another_way(&said, TradeType::H5).await;
        let is_fresh = again.as_ref().is_some_and(|again| {
            again.out_trade_no == said.out_trade_no
                && again
                    .pay_params
                    .as_ref()
                    .is_some_and(|fresh| Some(fresh) != said.pay_params.as_ref())
        });
        if is_fresh {
            self.world.chronicle.sometimes(Mark::FreshH5Url);
        }
        again.unwrap_or(said)
    }

    pub(super) async fn pay(&self, said: &Said) -> bool {
        let coupon = self.world.draw(Kind::Actor, 8) == 7;
        let paid = cashier::pay(&self.world, said, coupon);
        if paid && self.world.draw(Kind::Actor, 2) == 1 {
            self.report(said, PayerResult::Ok).await;
        }
        paid
    }

    pub(super) async fn pay_another_way(
        &mut self,
        said: &Said,
        trade_type: TradeType,
    ) -> Option<Said> {
        let number = said.seen.as_ref()?.number.clone();
        let key = self.new_key();
        let request = PayRequest {
            buyer: self.buyer.id,
            target: Target::of_buyer(self.buyer.id, OrderKey::Number(number.clone())),
            trade_type,
            client_ip: self.client_ip(Some(trade_type)),
        };
        if self.is_nervous(2) {
            let trade_type = self.trade_type();
            let client_ip = self.client_ip(Some(trade_type));
            let other = PayRequest { trade_type, client_ip, ..request.clone() };
            let (key, request) = (self.new_key(), other);
            let keyed = self.keyed("pay", &key, &format!("{number} {trade_type:?}"));
            self.aside(Ask::Pay(request, keyed));
        }
        for _ in 0..4 {
            let keyed = self.keyed("pay", &key, &format!("{number} {trade_type:?}"));
            let answer = ask(&self.world, Ask::Pay(request.clone(), keyed)).await;
            match answer.as_ref().map(|said| said.outcome) {
                Some(Outcome::Done | Outcome::Reused | Outcome::Replayed) => return answer,
                Some(Outcome::Refused(_)) => return None,
                Some(Outcome::Unknown | Outcome::Busy) | None => {}
            }
            if !self.world.is_open() {
                return None;
            }
            self.world.kernel.sleep(SECOND).await;
        }
        None
    }

    pub(super) async fn pay_on_two_devices(&mut self, said: &Said) {
        let second = self.pay_another_way(said, TradeType::Native).await;
        let both = self.world.draw(Kind::Actor, 3);
        if both != 1 && !self.pay(said).await && both == 2 {
            self.pay_whatever_it_is(said);
        }
        dawdle(&self.world, 20).await;
        if let Some(second) = second.filter(|_| both > 0) {
            self.pay(&second).await;
        }
    }

    /// The cancellation goes out first, and the payment at some moment after it.
    pub(super) async fn cancel_while_paying(&mut self, said: &Said) {
        if let Some(cancel) = self.cancellation(said) {
            let (world, label) = (Arc::clone(&self.world), self.world.kernel.label());
            self.world.kernel.spawn(Home::Outside, label, async move {
                let _answer = ask(&world, cancel).await;
            });
        }
        let wait = i64::from(self.world.draw(Kind::Actor, 40)) * SECOND / 200;
        self.world.kernel.sleep(wait).await;
        self.pay(said).await;
    }

    pub(super) async fn cancel(&mut self, said: &Said) {
        if self.is_nervous(3)
            && let Some(cancel) = self.cancellation(said)
        {
            self.aside(cancel);
        }
        if let Some(cancel) = self.cancellation(said) {
            let _answer = ask(&self.world, cancel).await;
        }
    }

    /// Another checkout over the same line, which has the first one make way.
    pub(super) async fn replace(&mut self, item: ItemId, said: &Said) {
        let key = self.new_key();
        if self.is_nervous(3) {
            let other = self.new_key();
            self.aside(self.checkout_of(item, &other, Some(TradeType::Native), Some("schnell")));
        }
        for _ in 0..4 {
            let request = self.checkout_of(item, &key, Some(TradeType::Jsapi), Some("schnell"));
            let answer = ask(&self.world, request).await;
            match answer.as_ref().map(|said| said.outcome) {
                Some(Outcome::Done | Outcome::Reused | Outcome::Replayed) => {
                    let other = answer.as_ref().and_then(|said| said.seen.as_ref());
                    let first = said.seen.as_ref().map(|seen| &seen.number);
                    if other.map(|seen| &seen.number) != first {
                        self.world.chronicle.sometimes(Mark::ReplacedOpenOrder);
                    }
                    if let Some(answer) = answer {
                        self.pay(&answer).await;
                    }
                    return;
                }
                Some(Outcome::Refused(_)) => return,
                Some(Outcome::Unknown | Outcome::Busy) | None => {}
            }
            self.world.kernel.sleep(3 * SECOND).await;
        }
    }
}
