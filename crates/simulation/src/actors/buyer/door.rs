//! Buyers who wait for a courier: some cancel, some pay online after all.

use super::Shopper;
use crate::actors::{cashier, courier, dawdle};
use crate::node::Said;
use crate::tape::Kind;
use crate::time::{SECOND, micros};
use domain::payment::TradeType;
use std::sync::Arc;

impl Shopper {
    pub(super) async fn wait_for_the_courier(&mut self, said: &Said) {
        self.send_the_courier(said);
        if self.is_nervous(4) {
            dawdle(&self.world, 100).await;
            self.cancel(said).await;
        }
    }

    /// At any moment of its way; perhaps in two ways, perhaps at the last moment, perhaps not at all.
    pub(super) async fn pay_online_after_all(&mut self, said: &Said) {
        if !self.is_nervous(4) {
            self.send_the_courier(said);
        }
        dawdle(&self.world, 300).await;
        let trade_type = self.trade_type();
        let Some(mut offered) = self.pay_another_way(said, trade_type).await else { return };
        if self.is_nervous(4) {
            self.cancel(said).await;
        }
        if self.is_nervous(4)
            && let Some(other) = self.pay_another_way(said, TradeType::Native).await
        {
            self.pay(&offered).await;
            offered = other;
        }
        match self.world.draw(Kind::Actor, 6) {
            0 | 1 => {
                dawdle(&self.world, 20).await;
                self.pay(&offered).await;
            }
            2 => {
                self.wait_for_the_end_of(&offered).await;
                self.pay(&offered).await;
            }
            // However the number is known, and whatever was said of it since.
            3 => {
                dawdle(&self.world, 100).await;
                if let Some(number) = &offered.out_trade_no {
                    cashier::pay_number(&self.world, number.as_str(), false);
                }
            }
            4 => self.pay_after_the_cash(&offered).await,
            _leaves_it => {}
        }
    }

    /// The courier has the money, and the number that was closed for it is paid all the same, which
    /// WeChat Pay never shows to happen.
    async fn pay_after_the_cash(&self, offered: &Said) {
        let Some(number) = offered.seen.as_ref().map(|seen| seen.number.clone()) else { return };
        for _ in 0..60 {
            self.world.kernel.sleep(30 * SECOND).await;
            let is_taken = self.world.oracle.look(|seen| {
                seen.order(number.as_str()).is_some_and(|order| order.settlement.is_some())
            });
            if is_taken {
                self.pay_whatever_it_is(offered);
                return;
            }
        }
    }

    fn send_the_courier(&self, said: &Said) {
        let Some(number) = said.seen.as_ref().map(|seen| seen.number.clone()) else { return };
        let world = Arc::clone(&self.world);
        self.world.outside(async move { courier::bring(world, number).await });
    }

    async fn wait_for_the_end_of(&self, offered: &Said) {
        let Some(deadline) = offered.seen.as_ref().and_then(|seen| seen.deadline) else { return };
        let early = i64::from(self.world.draw(Kind::Actor, 12)) * SECOND / 4;
        let at = micros(deadline).saturating_sub(early);
        self.world.kernel.sleep(at.saturating_sub(self.world.kernel.now())).await;
    }
}
