//! Buyers. Each puts something on the list, checks out, and pays or does not, in one of many ways.

mod ahead;
mod door;
mod looking;
mod paying;
mod regrets;
mod requests;
mod whims;

pub use whims::{LATER_WHIMS, Whim};

use super::{Buyer, at_once, cashier, dawdle};
use crate::kernel::Home;
use crate::marks::Mark;
use crate::node::{Ask, Outcome, Said, Seen, ask};
use crate::tape::Kind;
use crate::time::{SECOND, micros};
use crate::world::World;
pub(crate) use ahead::SPENT;
use domain::buyer::{ItemId, NewItem};
use domain::catalogue::SkuId;
use domain::coupon::CouponId;
use domain::order::{Amounts, Command, CompletedBy, OrderStatus, PayerResult};
use domain::payment::TradeType;
use domain::ports::{AddItemAnswer, BuyerBook as _, OrderKey};
use std::sync::Arc;
use usecases::Target;
use whims::WHIMS;

/// A buyer at work.
struct Shopper {
    world: Arc<World>,
    buyer: Buyer,
    keys: u32,
    /// What is wished for beside the goods.
    coupon: Option<CouponId>,
    rush: bool,
    /// A second line, and the one that it is bought with.
    beside: Option<(ItemId, ItemId)>,
    /// What a line was shown to cost, with everything that is wished for beside it.
    shown: Option<(ItemId, Amounts)>,
}

/// Buys again and again.
pub(super) async fn shop(world: Arc<World>, buyer: Buyer) {
    let mut shopper = Shopper::new(world, buyer);
    dawdle(&shopper.world, 120).await;
    let times = shopper.world.setup.purchases;
    for _ in 0..times {
        if shopper.world.is_open() {
            let whim = shopper.whim();
            shopper.buy(whim).await;
            dawdle(&shopper.world, 40).await;
        }
    }
    shopper.world.comes(-1);
}

impl Shopper {
    fn new(world: Arc<World>, buyer: Buyer) -> Shopper {
        let (coupon, beside, shown) = (None, None, None);
        Shopper { world, buyer, keys: 0, coupon, rush: false, beside, shown }
    }

    /// One of those that this world has; the tame one is honest.
    fn whim(&self) -> Whim {
        let bits = self.world.setup.whims;
        let on = (1..).zip(&WHIMS[1..]).filter(|(bit, _)| bits & (1 << bit) != 0);
        let mut here = vec![Whim::Honest];
        here.extend(on.map(|(_, whim)| *whim));
        let bound = u32::try_from(here.len()).unwrap_or(1);
        let drawn = usize::try_from(self.world.draw(Kind::Actor, bound)).unwrap_or(0);
        here.get(drawn).copied().unwrap_or(Whim::Honest)
    }

    async fn buy(&mut self, whim: Whim) {
        if self.pays_otherwise(whim).await {
            return;
        }
        let sku = whim.wants();
        let Some(item) = self.put_on_the_list(sku) else { return };
        let key = self.new_key();
        self.wish();
        self.take_along(item);
        self.world.chronicle.say(
            || format!("buyer {}", self.buyer.actor),
            None,
            || format!("wants {sku}, {whim:?}"),
        );
        self.look_at_the_price(item).await;
        self.want_something_else_with_it();
        if whim == Whim::TwiceOneKey {
            self.aside(self.checkout(item, &key, Some(TradeType::Jsapi)));
            self.world.chronicle.sometimes(Mark::SameKeyTwiceAtOnce);
        }
        if whim == Whim::TwiceTwoKeys {
            let other = self.new_key();
            self.aside(self.checkout(item, &other, Some(TradeType::Jsapi)));
        }
        if whim == Whim::Hasty {
            let (world, buyer) = (Arc::clone(&self.world), self.buyer.id);
            self.world.outside(async move { cashier::pay_as_soon_as_ordered(world, buyer).await });
        }
        let pays_later = whim == Whim::PlacesFirst || whim.is_paid_at_the_door();
        let trade_type = (!pays_later).then(|| self.trade_type());
        let Some(mut said) = self.check_out(item, &key, trade_type, whim).await else { return };
        if whim == Whim::PlacesFirst {
            dawdle(&self.world, 100).await;
            match self.pay_another_way(&said, TradeType::Native).await {
                Some(offered) => said = offered,
                None => return,
            }
        }
        if !whim.is_paid_at_the_door() && self.is_nervous(3) {
            said = self.open_again(said).await;
        }
        self.go_on(whim, item, &said).await;
        self.watch(&said).await;
    }

    /// What does not begin with a checkout that WeChat Pay is asked for; `false` when that is what it is.
    async fn pays_otherwise(&mut self, whim: Whim) -> bool {
        match whim {
            Whim::PaysAhead => self.pay_ahead("fen").await,
            Whim::SpendsPoints => {
                if self.is_nervous(2) {
                    self.pay_ahead("points").await;
                }
                self.spend_points().await;
            }
            Whim::FromTheWallet => {
                // Perhaps nothing is in it, or not enough.
                if self.world.draw(Kind::Actor, 3) != 2 {
                    self.pay_ahead("fen").await;
                }
                let Some(item) = self.put_on_the_list(whim.wants()) else { return true };
                if let Some(said) = self.buy_from_the_wallet(item).await {
                    if self.is_nervous(3) {
                        self.regret(&said).await;
                    }
                    self.watch(&said).await;
                }
            }
            Whim::Honest
            | Whim::TwiceOneKey
            | Whim::TwiceTwoKeys
            | Whim::CancelsWhilePaying
            | Whim::TwoDevices
            | Whim::Slow
            | Whim::Leaves
            | Whim::Cancels
            | Whim::Impatient
            | Whim::TakesTheGift
            | Whim::PlacesFirst
            | Whim::Replaces
            | Whim::FailsFirst
            | Whim::Boasts
            | Whim::WantsTheCup
            | Whim::Ghost
            | Whim::Hasty
            | Whim::Regrets
            | Whim::TooLate
            | Whim::AtTheDoor
            | Whim::Converts => return false,
        }
        true
    }

    /// What is done with an offer.
    async fn go_on(&mut self, whim: Whim, item: ItemId, said: &Said) {
        match whim {
            Whim::Leaves => {}
            Whim::Cancels => {
                dawdle(&self.world, 60).await;
                self.cancel(said).await;
            }
            Whim::CancelsWhilePaying => self.cancel_while_paying(said).await,
            Whim::TwoDevices => self.pay_on_two_devices(said).await,
            Whim::Slow => {
                self.wait_for_the_deadline(said).await;
                self.pay(said).await;
            }
            Whim::FailsFirst => {
                cashier::fail(&self.world, said);
                dawdle(&self.world, 40).await;
                self.pay(said).await;
            }
            Whim::Boasts => self.report(said, PayerResult::Ok).await,
            Whim::Replaces => {
                dawdle(&self.world, 40).await;
                self.replace(item, said).await;
            }
            Whim::Ghost => {
                dawdle(&self.world, 400).await;
                if let Some(number) = &said.out_trade_no {
                    cashier::pay_number(&self.world, number.as_str(), false);
                }
            }
            Whim::Regrets => {
                if self.pay(said).await {
                    self.regret(said).await;
                }
            }
            Whim::TooLate => self.pay_too_late(said).await,
            Whim::AtTheDoor => self.wait_for_the_courier(said).await,
            Whim::Converts => self.pay_online_after_all(said).await,
            // What they do, they have done before.
            Whim::PaysAhead | Whim::FromTheWallet | Whim::SpendsPoints => {}
            Whim::Honest
            | Whim::TwiceOneKey
            | Whim::TwiceTwoKeys
            | Whim::Hasty
            | Whim::Impatient
            | Whim::TakesTheGift
            | Whim::PlacesFirst
            | Whim::WantsTheCup => {
                dawdle(&self.world, 60).await;
                self.pay(said).await;
            }
        }
    }

    fn put_on_the_list(&self, sku: &str) -> Option<ItemId> {
        let quantity = self.world.draw(Kind::Actor, 3) + 1;
        let item = NewItem { sku_id: SkuId::parse(sku)?, quantity };
        match at_once(self.world.store.add_item(self.buyer.id, item, 100))?.ok()? {
            AddItemAnswer::Added(line) => Some(line.id),
            AddItemAnswer::NoSuchSku | AddItemAnswer::Full => None,
        }
    }

    /// Another request at the same time, from another device or by another click: nobody waits for
    /// the answer.
    fn aside(&self, what: Ask) {
        let world = Arc::clone(&self.world);
        let label = self.world.kernel.label();
        self.world.kernel.spawn(Home::Outside, label, async move {
            dawdle(&world, 1).await;
            let _answer = ask(&world, what).await;
        });
    }

    /// Whether a buyer does something twice at once: one time in `times`, and never the tame one.
    fn is_nervous(&self, times: u32) -> bool {
        self.world.draw(Kind::Actor, times) == 1
    }

    /// Checks out, again and again under the same key until there is an answer that counts.
    async fn check_out(
        &mut self,
        item: ItemId,
        key: &str,
        trade_type: Option<TradeType>,
        whim: Whim,
    ) -> Option<Said> {
        let mut key = key.to_owned();
        for _ in 0..6 {
            let request = if whim.is_paid_at_the_door() {
                self.order_at_the_door(item, &key)
            } else {
                self.checkout(item, &key, trade_type)
            };
            match ask(&self.world, request).await {
                Some(said) => match said.outcome {
                    Outcome::Done | Outcome::Reused | Outcome::Replayed => {
                        self.count(&said);
                        return Some(said);
                    }
                    Outcome::Unknown => self.world.chronicle.sometimes(Mark::AnswerUnknownToClient),
                    Outcome::Refused("out_of_stock") => {
                        self.world.chronicle.sometimes(Mark::LastPieceTaken);
                        return None;
                    }
                    Outcome::Refused("price_changed") if self.shown.is_some() => {
                        // At what it costs now, which is looked at once more, or not.
                        self.shown = None;
                        self.look_at_the_price(item).await;
                        key = self.new_key();
                    }
                    Outcome::Refused("coupon_not_usable") if self.coupon.is_some() => {
                        // Then without it.
                        self.world.chronicle.sometimes(Mark::CouponNotUsable);
                        (self.coupon, self.shown) = (None, None);
                        key = self.new_key();
                    }
                    Outcome::Refused(_) if whim != Whim::Impatient => return None,
                    Outcome::Refused(_) | Outcome::Busy => {}
                },
                None if whim == Whim::Impatient => key = self.new_key(),
                None => {}
            }
            if !self.world.is_open() {
                return None;
            }
            self.world.kernel.sleep(SECOND).await;
            dawdle(&self.world, 8).await;
        }
        None
    }

    fn count(&self, said: &Said) {
        match said.outcome {
            Outcome::Reused => self.world.chronicle.sometimes(Mark::OtherKeySameOrder),
            Outcome::Replayed => self.world.chronicle.sometimes(Mark::KeyReplayed),
            Outcome::Done | Outcome::Unknown | Outcome::Refused(_) | Outcome::Busy => {}
        }
    }

    async fn report(&self, said: &Said, result: PayerResult) {
        let Some(seen) = &said.seen else { return };
        let key = OrderKey::Number(seen.number.clone());
        let target = Target::of_buyer(self.buyer.id, key);
        let _answer = ask(&self.world, Ask::Report(target, result, self.audit("report"))).await;
    }

    async fn wait_for_the_deadline(&self, said: &Said) {
        let Some(deadline) = said.seen.as_ref().and_then(|seen| seen.deadline) else { return };
        let early = i64::from(self.world.draw(Kind::Actor, 12)) * SECOND / 4;
        let at = micros(deadline).saturating_sub(early);
        self.world.kernel.sleep(at.saturating_sub(self.world.kernel.now())).await;
    }

    /// Looks until it is known what became of the order, or patience ends.
    async fn watch(&mut self, said: &Said) {
        let Some(Seen { number, .. }) = said.seen.clone() else { return };
        for _ in 0..self.world.draw(Kind::Actor, 6) {
            let told = self.world.oracle.was_told_paid(number.as_str());
            let key = OrderKey::Number(number.clone());
            let target = Target::of_buyer(self.buyer.id, key);
            let answer = ask(&self.world, Ask::Look(target)).await;
            let not_found = Some(Outcome::Refused("not_found"));
            if answer.as_ref().map(|said| said.outcome) == not_found {
                self.world.oracle.not_found(&self.world, number.as_str());
            }
            if let Some(seen) = answer.and_then(|said| said.seen) {
                self.world.oracle.shown(&self.world, number.as_str(), told, seen.paid);
                match seen.status {
                    OrderStatus::PendingPayment | OrderStatus::Cancelling => {}
                    OrderStatus::Shipped => {
                        self.confirm(&number).await;
                        return;
                    }
                    OrderStatus::Cancelled
                    | OrderStatus::Ready
                    | OrderStatus::Delivered
                    | OrderStatus::Completed => return,
                }
            }
            self.world.kernel.sleep(2 * SECOND).await;
        }
    }

    /// Says that everything arrived.
    async fn confirm(&mut self, number: &domain::OrderNumber) {
        let key = self.new_key();
        let action = self.action(number, "confirm", &key);
        let command = Command::Complete(CompletedBy::Buyer);
        let _answer = ask(&self.world, Ask::Act(action, command)).await;
    }
}
