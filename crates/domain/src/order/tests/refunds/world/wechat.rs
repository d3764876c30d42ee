//! What WeChat Pay really has.

use super::super::super::refund_samples::{stated, succeeded};
use super::is_over;
use crate::OutRefundNo;
use crate::fact::RefundProgress;
use crate::order::{Command, Order};
use crate::refund::Refund;

/// A refund at WeChat Pay.
#[derive(Clone, Debug)]
pub(super) struct There {
    pub(super) number: OutRefundNo,
    pub(super) amount: i64,
    pub(super) progress: RefundProgress,
    pub(super) is_from_the_console: bool,
}

impl There {
    /// As it is asked for by us.
    pub(super) fn asked(number: &OutRefundNo, amount: i64) -> There {
        There {
            number: number.clone(),
            amount,
            progress: RefundProgress::Processing,
            is_from_the_console: false,
        }
    }

    fn is_closed(&self) -> bool {
        self.progress == RefundProgress::Closed
    }

    /// What a query says of it.
    pub(super) fn said(&self, order: &Order) -> Command {
        stated(order, &self.number, self.amount, self.progress)
    }
}

#[derive(Debug, Default)]
pub(super) struct Wechat {
    pub(super) refunds: Vec<There>,
}

impl Wechat {
    pub(super) fn refund(&self, number: &OutRefundNo) -> Option<&There> {
        self.refunds.iter().find(|there| there.number == *number)
    }

    pub(super) fn numbers(&self) -> Vec<OutRefundNo> {
        self.refunds.iter().map(|there| there.number.clone()).collect()
    }

    /// Whether it takes a request: a number is asked for again as it was, and no more goes back than was paid.
    pub(super) fn take(&mut self, asked: There, paid: i64) -> bool {
        if let Some(there) = self.refund(&asked.number) {
            return there.amount == asked.amount;
        }
        let out = self.refunds.iter().filter(|there| !there.is_closed());
        let out: i64 = out.map(|there| there.amount).sum();
        let takes = asked.amount >= 1 && out + asked.amount <= paid;
        if takes {
            self.refunds.push(asked);
        }
        takes
    }

    /// What is under way.
    pub(super) fn under_way(&mut self) -> Vec<&mut There> {
        self.refunds.iter_mut().filter(|there| !is_over(there.progress)).collect()
    }

    /// Whether anything was under way, all of which arrives.
    pub(super) fn brings_everything(&mut self) -> bool {
        let under_way = self.under_way();
        let is_some = !under_way.is_empty();
        for there in under_way {
            there.progress = succeeded();
        }
        is_some
    }

    /// What has really arrived, in fen.
    pub(super) fn brought(&self) -> i64 {
        let arrived = |there: &&There| is_over(there.progress) && !there.is_closed();
        self.refunds.iter().filter(arrived).map(|there| there.amount).sum()
    }

    /// What somebody sent back in the console, in fen, as far as an order may know.
    pub(super) fn made_elsewhere(&self, order: &Order) -> i64 {
        let counts = |there: &&There| {
            let is_kept = order.refund(&there.number).is_some_and(Refund::reserves);
            // It may not be known yet that one is closed.
            there.is_from_the_console && (!there.is_closed() || is_kept)
        };
        self.refunds.iter().filter(counts).map(|there| there.amount).sum()
    }
}
