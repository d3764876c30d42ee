//! A world in miniature: what WeChat Pay really has, what persons want, and a database that forgets.
//!
//! Whatever happens, in the end what is really paid is what was wanted, or a person reads of it. What can happen is in
//! `world/acts.rs`, how that is drawn in `world/drawn.rs`, WeChat Pay's side in `world/wechat.rs`, what persons want in `world/wanted.rs`, and what has to be
//! true in `world/laws.rs`.

mod acts;
mod drawn;
mod laws;
mod wanted;
mod wechat;

use super::super::moment::{Moment, written};
use super::super::refund_samples::refund_fact;
use super::super::samples::start;
use crate::OutRefundNo;
use crate::case::CaseKind;
use crate::fact::{RefundAtWechat, RefundProgress};
use crate::order::{Command, Decision, Event, Order, OrderStatus, RefundAnswer, Rejection};
use crate::refund::{Refund, RefundState, RefundStatus};
use acts::{Call, History};
use std::collections::BTreeSet;
use wanted::Wanted;
use wechat::{There, Wechat};

/// How numbers begin that somebody types in at the console.
const CONSOLE: &str = "console-";

/// What a database has after a commit.
#[derive(Clone, Debug)]
struct Commit {
    order: Order,
    open_cases: BTreeSet<(CaseKind, String)>,
    /// What WeChat Pay says and cannot be recorded.
    has_no_room: BTreeSet<String>,
    /// What people have seen or done because of it does not come undone with it.
    is_kept: bool,
}

struct World {
    commits: Vec<Commit>,
    wechat: Wechat,
    /// Requests that were taken for refused and are still under way.
    late: Vec<OutRefundNo>,
    paid_by_bank: i64,
    seconds: i64,
    wanted: Wanted,
    /// What had been given up when goods were sent.
    given_up: BTreeSet<OutRefundNo>,
    commits_lost: usize,
    /// What was wrong at once, by the law that it broke.
    begun_too_much: Vec<String>,
    begun_against_a_no: Vec<String>,
    decided_twice: Vec<String>,
    is_at_rest: bool,
    story: Vec<String>,
}

impl World {
    fn begin(order: Order) -> World {
        World {
            wanted: Wanted::of(&order),
            commits: vec![Commit {
                order,
                open_cases: BTreeSet::new(),
                has_no_room: BTreeSet::new(),
                is_kept: true,
            }],
            wechat: Wechat::default(),
            late: Vec::new(),
            paid_by_bank: 0,
            seconds: 0,
            given_up: BTreeSet::new(),
            commits_lost: 0,
            begun_too_much: Vec::new(),
            begun_against_a_no: Vec::new(),
            decided_twice: Vec::new(),
            is_at_rest: false,
            story: Vec::new(),
        }
    }

    /// The world after a history, before anything comes to its end.
    fn after(history: &History) -> World {
        let mut world = World::begin(history.begin());
        for step in &history.steps {
            world.take(step);
        }
        world
    }

    /// The same when everything has come to its end.
    fn at_its_end(history: &History) -> World {
        let mut world = World::after(history);
        world.come_to_rest();
        world
    }

    fn last(&self) -> &Commit {
        self.commits.last().unwrap()
    }

    fn order(&self) -> &Order {
        &self.last().order
    }

    fn paid(&self) -> i64 {
        paid(self.order())
    }

    fn moment(&self) -> Moment {
        Moment::at(start().plus_seconds(self.seconds))
    }

    fn wanted_at_most(&self, order: &Order) -> i64 {
        self.wanted.at_most(order, self.wechat.made_elsewhere(order))
    }

    fn is_open(&self, kind: CaseKind, subject: &str) -> bool {
        self.last().open_cases.contains(&(kind, subject.to_owned()))
    }

    /// That somebody sent money back in the console, for which there was room, is no news to whoever did.
    fn is_told_of_a_mismatch(&self) -> bool {
        let is_news = |subject: &String| {
            !subject.starts_with(CONSOLE) || self.last().has_no_room.contains(subject)
        };
        let mut open = self.last().open_cases.iter();
        open.any(|(kind, subject)| *kind == CaseKind::RefundMismatch && is_news(subject))
    }

    /// What the payer really has back, in fen.
    fn paid_back(&self) -> i64 {
        self.wechat.brought() + self.paid_by_bank
    }

    /// Whether the order is otherwise after a command.
    fn give(&mut self, moment: &Moment, command: &Command) -> bool {
        let before = self.order().clone();
        let decided = moment.decide(&before, command);
        self.tell(&format!("{command:?}: {}", shown(&decided)));
        let events = match decided {
            Ok(Decision::Record(events)) => events,
            Err(Rejection::RefundDiffers { out_refund_no, .. }) => {
                let subject = out_refund_no.as_str().to_owned();
                let last = self.commits.last_mut().unwrap();
                last.has_no_room.insert(subject.clone());
                last.open_cases.insert((CaseKind::RefundMismatch, subject));
                return false;
            }
            Ok(Decision::AlreadyApplied) | Err(_) => return false,
        };
        let changes = written(Some(&before), events.clone(), moment.now);
        let order = before.clone().after(&events);
        let mut open_cases = self.last().open_cases.clone();
        for end in &changes.ended_cases {
            open_cases.remove(&(end.kind, end.subject.clone()));
        }
        open_cases.extend(changes.cases.iter().map(|case| (case.kind, case.subject.clone())));
        self.wanted.hear(&before, command, &events, &order);
        self.judge(command, &events, &order);
        let again = moment.decide(&order, command);
        if again != Ok(Decision::AlreadyApplied) {
            self.decided_twice.push(format!("{command:?}: {again:?}"));
        }
        let is_kept = matches!(
            command,
            Command::SettleRefundOffline { .. }
                | Command::Ship { .. }
                | Command::RetryRefund { amount: Some(_), .. }
        );
        let has_no_room = self.last().has_no_room.clone();
        self.commits.push(Commit { order, open_cases, has_no_room, is_kept });
        true
    }

    /// What news may not begin.
    fn judge(&mut self, command: &Command, events: &[Event], after: &Order) {
        let begun: Vec<&Refund> = begun(events).collect();
        if !matches!(command, Command::RecordRefund(_)) || begun.is_empty() {
            return;
        }
        let (reserved, wanted) = (after.reserved(1).get(), self.wanted_at_most(after));
        if reserved > wanted {
            self.begun_too_much.push(format!("{reserved} fen of {wanted} by {command:?}"));
        }
        let is_no = |refund: &Refund| {
            after.cancelled_at.is_some_and(|over| refund.created_at < over)
                && refund.state == RefundState::Declined
                && after.replacement_of(&refund.out_refund_no).is_none()
        };
        let goes = |refund: &&Refund| {
            let is_rest = refund.replaces.is_none();
            is_rest && refund.state != RefundState::AwaitingApproval
        };
        let is_surplus = after.settled_payment().is_none();
        if !is_surplus && after.refunds.iter().any(is_no) && begun.iter().any(goes) {
            self.begun_against_a_no.push(format!("{begun:?} by {command:?}"));
        }
    }

    /// WeChat Pay is asked; whether that says anything new.
    fn query(&mut self, number: &OutRefundNo) -> bool {
        let said = match self.wechat.refund(number) {
            Some(there) => there.said(self.order()),
            None if self.order().refund(number).is_some() => {
                refund_fact(number, RefundAtWechat::NotExist)
            }
            None => return false,
        };
        self.give(&self.moment(), &said)
    }

    /// Whether WeChat Pay takes a request.
    fn reaches_wechat(&mut self, there: There) -> bool {
        let shown = format!("WeChat Pay hears of {} with {}", there.number, there.amount);
        let paid = self.paid();
        let takes = self.wechat.take(there, paid);
        self.tell(&format!("{shown}, and takes it: {takes}"));
        takes
    }

    /// What the job of a refund does; whether anything came of it.
    fn work(&mut self, number: &OutRefundNo, call: Call) -> bool {
        let status =
            |world: &World| world.order().refund(number).map(|refund| refund.state.status());
        match status(self) {
            None => return false,
            Some(RefundStatus::Requested) => {}
            Some(RefundStatus::Sending | RefundStatus::Unknown) => {
                let is_news = self.query(number);
                let sends_again = self.order().refund(number).is_some_and(|refund| {
                    matches!(
                        refund.state,
                        RefundState::Sending | RefundState::Unknown { refused: None }
                    )
                });
                if is_news || !sends_again || self.wechat.refund(number).is_some() {
                    return is_news;
                }
            }
            Some(_) => return self.query(number),
        }
        if !self.give(&self.moment(), &Command::SendRefund { out_refund_no: number.clone() })
            && status(self) != Some(RefundStatus::Sending)
        {
            return false;
        }
        self.call(number, call);
        true
    }

    fn call(&mut self, number: &OutRefundNo, call: Call) {
        let refused = |code: &str| RefundAnswer::Refused { code: code.to_owned() };
        let amount = self.order().refund(number).unwrap().amount.get();
        let request = || There::asked(number, amount);
        let answer = match call {
            Call::Arrives | Call::ArrivesUnanswered if !self.reaches_wechat(request()) => {
                refused("PARAM_ERROR")
            }
            Call::Arrives => {
                self.query(number);
                return;
            }
            Call::ArrivesUnanswered | Call::IsLost => RefundAnswer::Unknown,
            Call::IsRefused => refused("USER_ACCOUNT_ABNORMAL"),
            Call::IsLate => {
                self.late.push(number.clone());
                refused("USER_ACCOUNT_ABNORMAL")
            }
            Call::ArrivesAndWeStop => {
                self.reaches_wechat(request());
                return;
            }
        };
        let answered = Command::RecordRefundCall { out_refund_no: number.clone(), answer };
        self.give(&self.moment(), &answered);
    }

    /// Every job runs, WeChat Pay brings what it has, and what is under way for too long is lost.
    fn come_to_rest(&mut self) {
        const ROUNDS: usize = 40;
        self.tell("everything comes to its end");
        self.late.clear();
        for _ in 0..ROUNDS {
            let mut is_moving = self.wechat.brings_everything();
            for number in self.wechat.numbers() {
                is_moving |= self.query(&number);
            }
            let live = self.order().refunds.iter().filter(|refund| refund.is_live());
            for number in live.map(|refund| refund.out_refund_no.clone()).collect::<Vec<_>>() {
                self.seconds += acts::LONG_S;
                is_moving |= self.work(&number, Call::Arrives);
            }
            if !is_moving {
                self.is_at_rest = true;
                return;
            }
        }
    }

    fn tell(&mut self, what: &str) {
        self.story.push(format!("{} {what}", self.seconds));
    }

    /// What happened, for whoever has to find out why a law is broken.
    fn shown(&self) -> String {
        let refunds = self.order().refunds.iter().map(|refund| format!("{refund:?}"));
        let refunds: Vec<String> = refunds.collect();
        format!(
            "{}\n{}\n{:?}\n{:?}, {:?}, {} by bank\nopen: {:?}",
            self.story.join("\n"),
            refunds.join("\n"),
            self.order().status,
            self.wechat,
            self.wanted,
            self.paid_by_bank,
            self.last().open_cases
        )
    }
}

fn paid(order: &Order) -> i64 {
    order.payments[0].receipt().unwrap().amount.get()
}

/// Whether the order keeps nothing of what was paid.
fn keeps_nothing(order: &Order) -> bool {
    order.settled_payment().is_none() || order.status == OrderStatus::Cancelled
}

fn begun(events: &[Event]) -> impl Iterator<Item = &Refund> {
    events.iter().filter_map(|event| {
        if let Event::RefundRequested(refund) = event { Some(refund) } else { None }
    })
}

fn is_over(progress: RefundProgress) -> bool {
    matches!(progress, RefundProgress::Succeeded { .. } | RefundProgress::Closed)
}

fn shown(decided: &Result<Decision, Rejection>) -> String {
    match decided {
        Ok(Decision::Record(events)) => {
            let names: Vec<&str> = events.iter().map(Event::name).collect();
            names.join(", ")
        }
        other => format!("{other:?}"),
    }
}
