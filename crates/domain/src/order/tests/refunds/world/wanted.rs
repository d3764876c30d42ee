//! What persons want, which no database forgets.

use super::{begun, paid};
use crate::OutRefundNo;
use crate::order::{Command, Event, Order, OrderLine, OrderStatus, RefundOf};
use crate::refund::{Asker, Refund, RefundKind};
use std::collections::BTreeMap;

#[derive(Debug)]
pub(super) struct Wanted {
    /// How much of a surplus a person said last is owed, in fen, with all that was asked for besides by then.
    pub(super) word: Option<i64>,
    amounts: BTreeMap<OutRefundNo, i64>,
    goods: BTreeMap<OutRefundNo, Vec<(u16, u32)>>,
    /// The order keeps nothing of what was paid, or was to end at some time: with that, fees go back.
    is_all: bool,
}

impl Wanted {
    /// Of an order to which nothing has happened yet.
    pub(super) fn of(order: &Order) -> Wanted {
        Wanted {
            word: None,
            amounts: BTreeMap::new(),
            goods: BTreeMap::new(),
            is_all: order.settled_payment().is_none(),
        }
    }

    /// What a command that did something says.
    pub(super) fn hear(
        &mut self,
        before: &Order,
        command: &Command,
        events: &[Event],
        after: &Order,
    ) {
        let first = begun(events).next();
        if let (Command::Refund(ask), Some(refund)) = (command, first) {
            let number = refund.out_refund_no.clone();
            if let RefundOf::Lines(lines) = &ask.what {
                let lines = lines.iter().map(|line| (line.line_no, line.quantity));
                self.goods.insert(number, lines.collect());
            } else {
                self.amounts.insert(number, refund.amount.get());
            }
        }
        if let Command::RetryRefund { amount: Some(fen), .. } = command {
            let ours = before.refunds.iter().filter(|refund| {
                refund.reserves() && (refund.kind != RefundKind::External || is_lost(refund))
            });
            self.word = Some(ours.map(|refund| refund.amount.get()).sum::<i64>() + fen.get());
        }
        let ends = |event: &Event| matches!(event, Event::CancelRequested { .. });
        self.is_all |= after.status == OrderStatus::Cancelled || events.iter().any(ends);
    }

    /// It was asked for in commits that are lost, as another amount.
    pub(super) fn hear_lost(&mut self, refund: &Refund, fen: i64) {
        if refund.kind == RefundKind::Requested && refund.asked_by != Asker::Paydesk {
            let known = self.amounts.entry(refund.out_refund_no.clone()).or_default();
            *known = fen.max(*known);
        }
    }

    /// How much persons want back, at the most, in fen.
    pub(super) fn at_most(&self, order: &Order, made_elsewhere: i64) -> i64 {
        if let Some(word) = self.word {
            return word + made_elsewhere;
        }
        let paid = paid(order);
        let is_all = !order.lines.is_empty()
            && order.lines.iter().all(|line| self.pieces(line) == line.quantity);
        if self.is_all || is_all {
            return paid;
        }
        let amounts: i64 = self.amounts.values().sum();
        let goods: i64 = order.lines.iter().map(|line| self.goods_of(line)).sum();
        // For what they were is not known.
        let kept = || order.refunds.iter().filter(|refund| refund.reserves());
        let lost: i64 =
            kept().filter(|refund| is_lost(refund)).map(|refund| refund.amount.get()).sum();
        // What has no goods any more was sent, and so was another for the same goods: a person reads of it.
        let twice: i64 = kept().filter(|refund| refund.asked.is_some()).map(beside_its_goods).sum();
        paid.min(amounts + goods + lost + twice + made_elsewhere)
    }

    fn pieces(&self, line: &OrderLine) -> u32 {
        let asked = self.goods.values().flatten().filter(|(no, _)| *no == line.line_no);
        asked.map(|(_, quantity)| quantity).sum::<u32>().min(line.quantity)
    }

    /// What the pieces of a line are worth, with the fen by which it depends on the order of asking.
    fn goods_of(&self, line: &OrderLine) -> i64 {
        let payable = line.amount.get() - line.discount.get();
        let all = i64::from(line.quantity);
        let part = (payable * i64::from(self.pieces(line)) + all - 1) / all;
        part.min(payable)
    }
}

/// Whether it is one of ours whose record was lost.
fn is_lost(refund: &Refund) -> bool {
    refund.kind == RefundKind::External && refund.out_refund_no.is_of_our_shape()
}

fn beside_its_goods(refund: &Refund) -> i64 {
    let goods: i64 = refund.lines.iter().map(|part| part.amount.get()).sum();
    refund.amount.get() - goods
}
