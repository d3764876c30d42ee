//! Refunds of a world at rest: each is one of ours, and known as it is.

use super::{Rest, has_case};
use crate::oracle::Seen;
use crate::oracle::safety::fees::covers;
use crate::oracle::safety::refunds::{is_accepted, reserves};
use crate::time::micros;
use crate::world::World;
use domain::Timestamp;
use domain::case::CaseKind;
use domain::order::OrderStatus;
use domain::payment::WALLET_PAYMENT;
use domain::refund::{Refund, RefundState, RefundStatus};
use domain::stock::HoldStatus;
use std::collections::BTreeMap;

const ONE_REFUND: &str = "WeChat Pay has at most one refund for each of ours, and no other";
const REFUND_IN_TIME: &str =
    "the end of a refund is known within two minutes, or one rung of its ladder";
const MERCHANT_OWES: &str = "what arrived at the merchant's own account is shown to a person";
const GOODS_ARE_BACK: &str = "goods whose money is back are on the shelf again";
const FEES_FOLLOW: &str = "an order all of whose goods are back before it is sent keeps no fees";
const REFUND_TOLD_TRULY: &str = "a refund is shown as it is at WeChat Pay";

/// A refund that WeChat Pay has, and that a failover made us forget, or that was made elsewhere.
pub(super) fn unheard_refund(world: &World, seen: &Seen) -> Option<String> {
    let mut refunds = world.wechat.refunds().into_iter();
    let unheard = refunds.find(|refund| {
        (world.failovers() > 0 || refund.is_elsewhere)
            && !seen.asks_about(&refund.out_refund_no)
            && refund.status != "PROCESSING"
            && !has_case(world, CaseKind::RefundMismatch, &refund.out_refund_no)
    });
    unheard.map(|refund| format!("{} is not known", refund.out_refund_no))
}

/// A refund that is over at WeChat Pay, and whose end has not been heard of; checks that it is not late.
pub(super) fn unfinished_refund(
    world: &World,
    seen: &Seen,
    rest: Rest,
    bound: i64,
) -> Option<String> {
    let mut why = None;
    for truth in world.wechat.refunds() {
        let number = truth.out_refund_no.as_str();
        let is_known = seen.refund(number).is_none_or(|refund| match &refund.state {
            RefundState::Sending | RefundState::Unknown { .. } => false,
            RefundState::Processing { .. } => truth.status == "PROCESSING",
            // It was proven not to be there, and a request that was under way arrived after that.
            RefundState::Rejected { .. } => {
                truth.status == "CLOSED" || has_case(world, CaseKind::RefundMismatch, number)
            }
            RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Requested
            | RefundState::Succeeded { .. }
            | RefundState::Abnormal { .. }
            | RefundState::Closed { .. } => true,
            // Both ways: a person is told, within the half hour from look to look.
            RefundState::SettledOffline { .. } => {
                truth.status != "SUCCESS" || has_case(world, CaseKind::RefundMismatch, number)
            }
        });
        if is_known {
            continue;
        }
        if bound == i64::MAX {
            // Nothing is late there; what the last look at a refused one will find is waited for.
            let is_refused = |refund: &Refund| matches!(refund.state, RefundState::Rejected { .. });
            let waits = seen.refund(number).filter(|refund| is_refused(refund));
            why = waits.map(|_| format!("{number} is there after all")).or(why);
            continue;
        }
        if seen.refund(number).is_some_and(is_settled_offline) {
            why = Some(format!("{number} went back twice, and nobody was told"));
            continue;
        }
        let due = rest.since.max(micros(Timestamp::from_offset(truth.since))).saturating_add(bound);
        if world.kernel.now() > due {
            let order = crate::node::transport_order_of(number);
            let late = format!("{number}, {} since {}", truth.status, truth.since);
            world.chronicle.violated_by("I45", REFUND_IN_TIME, Some(order), late);
        }
        why = Some(format!("{number} is {}, and not known to be", truth.status));
    }
    why
}

fn is_settled_offline(refund: &Refund) -> bool {
    matches!(refund.state, RefundState::SettledOffline { .. })
}

impl Seen {
    /// Whether the refund is known as one that was sent, or will be, and is not over: its job hears
    /// of it.
    pub(crate) fn asks_about(&self, out_refund_no: &str) -> bool {
        self.refund(out_refund_no).is_some_and(|refund| {
            !matches!(
                refund.state,
                RefundState::AwaitingApproval
                    | RefundState::Declined
                    | RefundState::Withdrawn
                    | RefundState::Rejected { .. }
            )
        })
    }
}

/// Goods whose money is back are on the shelf again, and an order that is not sent because all its goods are
/// back keeps no fees; or a person was told.
pub(super) fn what_comes_back_is_whole(world: &World, seen: &Seen) {
    for order in seen.orders.values() {
        let number = order.number.as_str();
        let paid_back = || order.refunds.iter().filter(|refund| refund.is_paid_back());
        for hold in order.holds.iter().filter(|hold| hold.status == HoldStatus::Committed) {
            let parts = paid_back().flat_map(|refund| &refund.lines);
            let of_line = parts.filter(|part| part.line_no == hold.line_no);
            let back: u32 = of_line.map(|part| part.quantity).sum();
            if hold.returned_quantity < back && !has_case(world, CaseKind::Stock, number) {
                let kept = format!("line {}: {hold:?} of {back}", hold.line_no);
                world.chronicle.violated_by("I22", GOODS_ARE_BACK, Some(number), kept);
            }
        }
        let Some(paid) = order.settled_payment().and_then(|payment| payment.receipt()) else {
            continue;
        };
        let kept: i64 = order.refunds.iter().filter(|r| reserves(r)).map(|r| r.amount.get()).sum();
        // Fees wait for a yes like anything else, and WeChat Pay may refuse them. They follow the last goods,
        // of which a refund may be given up afterwards, and be made anew.
        let is_no = |refund: &Refund| {
            matches!(refund.state, RefundState::Declined | RefundState::Rejected { .. })
        };
        let is_after = |refund: &&Refund| refund.lines.is_empty() || refund.replaces.is_some();
        let after_goods = order.refunds.iter().rev().take_while(is_after);
        if after_goods.into_iter().any(is_no) {
            continue;
        }
        let is_left = order.status == OrderStatus::Ready && paid.amount.get() > kept;
        let is_empty = !order.lines.is_empty() && covers(order, is_accepted);
        if is_left && is_empty && !has_case(world, CaseKind::Stuck, number) {
            let left = paid.amount.get() - kept;
            let kept = format!("all its goods are back, and {left} fen are not");
            world.chronicle.violated_by("I10", FEES_FOLLOW, Some(number), kept);
        }
    }
}

/// What arrived at the merchant's own account the payer does not have: a person is told.
pub(super) fn what_the_merchant_has_is_shown(world: &World, seen: &Seen) {
    let refunds = || seen.orders.values().flat_map(|order| &order.refunds);
    // What a failover lost, nobody remembers.
    if world.failovers() > 0 || refunds().all(|refund| refund.applied.is_none()) {
        return;
    }
    let ledger = world.wechat.ledger(world.now());
    for truth in ledger["refunds"].as_array().into_iter().flatten() {
        let is_theirs = truth["sent_to"]["type"] == "MERCHANT_BANK_CARD";
        let number = truth["out_refund_no"].as_str().unwrap_or_default();
        if !is_theirs || truth["status"] != "SUCCESS" {
            continue;
        }
        let known = seen.refund(number).map(|refund| refund.state.status());
        let is_told = has_case(world, CaseKind::RefundAbnormal, number)
            || has_case(world, CaseKind::RefundMismatch, number);
        if known == Some(RefundStatus::Succeeded) && !is_told {
            let order = Some(crate::node::transport_order_of(number));
            let seen = format!("{number} is at the merchant's, and nobody is told");
            world.chronicle.violated_by("I14", MERCHANT_OWES, order, seen);
        }
    }
}

/// Every refund that WeChat Pay has is one of ours, of the same amount and at the same end.
pub(super) fn refunds_agree(world: &World, seen: &Seen) {
    let mut at_wechat_pay = BTreeMap::new();
    for truth in world.wechat.refunds() {
        let number = truth.out_refund_no.as_str();
        let order = Some(crate::node::transport_order_of(number));
        let known = seen.refund(number);
        let fits = known.is_some_and(|known| {
            let taken = truth.status == "CLOSED" || reserves(known);
            // Of what came to nothing it is of no matter how much it was to be in a life that is lost.
            let is_closed = matches!(known.state, RefundState::Closed { .. });
            let is_nothing = truth.status == "CLOSED" && is_closed && world.failovers() > 0;
            (known.amount.get() == truth.refund_fen || is_nothing) && taken
        });
        let shown = is_under_way_unseen(world, seen, (number, truth.is_elsewhere), truth.status);
        if !fits && !shown {
            let differs = format!("{truth:?}, known as {:?}", known.map(|k| k.state.status()));
            world.chronicle.violated_by("I11", ONE_REFUND, order, differs);
        }
        at_wechat_pay.insert(truth.out_refund_no.clone(), (truth.status, truth.is_elsewhere));
    }
    // What goes back to a wallet is none of WeChat Pay's.
    let at_wechat = |refund: &&Refund| refund.payment_no != WALLET_PAYMENT;
    for refund in seen.orders.values().flat_map(|order| &order.refunds).filter(at_wechat) {
        let number = refund.out_refund_no.as_str();
        let truth = at_wechat_pay.get(number).copied();
        let expected = match refund.state {
            RefundState::Succeeded { .. } => Some("SUCCESS"),
            RefundState::Closed { .. } => Some("CLOSED"),
            RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Requested => None,
            RefundState::Sending
            | RefundState::Unknown { .. }
            | RefundState::Processing { .. }
            | RefundState::Abnormal { .. }
            | RefundState::Rejected { .. }
            | RefundState::SettledOffline { .. } => continue,
        };
        let unseen = truth.is_some_and(|(status, is_elsewhere)| {
            is_under_way_unseen(world, seen, (number, is_elsewhere), status)
        });
        let truth = truth.map(|(status, _)| status);
        if truth != expected && !unseen {
            let order = Some(crate::node::transport_order_of(number));
            let differs = format!("{number} is {:?}, in truth {truth:?}", refund.state.status());
            world.chronicle.violated_by("I14", REFUND_TOLD_TRULY, order, differs);
        }
    }
}

/// Whether it was made elsewhere, or sent in a life of the database that is lost, and nobody could be told
/// yet: it is under way for ever, or against what was asked since, which a person was told. So it is with
/// goods that came back by another refund since this one was proven not to be there.
fn is_under_way_unseen(
    world: &World,
    seen: &Seen,
    (number, is_elsewhere): (&str, bool),
    status: &str,
) -> bool {
    let is_told = has_case(world, CaseKind::RefundMismatch, number);
    let refund = seen.refund(number);
    let of_goods = |refund: &Refund| {
        matches!(refund.state, RefundState::Rejected { .. }) && !refund.lines.is_empty()
    };
    // What waits for a person is asked about once commits were lost.
    let is_unheard = status == "PROCESSING" && !refund.is_some_and(Refund::waits_for_a_person);
    (refund.is_some_and(of_goods) && is_told)
        || (world.failovers() > 0 || is_elsewhere)
            && !seen.asks_about(number)
            && (is_unheard || is_told)
}
