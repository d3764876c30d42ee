//! WeChat Pay's and the payer's moves: requests arrive, the payer pays, notifications come.

use super::Steps;
use crate::{By, Deed, Model, Number, Says, Step, Truth, Which, World};

impl Model {
    pub(super) fn wechat(&mut self, world: World, which: Which, steps: &mut Steps) {
        let number = *world.number(which);
        let mut moves = |step: Step, effect: &dyn Fn(&mut Number)| {
            steps.push((step, Ok(world.with_number(which, effect))));
        };
        if number.is_prepay_on_wire {
            moves(Step::PrepayArrives(which), &Number::order);
        }
        if number.is_close_on_wire {
            moves(Step::CloseArrives(which), &Number::close);
        }
        if let Some(owed) = number.refund_on_wire {
            moves(Step::RefundArrives(which), &|number| number.refund(owed));
        }
        if number.is_payable(world.phase, &self.bounds) {
            moves(Step::Pays(which), &|number| number.truth = Truth::Paid);
        }
        if number.truth.is_paid() && self.payment(&world, which).is_some() {
            // As often as WeChat Pay likes, acknowledged or not.
            let deed = Deed::RecordFact(which, Says::Success, By::Notification);
            self.commit(deed, world, steps, |_, world| world);
        }
    }
}
