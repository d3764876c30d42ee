//! WeChat Pay's and the payer's moves: requests arrive, the payer pays, notifications come.

use super::{Model, Step, Steps};
use crate::{By, Deed, Number, Says, Truth, Which, World};

impl Model {
    pub(super) fn wechat(&mut self, world: World, which: Which, steps: &mut Steps) {
        let number = *world.number(which);
        let mut moves = |step: Step, effect: fn(&mut Number)| {
            steps.push((step, Ok(world.with_number(which, effect))));
        };
        if number.is_prepay_on_wire {
            moves(Step::PrepayArrives(which), Number::order);
        }
        if number.is_close_on_wire {
            moves(Step::CloseArrives(which), Number::close);
        }
        if number.is_payable(world.phase, &self.bounds) {
            moves(Step::Pays(which), |number| number.truth = Truth::Paid);
        }
        if number.truth == Truth::Paid {
            // As often as WeChat Pay likes, acknowledged or not.
            let deed = Deed::RecordFact(which, Says::Success, By::Notification);
            self.commit(deed, world, steps, |_, world| world);
        }
    }
}
