//! Generated histories: whatever may come about any payment or refund, in any order, at any time, in
//! any life of the database; and what each of it does.

use super::moment::{Moment, written};
use super::refund_samples::{
    apply, ask_for, paid, paid_with_another_closing, play, refund_fact, refused, send, shipped,
    succeeded, surplus,
};
use super::samples::{
    TOTAL, accepted, cash_on_delivery, close, collect, number, placed, placed_directly, prepay,
    receipt, ship, start, start_payment, with_second_payment,
};
use crate::card::CardOwner;
use crate::changeset::Changeset;
use crate::fact::{Evidence, PaymentFact, RefundAtWechat, RefundProgress, RefundStatement, Trade};
use crate::names::{Mchid, RefundId, TransactionId};
use crate::order::{
    CancelCause, Command, CompletedBy, Decision, Event, Order, PayerResult, PrepayAnswer,
    RefundAnswer, RefundAsk, StockOutcome,
};
use crate::payment::{PaymentState, TradeType};
use crate::refund::Asker;
use crate::{Epoch, Fen, OutRefundNo, Timestamp};
use proptest::prelude::*;

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
    Approve,
    Decline,
    Withdraw,
    Retry,
    SettleOffline,
    Apply,
    ApplicationRefused,
    Send,
    CallRefused,
    CallUnknown,
    Said(RefundProgress),
    RefundNotExist,
    Adopt,
}

/// One thing that comes, and under which circumstances.
#[derive(Clone, Debug)]
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
}

/// What an order starts as, and what comes then.
#[derive(Clone, Debug)]
pub(super) struct History {
    begin: usize,
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

fn gaps() -> impl Strategy<Value = i64> {
    const DAY_S: i64 = 24 * 3_600;
    prop_oneof![
        6 => 0_i64..100,
        3 => 60_i64..1_000,
        1 => -300_i64..0,
        1 => 600_i64..8 * DAY_S,
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
        },
    )
}

pub(super) fn histories() -> impl Strategy<Value = History> {
    (0..begins().len(), prop::collection::vec(step(), 0..40))
        .prop_map(|(begin, steps)| History { begin, steps })
}

fn begins() -> [fn() -> Order; 12] {
    [
        refused,
        || with_second_payment(placed(), PaymentState::Created),
        placed_directly,
        paid,
        paid_with_another_closing,
        shipped,
        surplus,
        could_not_be_brought,
        || play(could_not_be_brought(), &[apply]),
        cash_on_delivery,
        at_the_door,
        at_the_door_converting,
    ]
}

/// On its way, and a refund of it could not reach its payer.
fn could_not_be_brought() -> Order {
    let abnormal = |order: &Order| {
        let refund = order.refunds[0].out_refund_no.clone();
        let said = RefundStatement {
            refund_id: RefundId::new(format!("W-{refund}")),
            transaction_id: TransactionId::new("T-1"),
            out_trade_no: number(order, 1),
            amount: order.refunds[0].amount,
            progress: RefundProgress::Abnormal,
        };
        refund_fact(&refund, RefundAtWechat::Known(said))
    };
    let ask = |_: &Order| Command::Refund(ask_for(Some(500), Asker::Operator));
    play(shipped(), &[ask, send, abnormal])
}

/// What came, to be paid at the door.
fn at_the_door() -> Order {
    play(cash_on_delivery(), &[|_| ship("SF-0", true), |_| Command::Deliver])
}

fn at_the_door_converting() -> Order {
    play(at_the_door(), &[|_| start_payment(TradeType::Native)])
}

impl History {
    /// The order that it begins with.
    pub(super) fn begin(&self) -> Order {
        begins()[self.begin]()
    }

    /// Plays it: every step that changed something, in order.
    pub(super) fn play(&self) -> Vec<Played> {
        let mut played = Vec::new();
        let mut order = self.begin();
        let mut now = start();
        let mut epochs = vec![super::samples::epoch()];
        for step in &self.steps {
            now = now.plus_seconds(step.gap_s);
            if step.new_epoch {
                epochs.push(Epoch::new(format!("{:08}.0", epochs.len() + 1)));
            }
            let command = step.command(&order, &epochs, now);
            let moment = step.moment(now, epochs.last().unwrap());
            if let Ok(Decision::Record(events)) = moment.decide(&order, &command) {
                let after = order.clone().after(&events);
                let written = written(Some(&order), events.clone(), now);
                let before = std::mem::replace(&mut order, after.clone());
                played.push(Played { before, command, moment, events, after, written });
            }
        }
        played
    }
}

impl Step {
    fn moment(&self, now: Timestamp, epoch: &Epoch) -> Moment {
        let stock =
            if self.variant == 15 { StockOutcome::Refused } else { StockOutcome::Committed };
        Moment { stock, ..Moment::at(now) }
            .by(&format!("operator:{}", self.actor))
            .named(&format!("ask:{}", self.variant % 8))
            .approving_above(if self.actor == 0 { 400 } else { TOTAL })
            .in_epoch(epoch)
    }

    fn command(&self, order: &Order, epochs: &[Epoch], now: Timestamp) -> Command {
        let no = self.payment;
        let paid = || Trade::Success(self.receipt(TOTAL));
        let asked = now.plus_seconds(if self.variant % 5 == 4 { -3_600 } else { 0 });
        let fact = |trade| Command::RecordFact(self.fact(order, epochs, trade).asked_at(asked));
        let out_refund_no = self.out_refund_no(order);
        match self.kind {
            Kind::PrepayAccepted => accepted(order, no),
            Kind::PrepayRefused => {
                prepay(order, no, PrepayAnswer::Refused { code: "NO_AUTH".to_owned() })
            }
            Kind::PrepayUnknown => prepay(order, no, PrepayAnswer::Unknown),
            Kind::Success => fact(paid()),
            Kind::OtherAmount => fact(Trade::Success(self.receipt(TOTAL - 1))),
            Kind::NotPaid => fact(Trade::NotPaid),
            Kind::Closed => fact(Trade::Closed),
            Kind::NotExist => fact(Trade::NotExist),
            Kind::Refunded => fact(Trade::Refunded(self.receipt(TOTAL))),
            Kind::Cancel(cause) => Command::Cancel(cause),
            Kind::GiveWay => Command::GiveWay,
            Kind::ClosePayment => close(order, no),
            Kind::Start(trade_type) => start_payment(trade_type),
            Kind::Report => Command::NoteReport(PayerResult::Ok),
            Kind::Ship => ship(&format!("SF-{}", self.variant % 3), no == 1),
            Kind::Deliver => Command::Deliver,
            Kind::Complete(by) => Command::Complete(by),
            Kind::Collect => collect(if self.variant == 0 { 1 } else { TOTAL }, "王五"),
            Kind::Ask(by) => Command::Refund(self.ask(by)),
            Kind::Approve => {
                Command::ApproveRefund { out_refund_no, as_approver: self.variant != 0 }
            }
            Kind::Decline => Command::DeclineRefund { out_refund_no },
            Kind::Withdraw => Command::WithdrawRefund { out_refund_no },
            Kind::Retry => {
                let amount = match self.variant {
                    2 => Some(Fen::new(1)),
                    3 => Some(Fen::new(300)),
                    _ => None,
                };
                Command::RetryRefund { out_refund_no, amount }
            }
            Kind::SettleOffline => {
                Command::SettleRefundOffline { out_refund_no, note: "bank".to_owned() }
            }
            Kind::Apply => self.application(out_refund_no),
            Kind::ApplicationRefused => self.application_refused(order, &out_refund_no, now),
            Kind::Send => Command::SendRefund { out_refund_no },
            Kind::CallRefused => {
                let code = if self.variant == 0 { "OTHER" } else { "USER_ACCOUNT_ABNORMAL" };
                let answer = RefundAnswer::Refused { code: code.to_owned() };
                Command::RecordRefundCall { out_refund_no, answer }
            }
            Kind::CallUnknown => {
                Command::RecordRefundCall { out_refund_no, answer: RefundAnswer::Unknown }
            }
            Kind::Said(progress) => self.refund_fact(order, &out_refund_no, progress),
            Kind::RefundNotExist => refund_fact(&out_refund_no, RefundAtWechat::NotExist),
            Kind::Adopt => {
                let seen = Trade::Refunded(self.receipt(TOTAL));
                let trade = if self.variant < 8 { paid() } else { seen };
                Command::Adopt(self.fact(order, epochs, trade))
            }
        }
    }

    fn application(&self, out_refund_no: OutRefundNo) -> Command {
        let is_merchants = self.variant.is_multiple_of(3);
        let to = if is_merchants { CardOwner::Merchant } else { CardOwner::User };
        Command::ApplyAbnormal { out_refund_no, to, as_approver: self.variant != 0 }
    }

    /// Mostly of the application that we know, and mostly it is abnormal as before.
    fn application_refused(&self, order: &Order, number: &OutRefundNo, now: Timestamp) -> Command {
        let is_out = self.variant.is_multiple_of(4);
        let progress = if is_out { RefundProgress::Processing } else { RefundProgress::Abnormal };
        let applied = order.refund(number).and_then(|refund| refund.applied);
        let applied_at = applied.map_or(now, |applied| applied.at);
        let Command::RecordRefund(said) = self.refund_fact(order, number, progress) else {
            panic!("not a fact")
        };
        Command::RecordApplicationRefused { applied_at, code: "PARAM_ERROR".to_owned(), said }
    }

    fn receipt(&self, amount: i64) -> crate::fact::Receipt {
        receipt(&format!("T-{}", self.payment), amount)
    }

    fn fact(&self, order: &Order, epochs: &[Epoch], trade: Trade) -> PaymentFact {
        let evidence = if self.variant % 4 == 3 {
            Evidence::Notification { event_id: "EV-1".to_owned() }
        } else {
            Evidence::Query { request_id: None }
        };
        let mchid = Mchid::new("1900000109");
        let number = number(order, self.payment);
        let fact = PaymentFact::attested(evidence, mchid, number, trade, None);
        match epochs.iter().rev().nth(self.asked_ago) {
            Some(epoch) => fact.asked_on(epoch),
            None => fact,
        }
    }

    /// A refund of the order; beyond the last one a number that it may not have.
    fn out_refund_no(&self, order: &Order) -> OutRefundNo {
        let known = order.refunds.iter().rev().nth(self.refund).map(|r| r.out_refund_no.clone());
        let names = ["console-1", "console-2", "backend-1"];
        let other = names[usize::from(self.variant) % names.len()];
        known.unwrap_or_else(|| OutRefundNo::stated(other).unwrap())
    }

    fn ask(&self, by: Asker) -> RefundAsk {
        let amounts = [None, Some(1), Some(400), Some(500), Some(1_000), Some(TOTAL), Some(0)];
        let amount = amounts.get(usize::from(self.variant) / 2).copied().unwrap_or(Some(600));
        let given = by == Asker::Service && self.variant.is_multiple_of(2);
        let out_refund_no = OutRefundNo::parse("backend-1").filter(|_| given);
        RefundAsk { out_refund_no, ..ask_for(amount, by) }
    }

    /// Mostly what WeChat Pay would say of the refund that we know; sometimes of something else.
    fn refund_fact(
        &self,
        order: &Order,
        number: &OutRefundNo,
        progress: RefundProgress,
    ) -> Command {
        let known = order.refund(number);
        let payment_no = known.map_or(self.payment, |refund| refund.payment_no);
        let (payment_no, amount) = match (self.variant, known) {
            (0, Some(refund)) => (payment_no % 3 + 1, refund.amount),
            (1, Some(refund)) => (payment_no, Fen::new(refund.amount.get() + 1)),
            (_, Some(refund)) => (payment_no, refund.amount),
            (0 | 1, None) => (payment_no, Fen::new(TOTAL)),
            (_, None) => (payment_no, Fen::new(400)),
        };
        let statement = RefundStatement {
            refund_id: RefundId::new(format!("W-{number}")),
            transaction_id: TransactionId::new(format!("T-{payment_no}")),
            out_trade_no: super::samples::number(order, payment_no),
            amount,
            progress,
        };
        refund_fact(number, RefundAtWechat::Known(statement))
    }
}
