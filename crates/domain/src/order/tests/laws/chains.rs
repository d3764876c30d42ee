//! One intention, one refund: of what was begun in the place of another one is kept, or a person was told.

use super::super::histories::{Played, histories};
use super::cases;
use super::money::keeps_its_amount;
use crate::case::CaseKind;
use crate::order::{Event, Order};
use crate::refund::Refund;
use proptest::prelude::*;

/// What it went in the place of, and what that did.
fn earlier<'a>(order: &'a Order, refund: &'a Refund) -> impl Iterator<Item = &'a Refund> {
    let before = |refund: &'a Refund| order.refund(refund.replaces.as_ref()?);
    std::iter::successors(before(refund), move |refund| before(refund))
}

/// What the same intention is kept by besides.
fn kept_besides<'a>(order: &'a Order, refund: &'a Refund) -> impl Iterator<Item = &'a Refund> {
    let is_of_it = |other: &Refund| {
        earlier(order, other).any(|before| before.out_refund_no == refund.out_refund_no)
            || earlier(order, refund).any(|before| before.out_refund_no == other.out_refund_no)
    };
    order.refunds.iter().filter(move |other| keeps_its_amount(other) && is_of_it(other))
}

fn was_told(played: &[Played], refund: &Refund) -> bool {
    let mut opened = played.iter().flat_map(|step| &step.written.cases);
    opened.any(|case| {
        case.kind == CaseKind::RefundMismatch && case.subject == refund.out_refund_no.as_str()
    })
}

proptest! {
    #![proptest_config(cases())]

    /// I11: where the payer gets both, the earlier one has a case.
    #[test]
    fn of_one_intention_two_are_out_only_where_a_person_was_told(history in histories()) {
        let played = history.play();
        for (index, step) in played.iter().enumerate() {
            for refund in step.after.refunds.iter().filter(|refund| keeps_its_amount(refund)) {
                let both = earlier(&step.after, refund).filter(|before| keeps_its_amount(before));
                let both: Vec<&Refund> = both.collect();
                // Of three it is one case, about the first; also when that one has come to nothing since.
                let told = earlier(&step.after, refund).any(|before| was_told(&played[..=index], before));
                prop_assert!(both.is_empty() || told, "{:?} and {:?}", refund, both);
            }
        }
    }

    /// I11: nothing is begun in the place of another while one of the same intention is kept.
    #[test]
    fn nothing_is_begun_beside_what_is_kept(history in histories()) {
        for step in history.play() {
            for event in &step.events {
                let Event::RefundRequested(new) = event else { continue };
                let Some(refund) = step.after.refund(&new.out_refund_no) else { continue };
                let other = kept_besides(&step.after, refund).next();
                prop_assert!(other.is_none(), "{:?} beside {:?}", refund, other);
            }
        }
    }
}
