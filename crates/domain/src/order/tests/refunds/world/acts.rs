//! What can happen in a world. How it is drawn is in `drawn.rs`.

use super::super::super::moment::Moment;
use super::super::super::refund_samples::{paid, shipped, surplus};
use super::super::super::samples::ship;
use super::super::fees::{amount, by, tea_and_cup};
use super::super::lines::paid as paid_for;
use super::wechat::There;
use super::{CONSOLE, World};
use crate::fact::RefundProgress;
use crate::order::{CancelCause, Command, Order};
use crate::refund::{Asker, Refund, RefundKind, RefundState, RefundStatus};
use crate::{Fen, OutRefundNo};

/// Between two refunds of one payment WeChat Pay wants more than a minute.
pub(super) const SHORT_S: i64 = 61;
/// After so long nobody waits for an answer any more.
pub(super) const LONG_S: i64 = 700;

/// What becomes of a request to WeChat Pay.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    Arrives,
    ArrivesUnanswered,
    ArrivesAndWeStop,
    IsLost,
    IsRefused,
    /// Refused as far as we know, and under way.
    IsLate,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Yes,
    No,
    NeverMind,
}

/// `which` of several, the newest first.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Ask {
        fen: i64,
        by: Asker,
    },
    AskForGoods {
        lines: u16,
        whole: bool,
        by: Asker,
    },
    Cancel(CancelCause),
    Work {
        which: usize,
        call: Call,
    },
    /// WeChat Pay gets on with a refund, and says so or not.
    GetOn {
        which: usize,
        to: RefundProgress,
        told: bool,
    },
    Query {
        which: usize,
    },
    /// What was taken for refused reaches WeChat Pay.
    Arrive {
        told: bool,
    },
    Decide {
        which: usize,
        answer: Answer,
    },
    /// Somebody tries again, or says how much is owed.
    Retry {
        which: usize,
        owed: Option<i64>,
    },
    PayByBank {
        which: usize,
    },
    SendBackInTheConsole {
        name: u8,
        fen: Option<i64>,
    },
    /// WeChat Pay has it from commits that are lost, when it was another amount.
    AskInLostCommits {
        which: usize,
        was: Was,
    },
    LoseCommits(usize),
    Ship,
}

/// What a refund was worth in commits that are lost.
#[derive(Clone, Copy, Debug)]
pub(super) enum Was {
    Fen(i64),
    More(i64),
    Half,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) act: Act,
    pub(super) seconds: i64,
    pub(super) actor: &'static str,
    pub(super) name: u8,
    pub(super) approval_above: Option<i64>,
}

#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) from: From,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    Paid,
    TeaAndCup,
    ThreeAtADiscount,
    TwoWithFees,
    Shipped,
    Surplus,
}

impl History {
    pub(super) fn begin(&self) -> Order {
        match self.from {
            From::Paid => paid(),
            From::TeaAndCup => tea_and_cup(),
            From::ThreeAtADiscount => paid_for(&[(3, 500, 100), (1, 1_000, 0)], (0, 0)),
            From::TwoWithFees => paid_for(&[(2, 500, 0), (1, 2_000, 0)], (80, 7)),
            From::Shipped => shipped(),
            From::Surplus => surplus(),
        }
    }
}

impl World {
    pub(super) fn take(&mut self, step: &Step) {
        self.seconds += step.seconds;
        let moment = self.moment().named(&step.name.to_string()).by(step.actor);
        let moment = match step.approval_above {
            Some(fen) => moment.approving_above(fen),
            None => moment,
        };
        match step.act {
            Act::Ask { fen, by } => {
                self.give(&moment, &amount(fen, by));
            }
            Act::AskForGoods { lines, whole, by: asker } => {
                let wanted = self.order().lines.iter();
                let wanted = wanted.filter(|line| lines & (1 << line.line_no) != 0);
                let wanted =
                    wanted.map(|line| (line.line_no, if whole { line.quantity } else { 1 }));
                let command = by(&wanted.collect::<Vec<_>>(), asker);
                self.give(&moment.named(&format!("goods-{}", step.name)), &command);
            }
            Act::Cancel(cause) => {
                self.give(&moment, &Command::Cancel(cause));
            }
            Act::Work { which, call } => {
                if let Some(refund) = self.pick(which, Refund::is_live) {
                    self.work(&refund.out_refund_no, call);
                }
            }
            Act::GetOn { which, to, told } => self.get_on(which, to, told),
            Act::Query { which } => {
                if let Some(number) = nth(&self.wechat.numbers(), which) {
                    self.query(&number);
                }
            }
            Act::Arrive { told } => self.arrive(told),
            Act::Decide { which, answer } => self.answer(which, answer, &moment.by("operator:3")),
            Act::Retry { which, owed } => self.retry(which, owed, &moment),
            Act::PayByBank { which } => self.pay_by_bank(which, &moment),
            Act::SendBackInTheConsole { name, fen } => {
                let number = OutRefundNo::stated(&format!("{CONSOLE}{name}")).unwrap();
                if self.wechat.refund(&number).is_none() {
                    let there = There::asked(&number, fen.unwrap_or(self.paid()));
                    self.reaches_wechat(There { is_from_the_console: true, ..there });
                    self.query(&number);
                }
            }
            Act::AskInLostCommits { which, was } => self.ask_in_lost_commits(which, was),
            Act::LoseCommits(count) => self.lose_commits(count),
            Act::Ship => self.ship(&moment),
        }
    }

    fn retry(&mut self, which: usize, owed: Option<i64>, moment: &Moment) {
        let is_over = |refund: &Refund| {
            matches!(refund.state, RefundState::Rejected { .. } | RefundState::Closed { .. })
        };
        let Some(Refund { out_refund_no, .. }) = self.pick(which, is_over) else { return };
        let is_surplus = self.order().settled_payment().is_none();
        let amount = owed.filter(|_| is_surplus).map(Fen::new);
        self.give(moment, &Command::RetryRefund { out_refund_no, amount });
    }

    fn lose_commits(&mut self, count: usize) {
        for _ in 0..count {
            if !self.last().is_kept {
                self.commits.pop();
                self.commits_lost += 1;
            }
        }
        self.tell("failover");
    }

    fn ship(&mut self, moment: &Moment) {
        let given_up = self.order().refunds.iter().filter(|refund| {
            let gave_way =
                matches!(refund.state, RefundState::Withdrawn | RefundState::Closed { .. });
            !refund.reserves() && !gave_way
        });
        let given_up = given_up.map(|refund| refund.out_refund_no.clone()).collect();
        if self.give(moment, &ship("SF-1", true)) {
            self.given_up = given_up;
        }
    }

    fn pick(&self, which: usize, fits: fn(&Refund) -> bool) -> Option<Refund> {
        let newest = self.order().refunds.iter().rev();
        nth(&newest.filter(|refund| fits(refund)).cloned().collect::<Vec<_>>(), which)
    }

    fn get_on(&mut self, which: usize, to: RefundProgress, told: bool) {
        let mut under_way = self.wechat.under_way();
        if under_way.is_empty() {
            return;
        }
        let which = which % under_way.len();
        let there = &mut under_way[which];
        there.progress = to;
        let number = there.number.clone();
        self.tell(&format!("WeChat Pay gets on with {number}: {to:?}"));
        if told {
            self.query(&number);
        }
    }

    fn arrive(&mut self, told: bool) {
        let Some(number) = self.late.pop() else { return };
        if let Some(refund) = self.order().refund(&number) {
            let amount = refund.as_asked().amount.get();
            self.reaches_wechat(There::asked(&number, amount));
        }
        if told {
            self.query(&number);
        }
    }

    fn answer(&mut self, which: usize, answer: Answer, moment: &Moment) {
        let waits = |refund: &Refund| refund.state == RefundState::AwaitingApproval;
        let Some(Refund { out_refund_no, .. }) = self.pick(which, waits) else { return };
        let command = match answer {
            Answer::Yes => Command::ApproveRefund { out_refund_no, as_approver: true },
            Answer::No => Command::DeclineRefund { out_refund_no },
            Answer::NeverMind => Command::WithdrawRefund { out_refund_no },
        };
        self.give(moment, &command);
    }

    fn pay_by_bank(&mut self, which: usize, moment: &Moment) {
        let is_stuck = |refund: &Refund| {
            matches!(refund.state, RefundState::Rejected { .. } | RefundState::Abnormal { .. })
        };
        let Some(refund) = self.pick(which, is_stuck) else { return };
        let out_refund_no = refund.out_refund_no;
        let note = "bank".to_owned();
        if self.give(moment, &Command::SettleRefundOffline { out_refund_no, note }) {
            self.paid_by_bank += refund.amount.get();
        }
    }

    fn ask_in_lost_commits(&mut self, which: usize, was: Was) {
        let is_unheard_of = |refund: &Refund| {
            refund.refund_id().is_none()
                && refund.kind != RefundKind::External
                && refund.state.status() != RefundStatus::SettledOffline
        };
        let Some(refund) = self.pick(which, is_unheard_of) else { return };
        let number = refund.out_refund_no.clone();
        let fen = match was {
            Was::Fen(fen) => fen,
            Was::More(fen) => refund.amount.get() + fen,
            Was::Half => refund.amount.get() / 2,
        };
        if self.wechat.refund(&number).is_none() && self.reaches_wechat(There::asked(&number, fen))
        {
            self.wanted.hear_lost(&refund, fen);
            self.query(&number);
        }
    }
}

fn nth<T: Clone>(all: &[T], which: usize) -> Option<T> {
    all.get(which.checked_rem(all.len())?).cloned()
}
