//! What needs eyes, and what needs them no more, because of what happened.

use super::derive::number_of;
use crate::case::{CaseEnd, CaseKind, CaseOpening};
use crate::coupon::CouponHoldStatus;
use crate::job::JobId;
use crate::order::{Event, Order, StockOutcome};
use crate::payment::{Payment, PaymentState, SurplusCause};
use crate::refund::{NUMBER_TAKEN, Refund, RefundKind, RefundState, RefundedLine, WithTheMerchant};
use crate::{Fen, OutRefundNo};

/// The cases that all of this opens.
pub(super) fn cases(before: Option<&Order>, after: &Order, events: &[Event]) -> Vec<CaseOpening> {
    let of = |event| {
        let others = case(after, events, event).into_iter().chain(unknown_goods(after, event));
        let both = there_after_all(before, after, events, event);
        let told = made_elsewhere(after, events, event).or_else(|| restated(after, events, event));
        told.into_iter().chain(both).chain(others)
    };
    events.iter().flat_map(of).collect()
}

/// A refund that we did not make is shown to a person, also when nothing is wrong. What is closed takes
/// nothing; that it is closed is told as of every other one.
fn made_elsewhere(after: &Order, events: &[Event], event: &Event) -> Option<CaseOpening> {
    let Event::RefundImported(refund) = event else { return None };
    if !is_news_from_elsewhere(refund) {
        return None;
    }
    let detail = format!(
        "a refund of {} fen that we did not make, or whose record was lost{}",
        refund.amount.get(),
        what_gave_way(after, events)
    );
    let subject = refund.out_refund_no.as_str().to_owned();
    Some(CaseOpening { kind: CaseKind::RefundMismatch, subject, detail })
}

/// A refund of ours that is otherwise at WeChat Pay than we had it.
fn restated(after: &Order, events: &[Event], event: &Event) -> Option<CaseOpening> {
    let Event::RefundRestated { out_refund_no, stated, amount, lines } = event else { return None };
    let asked = after.refund(out_refund_no)?.asked.as_ref()?;
    let pieces =
        |parts: &[RefundedLine]| parts.iter().fold(0_u32, |sum, p| sum.saturating_add(p.quantity));
    let money = if asked.amount == *stated {
        format!("the refund of {} fen is at WeChat Pay", stated.get())
    } else {
        format!(
            "WeChat Pay has a refund of {} fen under this number, and not of {}: it was asked for before in \
             commits that are lost, and counts as it is there",
            stated.get(),
            asked.amount.get()
        )
    };
    let much = if stated == amount {
        String::new()
    } else {
        format!(
            "; {} fen of it count, because the others of its payment were paid back by bank: the payer has or \
             gets so much more than they paid",
            amount.get()
        )
    };
    let goods = if pieces(lines) < pieces(&asked.lines) {
        "; goods of it are not counted with it, and none of these come back to the shelf with it: they are in \
         another refund, so that the payer may get their money twice, or it is worth less than they are"
    } else {
        ""
    };
    let refund = after.refund(out_refund_no)?;
    let too = if after.is_doubled(refund) { "; what went in its place is there, too" } else { "" };
    let gave_way = what_gave_way(after, events);
    Some(CaseOpening {
        kind: CaseKind::RefundMismatch,
        subject: out_refund_no.as_str().to_owned(),
        detail: format!("{money}{much}{goods}{too}{gave_way}"),
    })
}

/// A refund of ours that was given up and is there after all: when what went in its place is there too, or another one
/// of ours gave way to it; and when something was done against it, which is not over when that comes to nothing.
pub(super) fn there_after_all(
    before: Option<&Order>,
    after: &Order,
    events: &[Event],
    event: &Event,
) -> Vec<CaseOpening> {
    let Event::RefundMoved { out_refund_no, .. } = event else { return Vec::new() };
    let is = after.refund(out_refund_no).filter(|refund| refund.reserves());
    // That it had been given up is over with this: what else becomes of it is no news of this kind.
    let was = before.and_then(|order| order.refund(out_refund_no));
    let (Some(given_up), Some(refund)) = (was.filter(|was| !was.reserves()), is) else {
        return Vec::new();
    };
    let fen = refund.amount.get();
    let what =
        format!("{out_refund_no}, a refund of {fen} fen that was given up, is there after all");
    let kind = CaseKind::RefundMismatch;
    let original = after.there_instead_of(refund);
    let against_it = if original.is_some() { None } else { against(after, given_up, refund) };
    let done = against_it.map(|against_it| CaseOpening {
        kind,
        subject: after.number.as_str().to_owned(),
        detail: format!("{what}{against_it}{}", what_gave_way(after, events)),
    });
    let beside = beside_another(after, events, refund, against_it).map(|and_so_is| CaseOpening {
        kind,
        // Of two that are out the earlier one, whichever came to light first.
        subject: original.unwrap_or(refund).out_refund_no.as_str().to_owned(),
        detail: format!("{what}{and_so_is}"),
    });
    beside.into_iter().chain(done).collect()
}

/// What else of ours is there beside a refund that is there after all, or gave way to it.
fn beside_another(
    after: &Order,
    events: &[Event],
    refund: &Refund,
    against_it: Option<&str>,
) -> Option<String> {
    let is_served = after.there_instead_of(refund).is_some();
    let gave_way = |event: &Event| {
        matches!(event, Event::RefundMoved { out_refund_no, to: RefundState::Withdrawn, .. }
            if !after.stands_in_for(out_refund_no, refund))
    };
    let is_restated = events.iter().any(|event| {
        matches!(event, Event::RefundRestated { out_refund_no, .. } if *out_refund_no == refund.out_refund_no)
    });
    if is_restated && !is_served {
        // It has a case already, which says so.
        return None;
    }
    if after.is_doubled(refund) {
        return Some(", and so is what went in its place".to_owned());
    }
    if is_served {
        return Some(", and so is what it went in the place of".to_owned());
    }
    // What was done against it tells that, too.
    let is_news = against_it.is_none() && events.iter().any(gave_way);
    is_news.then(|| what_gave_way(after, events))
}

/// What a person, or the shop, did in the belief that a refund came to nothing. Such a case is about the order
/// and ends when a person says so: what becomes of the refund does not settle it.
fn against(after: &Order, given_up: &Refund, there: &Refund) -> Option<&'static str> {
    let was_sent = after.shipments.iter().any(|sent| sent.at > given_up.created_at);
    if matches!(given_up.state, RefundState::Declined) {
        Some(", although a person had said no to it")
    } else if after.was_owed_less(there) {
        Some(", although a person had said that less is owed: the payer may have too much")
    } else if was_sent && given_up.kind != RefundKind::Surplus {
        Some(
            ", and goods were sent meanwhile: the buyer may have both; what it counts as back on the shelf \
             may be with the buyer",
        )
    } else {
        None
    }
}

pub(super) fn is_news_from_elsewhere(refund: &Refund) -> bool {
    refund.kind == RefundKind::External && !matches!(refund.state, RefundState::Closed { .. })
}

fn what_gave_way(after: &Order, events: &[Event]) -> String {
    let (mut ours, mut again) = (Fen::ZERO, Fen::ZERO);
    let sum = |to: Fen, more: Fen| to.plus(more).unwrap_or(Fen::LIMIT);
    for event in events {
        if let Event::RefundMoved { out_refund_no, to: RefundState::Withdrawn, .. } = event {
            ours = sum(ours, after.refund(out_refund_no).map_or(Fen::ZERO, |refund| refund.amount));
        } else if let Event::RefundRequested(refund) = event {
            again = sum(again, refund.amount);
        }
    }
    if ours == Fen::ZERO {
        return String::new();
    }
    let (ours, again) = (ours.get(), again.get());
    format!("; {ours} fen of ours, not sent, gave way to it; {again} fen of it are asked for again")
}

/// Money that went back for nobody knows which goods.
fn unknown_goods(after: &Order, event: &Event) -> Option<CaseOpening> {
    let Event::RefundImported(refund) = event else { return None };
    lacks_goods(after, refund).then(|| CaseOpening {
        kind: CaseKind::Stock,
        subject: refund.out_refund_no.as_str().to_owned(),
        detail: "refunded elsewhere, or by us with its record lost: which goods it was for is not \
                 known, so that none come back by themselves; put them on the shelf by hand"
            .to_owned(),
    })
}

/// Whether such a case is opened by the import of this refund.
pub(super) fn lacks_goods(after: &Order, refund: &Refund) -> bool {
    after.may_lack_goods_of(refund)
}

/// The case that this opens.
fn case(after: &Order, events: &[Event], event: &Event) -> Option<CaseOpening> {
    if let Event::PaymentSurplus { no, why, .. } = event {
        let (kind, detail) = surplus_case(*why);
        let subject = number_of(after, *no)?;
        return Some(CaseOpening { kind, subject, detail: detail.to_owned() });
    }
    if let Event::PaymentAdopted(payment) = event {
        let why = match &payment.state {
            PaymentState::Surplus { why, .. } => *why,
            PaymentState::Created
            | PaymentState::Payable { .. }
            | PaymentState::Unknown
            | PaymentState::Closing { .. }
            | PaymentState::Closed { .. }
            | PaymentState::Rejected { .. }
            | PaymentState::Paid { .. } => SurplusCause::RecordLost,
        };
        let (kind, detail) = surplus_case(why);
        let subject = payment.out_trade_no().as_str().to_owned();
        return Some(CaseOpening { kind, subject, detail: detail.to_owned() });
    }
    if let Some((out_refund_no, state)) = reached(event) {
        let subject = out_refund_no.as_str().to_owned();
        let detail = refund_trouble(after, events, (out_refund_no, state))?;
        return Some(CaseOpening { kind: CaseKind::RefundAbnormal, subject, detail });
    }
    if let Event::CouponStuck { wanted } = event {
        let subject = after.number.as_str().to_owned();
        let detail = coupon_trouble(*wanted).to_owned();
        return Some(CaseOpening { kind: CaseKind::Coupon, subject, detail });
    }
    if let Event::FeesStuck = event {
        let detail = format!(
            "all its goods are back before it was sent, and {} fen of fees cannot follow: the payment takes \
             no more refunds; pay them back another way",
            after.refundable().get()
        );
        let subject = after.number.as_str().to_owned();
        return Some(CaseOpening { kind: CaseKind::Stuck, subject, detail });
    }
    stock_trouble(event).map(|detail| CaseOpening {
        kind: CaseKind::Stock,
        subject: after.number.as_str().to_owned(),
        detail: detail.to_owned(),
    })
}

/// What is wrong with the coupon of an order whose money comes first.
fn coupon_trouble(wanted: CouponHoldStatus) -> &'static str {
    match wanted {
        CouponHoldStatus::Held | CouponHoldStatus::Used => {
            "settled, but its coupon could not be spent: another order may have it"
        }
        CouponHoldStatus::Released | CouponHoldStatus::Returned => {
            "cancelled, but its coupon could not be given back: its buyer may be without it"
        }
    }
}

/// What is wrong with the stock of an order whose money comes first.
fn stock_trouble(event: &Event) -> Option<&'static str> {
    if let Event::Settled { stock: StockOutcome::Refused, .. } = event {
        return Some("settled, but its stock could not be taken; its holds stay as they are");
    }
    if let Event::HoldsCommitted { stock: StockOutcome::Refused } = event {
        return Some("shipped, but its stock could not be taken; its holds stay as they are");
    }
    if let Event::GoodsReturned { stock: StockOutcome::Refused, .. } = event {
        return Some("refunded, but its goods could not be put back on the shelf");
    }
    if let Event::Cancelled { stock: StockOutcome::Refused, .. } = event {
        return Some(
            "cancelled, but its stock could not be given back; its holds stay as they are",
        );
    }
    None
}

/// What is wrong with a refund, when a person has to help.
fn refund_trouble(
    after: &Order,
    events: &[Event],
    (no, to): (&OutRefundNo, &RefundState),
) -> Option<String> {
    match to {
        RefundState::Abnormal { .. } => Some(abnormal(after, events, no)),
        RefundState::Succeeded { .. } => {
            after.refund(no)?.with_the_merchant().map(|there| not_the_payers(there).to_owned())
        }
        RefundState::Rejected { code } if code == NUMBER_TAKEN => Some(
            "its number is another refund's at WeChat Pay; begin it again under another one"
                .to_owned(),
        ),
        RefundState::Rejected { code } => {
            Some(format!("WeChat Pay refuses the refund ({code}) and says that it does not exist"))
        }
        RefundState::Closed { .. } if is_over_with(after, no) => {
            Some("WeChat Pay closed the refund, and it was not begun again".to_owned())
        }
        RefundState::Closed { .. }
        | RefundState::AwaitingApproval
        | RefundState::Declined
        | RefundState::Withdrawn
        | RefundState::Requested
        | RefundState::Sending
        | RefundState::Unknown { .. }
        | RefundState::Processing { .. }
        | RefundState::SettledOffline { .. } => None,
    }
}

/// What is to be done about a refund that arrived, and not or perhaps not at its payer's.
fn not_the_payers(there: WithTheMerchant) -> &'static str {
    match there {
        WithTheMerchant::Known => {
            "the refund was applied for to the merchant's own account, where its money is now: the payer does not have \
             it; pay it to them another way, then close this case"
        }
        WithTheMerchant::Possible => {
            "the refund arrived, and may be on the merchant's own account or on the payer's card: look at WeChat Pay's \
             merchant platform before anybody pays it another way, then close this case"
        }
    }
}

/// What is to be done about a refund that could not reach its payer.
fn abnormal(after: &Order, events: &[Event], no: &OutRefundNo) -> String {
    let refused = events.iter().find_map(|event| {
        let Event::ApplicationRefused { out_refund_no, code } = event else { return None };
        (out_refund_no == no).then_some(code)
    });
    let applied = after.refund(no).and_then(|refund| refund.applied);
    let what = match (refused, applied) {
        (Some(code), _) => format!("WeChat Pay refuses to send the refund to a card ({code})"),
        (None, Some(_)) => {
            "the refund was applied for to a card, and WeChat Pay says that it is abnormal as before"
                .to_owned()
        }
        (None, None) => "WeChat Pay could not bring the money to the payer".to_owned(),
    };
    format!("{what}; apply for it to a card, or pay it back another way")
}

/// Whether nothing goes on in the place of a closed refund: also when somebody said no to that.
pub(super) fn is_over_with(after: &Order, closed: &OutRefundNo) -> bool {
    let goes_back = |refund| after.goes_on_elsewhere(refund) || after.all_goes_back(refund);
    after.refund(closed).is_some_and(|refund| !goes_back(refund))
}

/// Cases that this settles.
pub(super) fn ended_cases(after: &Order, event: &Event) -> Vec<CaseEnd> {
    let end = |kind, subject: &str| CaseEnd { kind, subject: subject.to_owned() };
    if let Event::PaymentAdopted(payment) = event {
        return vec![end(CaseKind::UnknownOrder, payment.out_trade_no().as_str())];
    }
    if let Event::Cancelled { stock: StockOutcome::Committed, .. } = event {
        // All of its goods are back: also those that nobody knew of.
        let elsewhere = after.refunds.iter().filter(|refund| refund.kind == RefundKind::External);
        return elsewhere.map(|r| end(CaseKind::Stock, r.out_refund_no.as_str())).collect();
    }
    if let Event::RefundApplied { out_refund_no, .. } = event {
        // Somebody has done something about it; where that comes to nothing, there is another case.
        return vec![end(CaseKind::RefundAbnormal, out_refund_no.as_str())];
    }
    let Some((refund, state)) =
        reached(event).and_then(|(no, state)| Some((after.refund(no)?, state)))
    else {
        return Vec::new();
    };
    // That it was made elsewhere, beside another, or by bank as well, is over when a person says so.
    let is_too_much = |other: &Refund| {
        let by_bank = matches!(other.state, RefundState::SettledOffline { .. });
        other.kind == RefundKind::External
            || other.asked.is_some()
            || after.is_doubled(other)
            || (by_bank && other.out_refund_no != refund.out_refund_no)
    };
    let all = |refund: &Refund| {
        let number = refund.out_refund_no.as_str();
        let is_ours = !is_too_much(refund);
        let about = [CaseKind::RefundAbnormal, CaseKind::RefundMismatch, CaseKind::Stuck]
            .into_iter()
            .filter(move |kind| is_ours || *kind != CaseKind::RefundMismatch)
            // What the merchant has, a person still has to pay the payer.
            .filter(|kind| {
                *kind != CaseKind::RefundAbnormal || refund.with_the_merchant().is_none()
            });
        // A job that was set aside is named whole.
        let job = end(CaseKind::Stuck, &JobId::refund(&refund.out_refund_no).to_string());
        about.map(|kind| end(kind, number)).chain([job]).collect::<Vec<_>>()
    };
    if is_paid_back(state) && is_back_whole(after, refund) {
        // However it went back, nothing is left to be done about any refund of it.
        let refunds = after.refunds.iter().filter(|other| other.payment_no == refund.payment_no);
        let surplus = surplus_paid_back(after, refund);
        let the_payment = surplus
            .iter()
            .flat_map(|number| ends_of_surplus(after, refund).map(|kind| end(kind, number)));
        return refunds.flat_map(all).chain(the_payment).collect();
    }
    if refund.kind == RefundKind::External && matches!(state, RefundState::Closed { .. }) {
        // Nothing went back, for whatever goods it was.
        return vec![end(CaseKind::Stock, refund.out_refund_no.as_str())];
    }
    // One that gave way was paid back elsewhere, or is not wanted any more.
    if !is_paid_back(state) && !matches!(state, RefundState::Withdrawn) {
        return Vec::new();
    }
    // What it replaces is over with it, but not that WeChat Pay says something else of that than we do: the
    // payer may have both.
    let before = |later: &Refund| after.refund(later.replaces.as_ref()?);
    let replaced = std::iter::successors(before(refund), |later| before(later)).flat_map(all);
    let replaced = replaced.filter(|end| end.kind != CaseKind::RefundMismatch);
    all(refund).into_iter().chain(replaced).collect()
}

/// Of which kinds a surplus payment's own cases are. Its number may be the order's, and what was done in the belief
/// that a refund came to nothing is not over with it (see [`against`]).
fn ends_of_surplus(after: &Order, refund: &Refund) -> impl Iterator<Item = CaseKind> {
    let payment = after.payment_of(refund);
    let opened = payment.and_then(|payment| match &payment.state {
        PaymentState::Surplus { why, .. } => Some(surplus_case(*why).0),
        PaymentState::Created
        | PaymentState::Payable { .. }
        | PaymentState::Unknown
        | PaymentState::Closing { .. }
        | PaymentState::Closed { .. }
        | PaymentState::Rejected { .. }
        | PaymentState::Paid { .. } => None,
    });
    // What came by notification and differed has one of its own.
    let others = [CaseKind::Surplus, CaseKind::AmountMismatch];
    others.into_iter().chain(opened.filter(|kind| *kind == CaseKind::RefundMismatch))
}

fn surplus_case(why: SurplusCause) -> (CaseKind, &'static str) {
    match why {
        SurplusCause::Late => (CaseKind::Surplus, "paid after the order was cancelled"),
        SurplusCause::Second => (CaseKind::Surplus, "paid although the order was settled"),
        SurplusCause::Mismatch => {
            (CaseKind::AmountMismatch, "amount, currency or appid is not what was asked")
        }
        SurplusCause::RefundSeenFirst => {
            (CaseKind::RefundMismatch, "refunded at WeChat Pay before we saw the payment")
        }
        SurplusCause::RecordLost => {
            (CaseKind::Surplus, "a payment of ours whose record was lost; its money goes back")
        }
    }
}

/// The surplus payment that is paid back, all of it, now that this refund is; also when somebody
/// did it elsewhere.
pub(super) fn surplus_paid_back(after: &Order, refund: &Refund) -> Option<String> {
    let payment = after.payment_of(refund)?;
    let PaymentState::Surplus { .. } = &payment.state else { return None };
    is_back_whole(after, refund).then(|| payment.out_trade_no().as_str().to_owned())
}

/// Whether all of the payment that this refund returns is paid back.
fn is_back_whole(after: &Order, refund: &Refund) -> bool {
    let payment = after.payment_of(refund);
    let receipt = payment.and_then(Payment::receipt);
    receipt.is_some_and(|receipt| after.paid_back(refund.payment_no) >= receipt.amount)
}

/// Where a refund got, by our doing or by what was said of it.
pub(super) fn reached(event: &Event) -> Option<(&OutRefundNo, &RefundState)> {
    if let Event::RefundMoved { out_refund_no, to, .. } = event {
        return Some((out_refund_no, to));
    }
    if let Event::RefundImported(refund) = event {
        return Some((&refund.out_refund_no, &refund.state));
    }
    None
}

pub(super) fn is_paid_back(state: &RefundState) -> bool {
    matches!(state, RefundState::Succeeded { .. } | RefundState::SettledOffline { .. })
}
