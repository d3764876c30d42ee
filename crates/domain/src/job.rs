//! Promised work: which jobs there are, and when a payment is looked at again.
//!
//! A job is committed with the intent that needs it, one per kind and subject.

use crate::order::HORIZON_S;
use crate::payment::{Payment, PaymentState};
use crate::refund::{Refund, RefundState};
use crate::{OrderNumber, OutRefundNo, OutTradeNo, Pace, Timestamp};
use core::fmt;

/// Seconds after the creation of a payment at which it is asked for (product ruling 21). Then
/// every 60 s for ten minutes, then every 2 minutes.
const LADDER_S: [i64; 5] = [5, 10, 20, 30, 60];
const MINUTES_END_S: i64 = 660;
/// A minute, in seconds.
pub const MINUTE_S: i64 = 60;
const TWO_MINUTES_S: i64 = 120;
/// A closing payment usually ends with its first close; then it is watched until the horizon.
const CLOSING_S: i64 = 5;
const CLOSING_PATIENT_S: i64 = 30;
/// Seconds between the questions about a refund whose answer was lost: soon; once a minute until
/// nothing can arrive any more; less and less while a person finds out what is wrong.
const REFUND_LOST_LADDER_S: [(i64, i64); 3] = [(MINUTE_S, 5), (HORIZON_S, MINUTE_S), (3_600, 600)];
/// Seconds between the questions about an accepted refund: once a minute for five minutes, then
/// after 5, 10, 20, and every 30 minutes (v3 §7.6).
const REFUND_LADDER_S: [(i64, i64); 4] = [(300, 60), (600, 300), (1_200, 600), (2_400, 1_200)];
const REFUND_PATIENT_S: i64 = 1_800;
/// Seconds between the attempts to tell WeChat what was shipped, by how long there has been something to tell: right
/// after a payment shipping management does not know it yet; what it cannot answer for an hour it will not
/// answer soon.
const SHIPPING_LADDER_S: [(i64, i64); 4] =
    [(30, 5), (600, 30), (3_600, 300), (SHIPPING_DEADLINE_S, 1_800)];
/// What could not be told for so long, in seconds, a person looks into: a day. WeChat reminds after some, and keeps the
/// money until it is told.
pub const SHIPPING_DEADLINE_S: i64 = 86_400;
/// How long the record of a payment may come after the news of it (race R5), in seconds.
pub const ORPHAN_PATIENCE_S: i64 = 120;

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// Ask WeChat Pay what became of a payment; close it when it is being closed.
    FollowPayment,
    /// Cancel an order whose deadline has passed.
    ExpireOrder,
    /// Complete an order that was delivered days ago.
    CompleteOrder,
    /// Send a refund, and ask what became of it.
    FollowRefund,
    /// Find out whose a payment is that no order of ours has.
    ResolveOrphan,
    /// Tell WeChat's shipping management what was shipped.
    ReportShipment,
}

/// One piece of promised work. Its name is its identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId {
    /// What to do.
    pub kind: JobKind,
    /// About which number.
    pub subject: String,
}

impl JobKind {
    /// Every kind.
    pub const ALL: [JobKind; 6] = [
        JobKind::FollowPayment,
        JobKind::ExpireOrder,
        JobKind::CompleteOrder,
        JobKind::FollowRefund,
        JobKind::ResolveOrphan,
        JobKind::ReportShipment,
    ];

    /// Its name in tables and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            JobKind::FollowPayment => "follow_payment",
            JobKind::ExpireOrder => "expire_order",
            JobKind::CompleteOrder => "complete_order",
            JobKind::FollowRefund => "follow_refund",
            JobKind::ResolveOrphan => "resolve_orphan",
            JobKind::ReportShipment => "report_shipment",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<JobKind> {
        JobKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl JobId {
    /// Following a payment to its end.
    #[must_use]
    pub fn follow(out_trade_no: &OutTradeNo) -> JobId {
        JobId { kind: JobKind::FollowPayment, subject: out_trade_no.as_str().to_owned() }
    }

    /// Cancelling an order at its deadline.
    #[must_use]
    pub fn expire(order: &OrderNumber) -> JobId {
        JobId { kind: JobKind::ExpireOrder, subject: order.as_str().to_owned() }
    }

    /// Bringing a refund to its end.
    #[must_use]
    pub fn refund(out_refund_no: &OutRefundNo) -> JobId {
        JobId { kind: JobKind::FollowRefund, subject: out_refund_no.as_str().to_owned() }
    }

    /// Finding out whose an unknown payment is.
    #[must_use]
    pub fn orphan(out_trade_no: &OutTradeNo) -> JobId {
        JobId { kind: JobKind::ResolveOrphan, subject: out_trade_no.as_str().to_owned() }
    }

    /// Telling WeChat what was shipped of an order.
    #[must_use]
    pub fn report(order: &OrderNumber) -> JobId {
        JobId { kind: JobKind::ReportShipment, subject: order.as_str().to_owned() }
    }

    /// The job of this name, as `Display` writes it.
    #[must_use]
    pub fn parse(name: &str) -> Option<JobId> {
        let (kind, subject) = name.split_once(':')?;
        Some(JobId { kind: JobKind::parse(kind)?, subject: subject.to_owned() })
    }

    /// Completing an order some days after its delivery.
    #[must_use]
    pub fn complete(order: &OrderNumber) -> JobId {
        JobId { kind: JobKind::CompleteOrder, subject: order.as_str().to_owned() }
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.subject)
    }
}

/// What a commit does to promised work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobChange {
    /// There is such a job, due at the earlier of `due_at` and what it was.
    Ensure {
        /// Which.
        id: JobId,
        /// When.
        due_at: Timestamp,
    },
    /// Nothing is left to do. A worker that holds it finds out by its fence.
    Remove {
        /// Which.
        id: JobId,
    },
}

/// When to look at a payment again, if nothing new was learned at `now`; `None` when it has
/// ended.
#[must_use]
pub fn next_look(payment: &Payment, now: Timestamp, pace: Pace) -> Option<Timestamp> {
    if !payment.is_live() {
        return None;
    }
    let age_s = pace.seconds_between(payment.created_at, now).max(0);
    if let PaymentState::Closing { .. } = payment.state {
        let wait = if age_s < MINUTE_S { CLOSING_S } else { CLOSING_PATIENT_S };
        return Some(pace.after(now, wait));
    }
    let next_rung = LADDER_S.iter().copied().find(|rung| *rung > age_s);
    let at = match next_rung {
        // A clock that went back must not put it off.
        Some(rung) => pace.after(payment.created_at, rung).min(pace.after(now, rung)),
        None if age_s < MINUTES_END_S => pace.after(now, MINUTE_S),
        None => pace.after(now, TWO_MINUTES_S),
    };
    // A last look a minute before the deadline, so that a payment in the last minutes is not
    // heard of only when the order expires.
    let last_look = pace.after(payment.terms.time_expire, -MINUTE_S);
    Some(if now < last_look { at.min(last_look) } else { at })
}

/// When to try again to tell WeChat what was shipped, if it could not be told at `now` and there has been something to
/// tell since `since`; `None` when it is time for a person.
#[must_use]
pub fn next_report(since: Timestamp, now: Timestamp, pace: Pace) -> Option<Timestamp> {
    let age_s = pace.seconds_between(since, now).max(0);
    let rung = SHIPPING_LADDER_S.iter().find(|(until, _)| age_s < *until);
    rung.map(|(_, wait)| pace.after(now, *wait))
}

/// When to act on a refund again, if nothing new was learned at `now`; `None` when nothing is left
/// to do by ourselves. `now` itself for one that is to be sent: whether it may be is decided then.
#[must_use]
pub fn next_refund_look(refund: &Refund, now: Timestamp, pace: Pace) -> Option<Timestamp> {
    let sent_at = refund.last_moved_at();
    let age_s = pace.seconds_between(sent_at, now).max(0);
    let rung = |ladder: &[(i64, i64)]| {
        let rung = ladder.iter().find(|(until, _)| age_s < *until);
        Some(pace.after(now, rung.map_or(REFUND_PATIENT_S, |(_, wait)| *wait)))
    };
    let last_look = || Some(pace.after(sent_at, HORIZON_S)).filter(|look| now < *look);
    match &refund.state {
        RefundState::Requested => Some(now),
        RefundState::Sending | RefundState::Unknown { .. } => rung(&REFUND_LOST_LADDER_S),
        RefundState::Processing { .. } => rung(&REFUND_LADDER_S),
        RefundState::Abnormal { .. } => Some(pace.after(now, REFUND_PATIENT_S)),
        // Its refusal is proven, it was paid back otherwise, or it gave way; a request that was under way
        // meanwhile may still arrive.
        RefundState::Rejected { .. } | RefundState::SettledOffline { .. } => last_look(),
        RefundState::Withdrawn if refund.sent_at.is_some() => last_look(),
        RefundState::AwaitingApproval
        | RefundState::Declined
        | RefundState::Withdrawn
        | RefundState::Succeeded { .. }
        | RefundState::Closed { .. } => None,
    }
}
