//! Generated histories: whatever may come about any payment or refund, in any order, at any time, in
//! any life of the database; and what each of it does.
//!
//! Half of them are ordinary: an order, and then anything about anything. What is rare beyond chance (a chain
//! of three refunds, the fiftieth, one that was replaced and is there after all) the other half is led to: such a
//! history begins with a script (`histories/scripts.rs`) on one of more orders (`histories/bases.rs`), and what
//! comes then is aimed (`histories/picks.rs`): at refunds that it can be about, and at amounts that lie at an edge.
//! `histories/commands.rs` makes commands of it.

mod bases;
mod commands;
mod picks;
mod scripts;

use super::moment::{Moment, written};
use super::refund_samples::succeeded;
use super::samples::start;
use crate::Epoch;
use crate::changeset::Changeset;
use crate::fact::RefundProgress;
use crate::order::{CancelCause, Command, CompletedBy, Decision, Event, Order, Rejection};
use crate::payment::TradeType;
use crate::refund::Asker;
use bases::{ORDINARY, SURPLUS, bases};
use core::fmt;
use core::ops::Range;
use picks::Much;
use proptest::prelude::*;
use scripts::{at_the_limit, of_surplus, scripts};

/// What comes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    PrepayAccepted,
    PrepayRefused,
    PrepayUnknown,
    Success,
    OtherAmount,
    NotPaid,
    Closed,
    NotExist,
    Refunded,
    Cancel(CancelCause),
    GiveWay,
    ClosePayment,
    Start(TradeType),
    Report,
    Ship,
    Deliver,
    Complete(CompletedBy),
    Collect,
    Ask(Asker),
    AskLines(Asker),
    Approve,
    Decline,
    Withdraw,
    Retry,
    RetryNaming,
    SettleOffline,
    /// It could not reach its payer, and goes to a card.
    Apply,
    ApplicationRefused,
    Send,
    CallRefused,
    CallUnknown,
    Said(RefundProgress),
    /// Of one that was given up.
    Late(RefundProgress),
    /// Of one that was not heard of there, with another amount than we have it.
    Otherwise(RefundProgress),
    /// Of one that nobody here has made.
    Elsewhere(RefundProgress),
    /// Its number is another payment's refund.
    Taken,
    RefundNotExist,
    Adopt,
    /// Sent, and then refused with a code that a query confirms.
    Rejects,
    /// Sent, and then this is said of it.
    Brings(RefundProgress),
    /// Sent, and its number is another payment's refund.
    TakesNumber,
}

/// One thing that comes, and under which circumstances. `Debug` is one line.
#[derive(Clone, Copy)]
pub(super) struct Step {
    kind: Kind,
    /// Which payment, from 1.
    payment: u8,
    /// Which refund; beyond the last one is a number that we may not know.
    refund: usize,
    /// Which of the variants of it: amounts, names, numbers, evidence.
    variant: u8,
    /// Seconds since the step before; a clock may be set back.
    gap_s: i64,
    /// Whether the database lost commits before it.
    new_epoch: bool,
    /// How many lives of the database ago it was asked for; beyond them it came by itself.
    asked_ago: usize,
    /// Who gives it.
    actor: u8,
    /// How much is asked for where it is aimed; elsewhere refunds and amounts come by chance.
    aimed: Option<Much>,
    /// The name of what is asked for; asking twice under one is asking once.
    name: u8,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step { kind, payment, refund, variant, gap_s, actor, aimed, name, .. } = self;
        let by =
            format!("payment {payment} refund {refund} variant {variant} by {actor} as {name}");
        let lost = if self.new_epoch { ", commits lost" } else { "" };
        let ago = self.asked_ago;
        write!(f, "{kind:?} {aimed:?} {by} after {gap_s} s{lost}, asked {ago} lives ago")
    }
}

/// What an order starts as, and what comes then.
#[derive(Clone, Debug)]
pub(super) struct History {
    base: usize,
    steps: Vec<Step>,
}

/// What one step did.
pub(super) struct Played {
    pub(super) before: Order,
    pub(super) command: Command,
    pub(super) moment: Moment,
    pub(super) events: Vec<Event>,
    pub(super) after: Order,
    pub(super) written: Changeset,
}

/// Something that was asked of an order, or said to it, and its answer.
pub(super) struct Asked {
    pub(super) order: Order,
    pub(super) command: Command,
    pub(super) moment: Moment,
    pub(super) answer: Result<Decision, Rejection>,
}

/// Often enough to be refunded, rarely enough to be more than refunds.
fn kinds() -> Vec<Kind> {
    use Kind::*;
    let rare = [
        PrepayAccepted,
        PrepayRefused,
        PrepayUnknown,
        OtherAmount,
        NotPaid,
        NotExist,
        Refunded,
        Cancel(CancelCause::Deadline),
        GiveWay,
        ClosePayment,
        Start(TradeType::Jsapi),
        Start(TradeType::Native),
        Report,
        Ship,
        Deliver,
        Complete(CompletedBy::Buyer),
        Complete(CompletedBy::Operator),
        Complete(CompletedBy::Elapsed),
        Collect,
        Collect,
        Cancel(CancelCause::Refused),
        Ask(Asker::Service),
        Withdraw,
        Decline,
        Decline,
        Decline,
        Apply,
        Apply,
        ApplicationRefused,
        ApplicationRefused,
        Adopt,
    ];
    let usual = [
        Success,
        Closed,
        Cancel(CancelCause::Buyer),
        Cancel(CancelCause::Operator),
        Ask(Asker::Buyer),
        Ask(Asker::Operator),
        Approve,
        Retry,
        SettleOffline,
        CallRefused,
        CallUnknown,
        Said(RefundProgress::Processing),
        Said(succeeded()),
        Said(RefundProgress::Abnormal),
        Said(RefundProgress::Closed),
        RefundNotExist,
    ];
    let often = [Send, Send, CallRefused, RefundNotExist];
    rare.into_iter().chain(usual).chain(usual).chain(often).chain(often).collect()
}

/// What is said and done about refunds, mostly.
fn aimed_kinds() -> Vec<Kind> {
    use Kind::*;
    use RefundProgress::{Abnormal, Closed as ClosedBack, Processing};
    let rare = [
        Success,
        Refunded,
        Start(TradeType::Native),
        Deliver,
        Complete(CompletedBy::Operator),
        Cancel(CancelCause::Operator),
        Withdraw,
        Taken,
        Elsewhere(ClosedBack),
        Elsewhere(Abnormal),
        Late(Abnormal),
        Brings(Abnormal),
        Otherwise(Processing),
        Otherwise(succeeded()),
        Otherwise(ClosedBack),
        CallUnknown,
        Ask(Asker::Buyer),
        Adopt,
    ];
    let usual = [
        Ship,
        Cancel(CancelCause::Buyer),
        Ask(Asker::Operator),
        Ask(Asker::Service),
        AskLines(Asker::Buyer),
        AskLines(Asker::Operator),
        AskLines(Asker::Service),
        Approve,
        Decline,
        RetryNaming,
        SettleOffline,
        Apply,
        ApplicationRefused,
        Send,
        CallRefused,
        RefundNotExist,
        Said(Processing),
        Said(Abnormal),
        Said(ClosedBack),
        Said(succeeded()),
        Late(succeeded()),
        Late(ClosedBack),
        Elsewhere(Processing),
        Elsewhere(succeeded()),
        TakesNumber,
        Brings(Processing),
        Brings(ClosedBack),
        Brings(succeeded()),
    ];
    let often = [Retry, Rejects, Late(Processing), Said(ClosedBack)];
    rare.into_iter().chain(usual).chain(usual).chain(often).chain(often).chain(often).collect()
}

fn gaps() -> impl Strategy<Value = i64> {
    const DAY_S: i64 = 24 * 3_600;
    prop_oneof![
        6 => 0_i64..100,
        3 => 60_i64..1_000,
        1 => -300_i64..0,
        1 => 600_i64..8 * DAY_S,
    ]
}

/// Refunds of one payment keep a distance of a minute.
fn aimed_gaps() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => 60_i64..130,
        2 => 0_i64..60,
        1 => 600_i64..2_000,
        1 => -300_i64..0,
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let what = (prop::sample::select(kinds()), 1_u8..=3, 0_usize..5, 0_u8..16);
    let when = (gaps(), prop::bool::weighted(0.05), 0_usize..4, 0_u8..3);
    (what, when).prop_map(
        |((kind, payment, refund, variant), (gap_s, new_epoch, asked_ago, actor))| Step {
            kind,
            payment,
            refund,
            variant,
            gap_s,
            new_epoch,
            asked_ago,
            actor,
            aimed: None,
            name: variant % 8,
        },
    )
}

fn aimed_step() -> impl Strategy<Value = Step> {
    let what = (prop::sample::select(aimed_kinds()), 1_u8..=3, 0_usize..4, 0_u8..16);
    let when = (aimed_gaps(), prop::bool::weighted(0.05), 0_usize..4, 0_u8..3);
    (what, when, Much::any(), 0_u8..60).prop_map(
        |((kind, payment, refund, variant), (gap_s, new_epoch, asked_ago, actor), much, name)| {
            Step {
                kind,
                payment,
                refund,
                // Neither another payment's amount nor stock that is refused: what is rare elsewhere is in the way here.
                variant: variant.clamp(2, 14),
                gap_s,
                new_epoch,
                asked_ago,
                actor,
                aimed: Some(much),
                name,
            }
        },
    )
}

fn ordinary() -> impl Strategy<Value = History> {
    (0..ORDINARY, prop::collection::vec(step(), 0..40))
        .prop_map(|(base, steps)| History { base, steps })
}

fn led(bases: Range<usize>, scripts: Vec<Vec<Step>>) -> impl Strategy<Value = History> {
    let steps = prop::collection::vec(aimed_step(), 0..25);
    (bases, prop::sample::select(scripts), steps).prop_map(|(base, mut script, steps)| {
        script.extend(steps);
        History { base, steps: script }
    })
}

pub(super) fn histories() -> impl Strategy<Value = History> {
    prop_oneof![
        19 => ordinary(),
        9 => led(ORDINARY..SURPLUS, scripts()),
        3 => led(0..ORDINARY, scripts()),
        6 => led(SURPLUS..bases().len(), of_surplus()),
        1 => led(ORDINARY..SURPLUS, at_the_limit()),
    ]
}

impl History {
    /// The order that it begins with.
    pub(super) fn begin(&self) -> Order {
        bases()[self.base]()
    }

    /// Plays it: every step that changed something, in order.
    pub(super) fn play(&self) -> Vec<Played> {
        let mut played = Vec::new();
        for Asked { order, command, moment, answer } in self.asked() {
            let Ok(Decision::Record(events)) = answer else { continue };
            let after = order.clone().after(&events);
            let written = written(Some(&order), events.clone(), moment.now);
            played.push(Played { before: order, command, moment, events, after, written });
        }
        played
    }

    /// Everything that comes, also what changes nothing.
    pub(super) fn asked(&self) -> Vec<Asked> {
        let mut asked = Vec::new();
        let mut order = self.begin();
        let mut now = start();
        let mut epochs = vec![super::samples::epoch()];
        for step in &self.steps {
            now = now.plus_seconds(step.gap_s);
            if step.new_epoch {
                epochs.push(Epoch::new(format!("{:08}.0", epochs.len() + 1)));
            }
            let about = step.about(&order);
            for kind in step.parts() {
                let command = step.command(kind, &order, &about, (&epochs[..], now));
                let moment = step.moment(now, epochs.last().unwrap());
                let answer = moment.decide(&order, &command);
                let after = match &answer {
                    Ok(Decision::Record(events)) => order.clone().after(events),
                    Ok(Decision::AlreadyApplied) | Err(_) => order.clone(),
                };
                let before = std::mem::replace(&mut order, after);
                asked.push(Asked { order: before, command, moment, answer });
            }
        }
        asked
    }
}
