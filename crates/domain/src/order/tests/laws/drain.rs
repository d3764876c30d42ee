//! Every history ends well: from wherever it led, what is open is answered as WeChat Pay would, and what a person
//! is shown is acted on with what there is, until nothing is left to do. Then every payment has settled its order,
//! or all of it is back.

use super::super::histories::{History, Played, histories};
use super::super::moment::Moment;
use super::super::refund_samples::{ask_rest, refund_fact, succeeded};
use super::cases;
use crate::fact::{Evidence, PaymentFact, RefundAtWechat, RefundProgress, RefundStatement, Trade};
use crate::names::RefundId;
use crate::order::{CancelCause, Command, Decision, Order, OrderStatus, RefundAnswer};
use crate::payment::{Payment, PaymentNo, PaymentState};
use crate::refund::{Asker, REFUNDS_MAX, Refund, RefundKind, RefundState};
use crate::{Epoch, Fen, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What WeChat Pay does with what it is sent, and a person with what waits for one. When nothing is left of what was
/// drawn, everything succeeds and every answer is yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Yes,
    Refused,
    Lost,
    Closed,
    Abnormal,
}

fn answers() -> impl Strategy<Value = Vec<Answer>> {
    use Answer::{Abnormal, Closed, Lost, Refused, Yes};
    let any = vec![Yes, Refused, Lost, Closed, Abnormal];
    prop::collection::vec(prop::sample::select(any), 0..6)
}

/// More steps than any history leaves to be done.
const STEPS_MAX: usize = 1_000;

struct Rest {
    order: Order,
    now: Timestamp,
    epoch: Epoch,
    answers: Vec<Answer>,
}

impl Rest {
    fn of(history: &History, played: &[Played], answers: Vec<Answer>) -> Rest {
        let begin = history.begin();
        let (now, epoch) = match played.last() {
            Some(step) => (step.moment.now, step.moment.epoch.clone()),
            None => (begin.created_at, begin.epoch.clone()),
        };
        let order = played.last().map_or(begin, |step| step.after.clone());
        // Past every deadline, and past the time in which a clock was set back.
        Rest { order, now: now.plus_seconds(100_000), epoch, answers }
    }

    /// Does the first thing that leads somewhere, until nothing does.
    fn drain(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..STEPS_MAX {
            self.now = self.now.plus_seconds(61);
            if !self.step() {
                return Ok(());
            }
        }
        Err(TestCaseError::fail(format!("there is no end of it: {:?}", self.order.refunds)))
    }

    fn step(&mut self) -> bool {
        let answer = self.answers.last().copied().unwrap_or(Answer::Yes);
        let commands = self.commands(answer);
        let Some(did) = commands.into_iter().find(|command| self.record(command)) else {
            return false;
        };
        let is_answer = matches!(
            did,
            Command::RecordRefundCall { .. }
                | Command::RecordRefund(_)
                | Command::ApproveRefund { .. }
                | Command::DeclineRefund { .. }
        );
        if is_answer {
            self.answers.pop();
        }
        true
    }

    fn record(&mut self, command: &Command) -> bool {
        let moment = Moment::at(self.now).by("operator:9").in_epoch(&self.epoch);
        let moment = moment.named(&format!("rest:{}", self.now));
        let Ok(Decision::Record(events)) = moment.decide(&self.order, command) else {
            return false;
        };
        self.order = self.order.clone().after(&events);
        true
    }

    /// What there is to do, the most urgent first.
    fn commands(&self, answer: Answer) -> Vec<Command> {
        let order = &self.order;
        let mut commands: Vec<Command> =
            order.payments.iter().filter(|p| p.is_live()).map(|p| self.ended(p)).collect();
        if order.status == OrderStatus::PendingPayment {
            commands.push(Command::Cancel(CancelCause::Deadline));
        }
        let of = |what: fn(&Refund) -> bool| order.refunds.iter().filter(move |r| what(r));
        commands.extend(of(Refund::is_in_flight).map(|refund| self.answered(refund, answer)));
        commands.extend(of(is_accepted_open).flat_map(|refund| self.ends(refund, answer)));
        let send =
            |refund: &Refund| Command::SendRefund { out_refund_no: refund.out_refund_no.clone() };
        commands.extend(of(|refund| refund.state == RefundState::Requested).map(send));
        commands.extend(of(Refund::waits_for_a_person).flat_map(|r| by_a_person(r, answer)));
        commands.extend(self.given_back());
        commands
    }

    /// It was not paid, and nobody can pay it any more.
    fn ended(&self, payment: &Payment) -> Command {
        let is_refused = matches!(payment.state, PaymentState::Rejected { .. });
        let trade = if is_refused { Trade::NotExist } else { Trade::Closed };
        let evidence = Evidence::Query { request_id: None };
        let (mchid, number) = (payment.terms.mchid.clone(), payment.out_trade_no().clone());
        let fact = PaymentFact::attested(evidence, mchid, number, trade, None);
        Command::RecordFact(fact.asked_at(self.now).asked_on(&self.epoch))
    }

    /// What is said of one that was sent.
    fn answered(&self, refund: &Refund, answer: Answer) -> Command {
        let out_refund_no = refund.out_refund_no.clone();
        let call =
            |answer| Command::RecordRefundCall { out_refund_no: out_refund_no.clone(), answer };
        let refused = || RefundAnswer::Refused { code: "NOT_ENOUGH".to_owned() };
        match (&refund.state, answer) {
            // What was refused does not exist.
            (RefundState::Unknown { refused: Some(_) }, _) => {
                refund_fact(&out_refund_no, RefundAtWechat::NotExist)
            }
            (_, Answer::Refused) => call(refused()),
            (RefundState::Sending, Answer::Lost) => call(RefundAnswer::Unknown),
            // It did not arrive, and is sent again.
            (_, Answer::Lost) => Command::SendRefund { out_refund_no },
            (_, Answer::Closed) => self.said(refund, RefundProgress::Closed),
            (_, Answer::Abnormal) => self.said(refund, RefundProgress::Abnormal),
            (_, Answer::Yes) => self.said(refund, RefundProgress::Processing),
        }
    }

    /// Under the number of its own by which it is known, if it is.
    fn said(&self, refund: &Refund, progress: RefundProgress) -> Command {
        let new = || RefundId::new(format!("W-{}", refund.out_refund_no));
        let payment = self.order.payments.iter().find(|payment| payment.no == refund.payment_no);
        let payment = payment.unwrap();
        let statement = RefundStatement {
            refund_id: refund.refund_id().cloned().unwrap_or_else(new),
            transaction_id: payment.receipt().unwrap().transaction_id.clone(),
            out_trade_no: payment.out_trade_no().clone(),
            amount: refund.amount,
            progress,
        };
        refund_fact(&refund.out_refund_no, RefundAtWechat::Known(statement))
    }

    /// How one ends that WeChat Pay took on. What it cannot bring a person pays back otherwise, unless that is
    /// refused because it goes back already; then it is closed at the console.
    fn ends(&self, refund: &Refund, answer: Answer) -> Vec<Command> {
        let said = |progress| self.said(refund, progress);
        if let RefundState::Abnormal { .. } = refund.state {
            let (out_refund_no, note) = (refund.out_refund_no.clone(), "bank".to_owned());
            let by_bank = Command::SettleRefundOffline { out_refund_no, note };
            return vec![by_bank, said(RefundProgress::Closed)];
        }
        match answer {
            Answer::Closed => vec![said(RefundProgress::Closed)],
            Answer::Abnormal => vec![said(RefundProgress::Abnormal)],
            Answer::Yes | Answer::Refused | Answer::Lost => vec![said(succeeded())],
        }
    }

    /// What a person does about money that is still here and belongs to the payer.
    fn given_back(&self) -> Vec<Command> {
        let mut commands = Vec::new();
        for payment in &self.order.payments {
            let Some(owed) = owed(&self.order, payment) else { continue };
            if self.order.reserved(payment.no) >= owed {
                continue;
            }
            if self.order.settled_payment().map(|settled| settled.no) == Some(payment.no) {
                commands.push(Command::Cancel(CancelCause::Operator));
                commands.push(ask_rest(Asker::Operator));
            }
            let of_it = self.order.refunds.iter().filter(|refund| refund.payment_no == payment.no);
            let of_it: Vec<&Refund> = of_it.rev().collect();
            commands.extend(of_it.iter().flat_map(|refund| by_a_person(refund, Answer::Yes)));
            let rest = owed.minus(self.order.reserved(payment.no));
            commands.extend(of_it.iter().map(|refund| Command::RetryRefund {
                out_refund_no: refund.out_refund_no.clone(),
                amount: rest,
            }));
        }
        commands
    }
}

fn is_accepted_open(refund: &Refund) -> bool {
    matches!(refund.state, RefundState::Processing { .. } | RefundState::Abnormal { .. })
}

/// What a person can do about a refund that does not go on by itself.
fn by_a_person(refund: &Refund, answer: Answer) -> Vec<Command> {
    let no = || refund.out_refund_no.clone();
    let again = Command::RetryRefund { out_refund_no: no(), amount: None };
    let by_bank = Command::SettleRefundOffline { out_refund_no: no(), note: "bank".to_owned() };
    if refund.state != RefundState::AwaitingApproval {
        return vec![again, by_bank];
    }
    let yes = Command::ApproveRefund { out_refund_no: no(), as_approver: true };
    let no = Command::DeclineRefund { out_refund_no: no() };
    if answer == Answer::Refused { vec![no] } else { vec![yes, no] }
}

/// How much of a payment belongs to the payer; `None` while its order keeps it.
fn owed(order: &Order, payment: &Payment) -> Option<Fen> {
    let paid = payment.receipt()?.amount;
    let is_over = order.status == OrderStatus::Cancelled;
    let is_surplus = matches!(payment.state, PaymentState::Surplus { .. });
    (is_over || is_surplus).then_some(paid)
}

/// How much of a surplus is still owed by what a person said of it. What is owed by two words, of which the first
/// was said of one that is there after all, a person has to say: nothing of it is demanded.
fn said_to_be_owed(played: &[Played]) -> BTreeMap<PaymentNo, Fen> {
    let mut said = BTreeMap::new();
    for step in played {
        let Command::RetryRefund { out_refund_no, amount: Some(amount) } = &step.command else {
            continue;
        };
        let Some(refund) = step.before.refund(out_refund_no) else { continue };
        // Of what was begun beside the automatic one, how much of it.
        let is_all = refund.kind == RefundKind::Surplus && !said.contains_key(&refund.payment_no);
        said.insert(refund.payment_no, if is_all { *amount } else { Fen::ZERO });
    }
    said
}

proptest! {
    #![proptest_config(cases())]

    /// The promise, from anywhere.
    #[test]
    fn in_the_end_every_payment_is_settled_or_back(history in histories(), answers in answers()) {
        let played = history.play();
        let said = said_to_be_owed(&played);
        let mut rest = Rest::of(&history, &played, answers);
        rest.drain()?;
        let order = &rest.order;
        let waits = |refund: &&Refund| {
            refund.is_live() || refund.state == RefundState::AwaitingApproval
        };
        prop_assert!(order.refunds.iter().find(waits).is_none(), "{:?}", order.refunds);
        prop_assert!(!order.payments.iter().any(Payment::is_live), "{:?}", order.payments);
        let is_open = matches!(order.status, OrderStatus::PendingPayment | OrderStatus::Cancelling);
        prop_assert!(!is_open, "{:?}", order.status);
        for payment in &order.payments {
            let Some(owed) = owed(order, payment) else { continue };
            // WeChat Pay takes no more of them; a person was told.
            let all = order.refunds.iter().filter(|refund| refund.payment_no == payment.no);
            if all.count() >= REFUNDS_MAX {
                continue;
            }
            let owed = said.get(&payment.no).map_or(owed, |said| owed.min(*said));
            let back = order.paid_back(payment.no);
            prop_assert!(back >= owed, "{:?} of {:?}: {:?}", back, owed, order.refunds);
        }
    }
}
