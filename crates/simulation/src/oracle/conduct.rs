//! What must hold of calls to WeChat Pay, of notifications and of answers.

use super::settled::was_told;
use super::{Oracle, Seen};
use crate::marks::Mark;
use crate::node::{Honesty, Notification, Outcome, Said, transport_order_of};
use crate::time::{SECOND, instant};
use crate::wechat::{Asked, TrueRefund};
use crate::world::World;
use domain::case::CaseKind;
use domain::changeset::{Changeset, Fence};
use domain::job::JobKind;
use domain::payment::Payment;
use domain::ports::NoticeError;
use domain::refund::{Refund, RefundStatus};
use usecases::{Keyed, NoticeAnswer, Offer};
use wechatpay::{WireRequest, WireResponse};
use wechatpay_sim::core::exchange::Exchange;

/// How old a signature may be, in seconds (v3 §3).
const WINDOW_S: i64 = 300;

const SAME_BYTES: &str = "a number is always ordered with the same bytes";
const ORDER_FIRST: &str = "nothing is ordered at WeChat Pay before it is durable";
const PAID_STAYS: &str = "once an order was shown as paid, it is never shown as unpaid";
const NEVER_MISSING: &str = "a number that we gave out is never unknown to its owner";
const NO_ORPHAN_WORK: &str = "everything that is not over has a job";
const NOT_PARKED: &str = "no job of an ordinary order is set aside";
const NEVER_BELIEVED: &str =
    "what WeChat Pay did not say, or what is not so, is never acknowledged";
const NEVER_OVERRULED: &str =
    "the store's own rules of money never have to refuse what was decided";
const A_MINUTE_APART: &str = "two refunds of one payment are sent a minute apart";
const APPLIED_ONCE: &str = "a refund is sent to a card once for each time that a person asked for it, and that is durable first";
const OFFERED_OPEN: &str = "nobody is sent to pay what is not open";
const KEY_OF_ONE: &str = "a key leads to what was asked under it first, and to nothing else";
const NEVER_OLD: &str = "what was signed long ago is never acknowledged";
const DURABLE_FIRST: &str = "a notification is acknowledged only when its fact is durable";

/// A job was set aside.
pub(super) fn parked(world: &World, fence: &Fence) {
    // A success for a number that WeChat Pay has not, is nothing that could be found.
    let subject = &fence.job.subject;
    let is_nobodys = fence.job.kind == JobKind::ResolveOrphan
        && !world.wechat.truth(|truth| truth.paid.contains_key(subject));
    // News of it that was kept for later has the job of a payment.
    let was_kept = fence.job.kind == JobKind::FollowPayment
        && !world.wechat.truth(|truth| truth.ordered.contains_key(subject));
    if is_nobodys || was_kept || differs_for_good(world, fence) {
        return;
    }
    world.chronicle.violated("I37", NOT_PARKED, fence.job.to_string());
}

/// WeChat Pay has a refund that was paid back another way, or that freed its money to others: for a day it is asked
/// whether that has changed, and a person has read of it (ADR 21).
fn differs_for_good(world: &World, fence: &Fence) -> bool {
    let number = &fence.job.subject;
    let is_there = |there: &TrueRefund| there.out_refund_no == *number && there.status != "CLOSED";
    let is_over = |refund: &Refund| {
        !refund.reserves() || refund.state.status() == RefundStatus::SettledOffline
    };
    fence.job.kind == JobKind::FollowRefund
        && world.wechat.refunds().iter().any(is_there)
        && world.oracle.look(|seen| seen.refund(number).is_some_and(is_over))
        && was_told(world, CaseKind::RefundMismatch, number)
}

/// Whether it was signed too long before it was looked at, for a node whose clock is right.
fn was_old(world: &World, (node, begun): (u32, i64), notification: &Notification) -> bool {
    let is_right = |ahead: i64| ahead.abs() < 60 * SECOND;
    let signed = notification.raw.timestamp.as_ref().and_then(|text| text.parse::<i64>().ok());
    let age = signed.map_or(0, |signed| instant(begun).seconds() - signed);
    age > WINDOW_S + 120
        && is_right(world.store_time.began_ahead())
        && world.node(node).is_some_and(|node| is_right(node.machine.ahead()))
}

/// The rules of money that stand in the store refused a commit: the state machine decided what must
/// not be. Nothing is written, and the same is decided again for ever.
pub(super) fn overruled(world: &World, changeset: &Changeset, why: &str) {
    let order = changeset.order.as_ref().map(|write| write.order.number.as_str());
    world.chronicle.violated_by("S2", NEVER_OVERRULED, order, why.to_owned());
}

impl Oracle {
    /// A node has an offer for a buyer, with the order as it read it.
    pub fn offered(&self, world: &World, offer: &Offer) {
        let Some(number) = offer.out_trade_no.as_ref().filter(|_| offer.pay_params.is_some())
        else {
            return;
        };
        let payment = offer.order.payment(number);
        if !payment.is_some_and(Payment::is_open) {
            let status = payment.map(|payment| payment.state.status());
            let seen = format!("{number} is offered and {status:?}");
            world.chronicle.violated_by(
                "P4",
                OFFERED_OPEN,
                Some(offer.order.number.as_str()),
                seen,
            );
        }
    }

    /// The sweep found work that nobody had promised.
    pub fn swept(&self, world: &World, found: usize) {
        world.chronicle.violated("I36", NO_ORPHAN_WORK, format!("the sweep found {found} jobs"));
    }

    /// A node is about to call WeChat Pay.
    pub fn calls(
        &self,
        world: &World,
        node: u32,
        (asked, number): (Asked, &str),
        request: &WireRequest,
    ) {
        let mut inside = self.inside();
        let under_way = inside.under_way.entry((asked, number.to_owned())).or_default();
        *under_way = under_way.saturating_add(1);
        if asked == Asked::Refund {
            inside.refund_is_sent(world, number);
        }
        if asked == Asked::Apply {
            inside.is_applied_for(world, number);
        }
        if asked != Asked::Prepay {
            return;
        }
        inside.orderer.insert(number.to_owned(), node);
        let order = Some(transport_order_of(number));
        let body = inside.payment(number).map(|payment| payment.prepay_body.as_str());
        match body {
            // It was durable, when it was decided to order it.
            Some(_) | None if inside.losses.has_record(number) => {}
            None => {
                let seen = format!("{number} is ordered and not durable");
                world.chronicle.violated_by("P1", ORDER_FIRST, order, seen);
            }
            Some(body) if body != request.body => {
                let seen = format!("{number}: {} instead of {body}", request.body);
                world.chronicle.violated_by("P2", SAME_BYTES, order, seen);
            }
            Some(_) => {}
        }
        let ordered = world.wechat.truth(|truth| truth.ordered.contains_key(number));
        if ordered {
            world.chronicle.sometimes(Mark::PrepayRetriedSameBytes);
        }
    }

    /// A call reached WeChat Pay, and this is how it went there.
    pub fn arrived(&self, world: &World, (asked, number): (Asked, &str), exchange: &Exchange) {
        let ok = exchange.answer.as_ref().is_some_and(|answer| answer.status < 300);
        let mut inside = self.inside();
        let ordered = world.wechat.truth(|truth| truth.ordered.contains_key(number));
        match asked {
            Asked::Close if ok && !ordered => {
                inside.closed_early.insert(number.to_owned());
                world.chronicle.sometimes(Mark::CloseOfUnknownNumber);
            }
            Asked::Prepay if inside.closed_early.contains(number) => {
                world.chronicle.sometimes(Mark::LatePrepayAfterClose);
            }
            Asked::Close
            | Asked::Prepay
            | Asked::Query
            | Asked::Refund
            | Asked::QueryRefund
            | Asked::Apply
            | Asked::TradeBill
            | Asked::FundFlowBill
            | Asked::DownloadBill
            | Asked::Certificates => {}
        }
    }

    /// A node has an answer of WeChat Pay, or none.
    pub fn heard(
        &self,
        world: &World,
        node: u32,
        (asked, number): (Asked, &str),
        answer: Option<&WireResponse>,
    ) {
        let mut inside = self.inside();
        if let Some(count) = inside.under_way.get_mut(&(asked, number.to_owned())) {
            *count = count.saturating_sub(1);
        }
        let Some(answer) = answer else { return };
        let says = |what: &str| {
            let body = std::str::from_utf8(&answer.body).unwrap_or_default();
            body.contains(what)
        };
        let paid = world.wechat.truth(|truth| truth.paid.contains_key(number));
        match asked {
            Asked::Query if paid && says("NOTPAY") => {
                inside.said_unpaid.insert(number.to_owned());
            }
            Asked::QueryRefund if answer.status == 404 => {
                inside.disproved.insert(number.to_owned());
            }
            // Nobody read it: the same may be sent again, with another key or another time.
            Asked::Apply if answer.status == 401 => {
                inside.applications.retain(|(applied_for, _)| applied_for != number);
            }
            Asked::Apply if matches!(answer.status, 400 | 403) => {
                inside.applications_refused.insert(number.to_owned());
            }
            Asked::Close if paid && (says("ORDER_PAID") || says("ORDERPAID")) => {
                if inside.said_unpaid.contains(number) {
                    world.chronicle.sometimes(Mark::StaleThenPaidAtClose);
                }
            }
            Asked::Prepay
                if answer.status == 400
                    && ["INVALID_REQUEST", "CLOSED", "ORDER_PAID", "ORDERPAID", "USED"]
                        .into_iter()
                        .any(says) =>
            {
                world.chronicle.sometimes(Mark::NumberSpent);
            }
            Asked::Prepay
            | Asked::Query
            | Asked::Close
            | Asked::Refund
            | Asked::QueryRefund
            | Asked::Apply
            | Asked::TradeBill
            | Asked::FundFlowBill
            | Asked::DownloadBill
            | Asked::Certificates => {}
        }
        if answer.status == 401 {
            inside.unsigned.insert(node);
        } else if answer.status < 300
            && inside.unsigned.remove(&node)
            && world.store_time.ahead().abs() > 300 * SECOND
        {
            world.chronicle.sometimes(Mark::SigningTimeCorrected);
        }
        if answer.status == 429 {
            world.chronicle.sometimes(Mark::RateHalved);
        }
    }

    /// A request under a key is about to be answered.
    pub fn led(&self, world: &World, keyed: Keyed, outcome: Outcome) {
        let is_well = matches!(outcome, Outcome::Done | Outcome::Reused | Outcome::Replayed);
        // A failover may have lost the key with what was done under it.
        if !is_well || world.failovers() > 0 {
            return;
        }
        let Keyed { scope, fingerprint, .. } = keyed;
        let mut inside = self.inside();
        let first = inside.fingerprints.entry(scope).or_insert_with(|| fingerprint.clone());
        if *first != fingerprint {
            let seen = format!("“{fingerprint}” is answered well under the key of “{first}”");
            world.chronicle.violated("I26", KEY_OF_ONE, seen);
        }
    }

    /// Somebody begins to work on a notification.
    pub fn notice_begins(&self, world: &World, number: &str) {
        let mut inside = self.inside();
        let in_hand = inside.in_hand.entry(number.to_owned()).or_default();
        *in_hand = in_hand.saturating_add(1);
        let twice = *in_hand > 1;
        let settled = inside.payment(number).is_some_and(|payment| payment.receipt().is_some());
        drop(inside);
        if twice {
            world.chronicle.sometimes(Mark::NoticeTwiceAtOnce);
        }
        if settled {
            world.chronicle.sometimes(Mark::NoticeAfterQuery);
        }
    }

    /// Somebody has worked on a notification, since `begun`: it may have taken long.
    pub fn notice_ends(
        &self,
        world: &World,
        (node, begun): (u32, i64),
        notification: &Notification,
        answer: &NoticeAnswer,
    ) {
        if *answer == NoticeAnswer::Acknowledged && was_old(world, (node, begun), notification) {
            let order = Some(transport_order_of(&notification.number));
            let seen = format!("signed at {:?}", notification.raw.timestamp);
            world.chronicle.violated_by("I29", NEVER_OLD, order, seen);
        }
        if let Some(in_hand) = self.inside().in_hand.get_mut(&notification.number) {
            *in_hand = in_hand.saturating_sub(1);
        }
        let sometimes = |mark| world.chronicle.sometimes(mark);
        match (answer, notification.honesty) {
            (NoticeAnswer::Acknowledged, _) => {}
            (NoticeAnswer::Refused(NoticeError::Probe), _) => sometimes(Mark::ProbeRefused),
            (NoticeAnswer::Refused(NoticeError::Malformed(_)), Honesty::True) => {
                sometimes(Mark::SealedWithNewKey);
            }
            (NoticeAnswer::Refused(_), Honesty::True) => sometimes(Mark::NoticeTooOld),
            (NoticeAnswer::Refused(_), Honesty::Forged | Honesty::Lie) => {
                sometimes(Mark::ForgeryRefused);
            }
            (NoticeAnswer::Orphan, _) => sometimes(Mark::OrphanKept),
            (NoticeAnswer::TryAgain, Honesty::True) => sometimes(Mark::NoticeNotApplied),
            (NoticeAnswer::TryAgain, Honesty::Forged | Honesty::Lie) => {
                sometimes(Mark::TamperedButSigned);
            }
        }
    }

    /// A notification is about to be answered.
    pub fn acknowledges(
        &self,
        world: &World,
        notification: &Notification,
        (status, failovers): (u16, u32),
    ) {
        // What was durable when it was decided to acknowledge it may be lost by now.
        if !(200..300).contains(&status) || failovers != world.failovers() {
            return;
        }
        let number = notification.number.as_str();
        let order = Some(transport_order_of(number));
        // Who lies about what is recorded already says nothing new: that is acknowledged.
        if notification.honesty == Honesty::Forged {
            let seen = format!("a {:?} notification about {number}", notification.honesty);
            world.chronicle.violated_by("I29", NEVER_BELIEVED, order, seen);
            return;
        }
        let inside = self.inside();
        if let Some(out_refund_no) = &notification.refund {
            let refund = inside.refund(out_refund_no);
            let told = refund.map(|refund| refund.state.status());
            // That it is abnormal is old news once it was sent to a card.
            let is_applied_for = refund.is_some_and(|refund| refund.applied.is_some())
                && told == Some(RefundStatus::Processing);
            let ended = is_applied_for
                || matches!(
                    told,
                    Some(
                        RefundStatus::Succeeded
                            | RefundStatus::Abnormal
                            | RefundStatus::Closed
                            | RefundStatus::SettledOffline
                    )
                );
            if !ended {
                let seen = format!("{out_refund_no} was acknowledged; durable is {told:?}");
                world.chronicle.violated_by("I28", DURABLE_FIRST, order, seen);
            }
            return;
        }
        let recorded = inside.payment(number).and_then(|payment| payment.receipt().cloned());
        let true_money = world.wechat.truth(|truth| truth.paid.get(number).cloned());
        let same = match (&recorded, &true_money) {
            (Some(receipt), Some(paid)) => receipt.transaction_id.as_str() == paid.transaction_id,
            _ => false,
        };
        if !same {
            let seen = format!("{number} was acknowledged; durable is {recorded:?}");
            world.chronicle.violated_by("I28", DURABLE_FIRST, order, seen);
        }
    }

    /// A client is about to be answered.
    pub fn answers(&self, world: &World, said: &Said) {
        let Some(seen) = &said.seen else { return };
        let mut inside = self.inside();
        let number = seen.number.as_str();
        // What was read before a failover and is answered after it binds nobody.
        let is_durable = inside.order(number).is_some_and(|order| order.settlement.is_some());
        if seen.paid && is_durable {
            inside.told_paid.insert(number.to_owned());
        }
        world.kernel.fold(seen.version);
    }

    /// A client asked after `told` and was answered `unpaid`.
    pub fn shown(&self, world: &World, number: &str, was_told_paid: bool, is_paid: bool) {
        // Unless the settlement was lost meanwhile, and with it what was told.
        if was_told_paid && !is_paid && self.was_told_paid(number) {
            let seen = format!("{number} was shown as unpaid");
            world.chronicle.violated_by("I41", PAID_STAYS, Some(number), seen);
        }
    }

    /// An owner who knows the number was told that there is no such order.
    pub fn not_found(&self, world: &World, number: &str) {
        if self.inside().losses.has_record(number) {
            return;
        }
        let seen = format!("{number} was not found");
        world.chronicle.violated_by("I42", NEVER_MISSING, Some(number), seen);
    }

    /// Whether some client was told that the order is paid.
    #[must_use]
    pub fn was_told_paid(&self, number: &str) -> bool {
        self.inside().told_paid.contains(number)
    }
}

/// By so much less than a minute two refunds may be apart, in microseconds: sending begins with a commit,
/// whose time is the store's as a node knows it, and the call follows when it follows.
const SPACING_SLACK: i64 = 20 * SECOND;

impl Seen {
    /// WeChat Pay is asked to send a refund to a card.
    fn is_applied_for(&mut self, world: &World, number: &str) {
        let refund = self.refund(number);
        let is_out = |refund: &&Refund| refund.state.status() == RefundStatus::Processing;
        let applied = refund.filter(is_out).and_then(|refund| refund.applied);
        let order = Some(transport_order_of(number));
        let Some(applied) = applied else {
            // It was durable, when it was decided to ask.
            if world.failovers() == 0 {
                let seen = format!("{number} is sent to a card, and that is not durable");
                world.chronicle.violated_by("I11", APPLIED_ONCE, order, seen);
            }
            return;
        };
        if !self.applications.insert((number.to_owned(), applied.at)) {
            let seen = format!("{number} is sent to a card again");
            world.chronicle.violated_by("I11", APPLIED_ONCE, order, seen);
        }
    }

    /// A refund is on its way to WeChat Pay, which wants a minute between two of one payment.
    fn refund_is_sent(&mut self, world: &World, number: &str) {
        let Some(refund) = self.refund(number) else { return };
        let payment = format!("{} {:?}", transport_order_of(number), refund.payment_no);
        let now = world.kernel.now();
        let last = self.refund_sent.insert(payment, (number.to_owned(), now));
        let Some((other, at)) = last.filter(|(other, _)| other != number) else { return };
        let apart = now.saturating_sub(at);
        // Who lost the record of the one before could not wait for it; and a clock that was put back says
        // nothing about it.
        let could_tell = world.failovers() == 0 && world.store_time.began_ahead() == 0;
        if apart < 60 * SECOND - SPACING_SLACK && could_tell {
            let seen = format!("{number} follows {other} after {} s", apart / SECOND);
            let order = Some(transport_order_of(number));
            world.chronicle.violated_by("I15", A_MINUTE_APART, order, seen);
        }
    }
}
