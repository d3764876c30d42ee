//! After the database has lost commits (reliability design, rule 14).

use super::super::histories::histories;
use super::cases;
use crate::fact::{PaymentFact, Trade};
use crate::order::{Command, Event};
use proptest::prelude::*;

fn fact_of(command: &Command) -> Option<&PaymentFact> {
    if let Command::RecordFact(fact) | Command::Adopt(fact) = command { Some(fact) } else { None }
}

proptest! {
    #![proptest_config(cases())]

    /// A refund may be among what was lost: what was said before is asked for again.
    #[test]
    fn no_success_counts_that_was_not_asked_for_in_this_life_of_the_database(history in histories()) {
        for step in history.play() {
            let Some(fact) = fact_of(&step.command) else { continue };
            if step.before.payment(fact.out_trade_no()).is_none() {
                continue;
            }
            let Trade::Success(_) = fact.trade() else { continue };
            let now = &step.moment.epoch;
            let nothing_was_lost = step.before.epoch == *now;
            prop_assert!(nothing_was_lost || fact.epoch() == Some(now));
        }
    }

    #[test]
    fn what_answers_refund_never_settles(history in histories()) {
        for step in history.play() {
            let settles = step.events.iter().any(|event| {
                matches!(event, Event::Settled { .. } | Event::PaymentPaid { .. })
            });
            let paid = fact_of(&step.command).is_some_and(|fact| matches!(fact.trade(), Trade::Success(_)));
            let is_cash = matches!(step.command, Command::CollectCash(_));
            prop_assert!(!settles || paid || is_cash, "{:?}", step.command);
        }
    }

    /// Whose record was lost, its money goes back: what else was lost nobody knows.
    #[test]
    fn what_is_adopted_settles_nothing(history in histories()) {
        for step in history.play() {
            if step.events.iter().any(|event| matches!(event, Event::PaymentAdopted(_))) {
                prop_assert_eq!(&step.after.settlement, &step.before.settlement);
                prop_assert_eq!(step.after.status, step.before.status);
            }
        }
    }
}
