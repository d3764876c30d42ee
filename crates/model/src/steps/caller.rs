//! A request that orders a recorded payment at WeChat Pay: `start_payment.rs`.

use super::Steps;
use crate::step::CallEnds;
use crate::{Answer, Caller, Deed, Model, Number, Step, Truth, Which, World};
use domain::payment::Payment;

impl Model {
    pub(super) fn caller(&mut self, world: World, which: Which, steps: &mut Steps) {
        match world.number(which).caller {
            Caller::Idle => {}
            Caller::Clearing => {
                let sent = world
                    .with_number(which.other(), |other| other.is_close_on_wire = true)
                    .with_number(which, |number| number.caller = Caller::Calling);
                steps.push((Step::SendsClose(which.other()), Ok(sent)));
            }
            Caller::Calling => self.calls(world, which, steps),
            Caller::Has(answer) => self.records(world, which, answer, steps),
        }
    }

    fn calls(&self, world: World, which: Which, steps: &mut Steps) {
        let mut end = |ends: CallEnds, answer: Answer, effect: fn(&mut Number)| {
            let called = world.with_number(which, |number| {
                effect(number);
                number.caller = Caller::Has(answer);
            });
            steps.push((Step::Calls(which, ends), Ok(called)));
        };
        let truth = world.number(which).truth;
        let answer = match truth {
            Truth::Absent | Truth::Open => Answer::Accepted,
            Truth::Closed => Answer::Spent,
            // "It was paid": what a query says counts, and that is the follower's step.
            Truth::Paid | Truth::Refunded(_) => Answer::Unknown,
        };
        end(CallEnds::Answered(answer), answer, Number::order);
        end(CallEnds::AnswerLost, Answer::Unknown, Number::order);
        end(CallEnds::Unheard, Answer::Unknown, |number| number.is_prepay_on_wire = true);
        if truth == Truth::Absent && self.bounds.has_refusals {
            end(CallEnds::Answered(Answer::Refused), Answer::Refused, |_| {});
        }
    }

    fn records(&mut self, world: World, which: Which, answer: Answer, steps: &mut Steps) {
        let idle = world.with_number(which, |number| number.caller = Caller::Idle);
        let is_open = self.payment(&world, which).is_some_and(is_open_without_credential);
        let deed = match answer {
            Answer::Spent if is_open => Deed::GiveUpNumber(which),
            Answer::Accepted | Answer::Refused | Answer::Unknown | Answer::Spent => {
                Deed::RecordPrepay(which, answer)
            }
        };
        // What it hands out is what the order shows from now on.
        self.commit(deed, idle, steps, |_, world| world);
    }
}

fn is_open_without_credential(payment: &Payment) -> bool {
    payment.is_open() && payment.credential().is_none()
}
