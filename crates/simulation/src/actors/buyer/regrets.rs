//! Buyers who want their money back, and those who pay what can no longer be paid.

use super::Shopper;
use crate::actors::{cashier, dawdle, offers};
use crate::node::{Ask, Outcome, Said, ask};
use crate::tape::Kind;
use crate::time::SECOND;
use domain::order::{Command, LineQuantity, RefundAsk, RefundOf};
use domain::refund::{Asker, RefundState};
use domain::{Fen, OrderNumber};

impl Shopper {
    /// Asks for a part, for all, or cancels; asks again under the same key while nobody answers.
    /// What waits for a person is sometimes taken back.
    pub(super) async fn regret(&mut self, said: &Said) {
        let Some(number) = said.seen.as_ref().map(|seen| seen.number.clone()) else { return };
        self.world.kernel.sleep(2 * SECOND).await;
        dawdle(&self.world, 400).await;
        let key = self.new_key();
        let request = match self.world.draw(Kind::Actor, 4) {
            0 => self.cancellation(said),
            parts => Some(self.refund(&number, &key, i64::from(parts % 3) * 1_000)),
        };
        let Some(request) = request else { return };
        if self.is_nervous(2) {
            let key = self.new_key();
            let parts = i64::from(self.world.draw(Kind::Actor, 3));
            self.aside(self.refund(&number, &key, parts * 1_000));
        }
        for _ in 0..4 {
            let answer = ask(&self.world, request.clone()).await;
            match answer.map(|said| said.outcome) {
                Some(Outcome::Busy | Outcome::Unknown) | None => {}
                Some(Outcome::Done | Outcome::Reused | Outcome::Replayed | Outcome::Refused(_)) => {
                    break;
                }
            }
            if !self.world.is_open() {
                return;
            }
            self.world.kernel.sleep(3 * SECOND).await;
        }
        if self.world.draw(Kind::Actor, 2) == 1 {
            self.withdraw(&number).await;
        }
    }

    /// All of it, where `fen` is 0.
    fn refund(&self, number: &OrderNumber, key: &str, fen: i64) -> Ask {
        let asked = RefundAsk {
            what: match self.world.draw(Kind::Wish, 3) {
                0 => (fen > 0).then(|| Fen::new(fen)).into(),
                pieces => {
                    let line_no = offers::some_line(&self.world, number);
                    RefundOf::Lines(vec![LineQuantity { line_no, quantity: pieces }])
                }
            },
            reason: "不想要了".to_owned(),
            by: Asker::Buyer,
            out_refund_no: None,
        };
        Ask::Refund(self.action(number, "refund", key), asked)
    }

    async fn withdraw(&mut self, number: &OrderNumber) {
        let waiting = self.world.oracle.look(|seen| {
            let order = seen.order(number.as_str())?;
            let mut refunds = order.refunds.iter();
            let waiting = refunds.find(|refund| refund.state == RefundState::AwaitingApproval)?;
            Some(waiting.out_refund_no.clone())
        });
        let Some(out_refund_no) = waiting else { return };
        let key = self.new_key();
        let action = self.action(number, "withdraw", &key);
        let _answer =
            ask(&self.world, Ask::Act(action, Command::WithdrawRefund { out_refund_no })).await;
    }

    /// Cancels or lets the deadline pass, and pays nevertheless.
    pub(super) async fn pay_too_late(&mut self, said: &Said) {
        if self.world.draw(Kind::Actor, 2) == 0 {
            self.cancel(said).await;
            let steps = i64::from(self.world.draw(Kind::Actor, 40));
            self.world.kernel.sleep(steps * steps * SECOND / 10).await;
        } else {
            self.wait_for_the_deadline(said).await;
            let steps = i64::from(self.world.draw(Kind::Actor, 30));
            self.world.kernel.sleep(steps * steps * SECOND + 4 * SECOND).await;
        }
        self.pay_whatever_it_is(said);
    }

    pub(super) fn pay_whatever_it_is(&self, said: &Said) {
        if let Some(number) = &said.out_trade_no {
            cashier::pay_unfaithfully(&self.world, number.as_str());
        }
    }
}
