//! What a step asks of an order as it then is, or says to it.

use super::picks::Much;
use super::{Kind, Step};
use crate::card::CardOwner;
use crate::fact::{Evidence, PaymentFact, RefundAtWechat, RefundProgress, RefundStatement, Trade};
use crate::names::{Mchid, RefundId, TransactionId};
use crate::order::tests::moment::Moment;
use crate::order::tests::refund_samples::{ask_for, refund_fact};
use crate::order::tests::samples::{
    TOTAL, accepted, close, collect, number, prepay, receipt, ship, start_payment,
};
use crate::order::{
    Command, Order, PayerResult, PrepayAnswer, RefundAnswer, RefundAsk, RefundOf, StockOutcome,
};
use crate::refund::Asker;
use crate::{Epoch, Fen, OutRefundNo, OutTradeNo, Timestamp};

impl Step {
    pub(super) fn moment(&self, now: Timestamp, epoch: &Epoch) -> Moment {
        let stock =
            if self.variant == 15 { StockOutcome::Refused } else { StockOutcome::Committed };
        Moment { stock, ..Moment::at(now) }
            .by(&format!("operator:{}", self.actor))
            .named(&format!("ask:{}", self.name))
            .approving_above(if self.actor == 0 { 400 } else { TOTAL })
            .in_epoch(epoch)
    }

    /// What it consists of, all of it about the same refund.
    pub(super) fn parts(&self) -> Vec<Kind> {
        if let Kind::Rejects = self.kind {
            vec![Kind::Send, Kind::CallRefused, Kind::RefundNotExist]
        } else if let Kind::Brings(progress) = self.kind {
            vec![Kind::Send, Kind::Said(progress)]
        } else if let Kind::TakesNumber = self.kind {
            vec![Kind::Send, Kind::Taken]
        } else {
            vec![self.kind]
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind")]
    pub(super) fn command(
        &self,
        kind: Kind,
        order: &Order,
        out_refund_no: &OutRefundNo,
        (epochs, now): (&[Epoch], Timestamp),
    ) -> Command {
        let no = self.payment;
        let total = order.amounts.total.get();
        let paid = || Trade::Success(self.receipt(total));
        let asked = now.plus_seconds(if self.variant % 5 == 4 { -3_600 } else { 0 });
        let fact = |trade| Command::RecordFact(self.fact(order, epochs, trade).asked_at(asked));
        let out_refund_no = out_refund_no.clone();
        match kind {
            Kind::PrepayAccepted => accepted(order, no),
            Kind::PrepayRefused => {
                prepay(order, no, PrepayAnswer::Refused { code: "NO_AUTH".to_owned() })
            }
            Kind::PrepayUnknown => prepay(order, no, PrepayAnswer::Unknown),
            Kind::Success => fact(paid()),
            Kind::OtherAmount => fact(Trade::Success(self.receipt(total - 1))),
            Kind::NotPaid => fact(Trade::NotPaid),
            Kind::Closed => fact(Trade::Closed),
            Kind::NotExist => fact(Trade::NotExist),
            Kind::Refunded => fact(Trade::Refunded(self.receipt(total))),
            Kind::Cancel(cause) => Command::Cancel(cause),
            Kind::GiveWay => Command::GiveWay,
            Kind::ClosePayment => close(order, no),
            Kind::Start(trade_type) => start_payment(trade_type),
            Kind::Report => Command::NoteReport(PayerResult::Ok),
            Kind::Ship => ship(&format!("SF-{}", self.variant % 3), no == 1),
            Kind::Deliver => Command::Deliver,
            Kind::Complete(by) => Command::Complete(by),
            Kind::Collect => collect(if self.variant == 0 { 1 } else { total }, "王五"),
            Kind::Ask(by) => Command::Refund(self.ask(order, by)),
            Kind::AskLines(by) => {
                let what = RefundOf::Lines(self.goods_left(order));
                Command::Refund(RefundAsk { what, ..ask_for(None, by) })
            }
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
                Command::RetryRefund { out_refund_no, amount: amount.filter(|_| self.is_blind()) }
            }
            Kind::RetryNaming => {
                let amount = Some(Fen::new(self.fen(order, self.paid_by(order, &out_refund_no))));
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
            Kind::Said(progress) | Kind::Late(progress) | Kind::Elsewhere(progress) => {
                self.refund_fact(order, &out_refund_no, progress, None)
            }
            Kind::Otherwise(progress) => {
                let amount = self.another_amount(order, &out_refund_no);
                self.refund_fact(order, &out_refund_no, progress, amount)
            }
            Kind::Taken => self.taken(&out_refund_no),
            Kind::RefundNotExist => refund_fact(&out_refund_no, RefundAtWechat::NotExist),
            Kind::Adopt => {
                let seen = Trade::Refunded(self.receipt(total));
                let trade = if self.variant < 8 { paid() } else { seen };
                Command::Adopt(self.fact(order, epochs, trade))
            }
            Kind::Rejects | Kind::Brings(_) | Kind::TakesNumber => {
                unreachable!("{kind:?} has parts")
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
        let Command::RecordRefund(said) = self.refund_fact(order, number, progress, None) else {
            panic!("not a fact")
        };
        Command::RecordApplicationRefused { applied_at, code: "PARAM_ERROR".to_owned(), said }
    }

    fn is_blind(&self) -> bool {
        self.aimed.is_none()
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

    fn ask(&self, order: &Order, by: Asker) -> RefundAsk {
        let amounts = [None, Some(1), Some(400), Some(500), Some(1_000), Some(TOTAL), Some(0)];
        let by_chance = amounts.get(usize::from(self.variant) / 2).copied().unwrap_or(Some(600));
        let amount = match self.aimed {
            None => by_chance,
            Some(Much::All) => None,
            Some(_) => Some(self.fen(order, order.settled_payment())),
        };
        let given = by == Asker::Service && self.variant.is_multiple_of(2) && self.is_blind();
        let out_refund_no = OutRefundNo::parse("backend-1").filter(|_| given);
        RefundAsk { out_refund_no, ..ask_for(amount, by) }
    }

    /// Mostly what WeChat Pay would say of the refund that we know; sometimes of something else.
    fn refund_fact(
        &self,
        order: &Order,
        number: &OutRefundNo,
        progress: RefundProgress,
        another: Option<Fen>,
    ) -> Command {
        let known = order.refund(number);
        let payment_no = known.map_or(self.payment, |refund| refund.payment_no);
        let payment = order.payments.iter().find(|payment| payment.no == payment_no);
        let (payment_no, amount) = match (self.variant, known) {
            (0, Some(refund)) => (payment_no % 3 + 1, refund.amount),
            (1, Some(refund)) => (payment_no, Fen::new(refund.amount.get() + 1)),
            (_, Some(refund)) => (payment_no, another.unwrap_or(refund.amount)),
            // WeChat Pay returns no less than a fen.
            (_, None) if self.aimed.is_some() => {
                (payment_no, Fen::new(self.fen(order, payment).max(1)))
            }
            (0 | 1, None) => (payment_no, Fen::new(TOTAL)),
            (_, None) => (payment_no, Fen::new(400)),
        };
        let statement = RefundStatement {
            refund_id: RefundId::new(format!("W-{number}")),
            transaction_id: TransactionId::new(format!("T-{payment_no}")),
            out_trade_no: super::super::samples::number(order, payment_no),
            amount,
            progress,
        };
        refund_fact(number, RefundAtWechat::Known(statement))
    }

    /// A fen more or less, mostly; else as much as is aimed at.
    fn another_amount(&self, order: &Order, number: &OutRefundNo) -> Option<Fen> {
        let refund = order.refund(number)?;
        let amount = match self.variant % 4 {
            0 | 1 => refund.amount.get() + 1,
            2 => refund.amount.get() - 1,
            _ => self.fen(order, self.paid_by(order, number)),
        };
        Some(Fen::new(amount.max(1)))
    }

    fn taken(&self, number: &OutRefundNo) -> Command {
        let statement = RefundStatement {
            refund_id: RefundId::new("W-theirs"),
            transaction_id: TransactionId::new("T-theirs"),
            out_trade_no: OutTradeNo::parse("another-system-1").unwrap(),
            amount: Fen::new(400),
            progress: RefundProgress::Processing,
        };
        refund_fact(number, RefundAtWechat::Known(statement))
    }
}
