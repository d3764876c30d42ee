//! Refunds that had freed their amount and are at WeChat Pay after all: their request was under way for longer
//! than it was waited for, or they were sent in a life of the database that is lost.
//!
//! That they are there is a fact and comes first. What is to go in their place is not wanted any more; where it
//! has been sent, or is about to be, the payer gets both, and a person is told.

use crate::OutRefundNo;
use crate::order::Order;
use crate::payment::Payment;
use crate::refund::{Refund, RefundKind};

impl Order {
    /// Whether the payer gets, or has, a refund and what went in its place as well.
    pub(crate) fn is_doubled(&self, refund: &Refund) -> bool {
        refund.reserves() && self.goes_on_elsewhere(refund)
    }

    /// Whether something in its place is under way, waits for a person's yes, or arrived.
    pub(crate) fn goes_on_elsewhere(&self, refund: &Refund) -> bool {
        self.heirs(refund).any(Refund::reserves)
    }

    /// Whether a person has said meanwhile that less than it is owed.
    pub(crate) fn was_owed_less(&self, refund: &Refund) -> bool {
        let is_less =
            |heir: &Refund| heir.amount < refund.amount && self.is_named_by_a_person(heir);
        self.heirs(refund).any(is_less)
    }

    /// Whether the refund of this number was to go in the place of `original`, or of what was.
    pub(crate) fn stands_in_for(&self, number: &OutRefundNo, original: &Refund) -> bool {
        self.heirs(original).any(|heir| heir.out_refund_no == *number)
    }

    /// Whether another one already brings what a refund was to bring: what went in its place, what it was
    /// to go in the place of, or its replacement whose record was lost with the database and that came
    /// back as made elsewhere.
    pub(super) fn goes_back_otherwise(&self, refund: &Refund) -> bool {
        // Nobody else gives out such a number. A person may have named another amount, or goods were worth
        // something else by then.
        let is_replacement = |number| {
            self.refund(&number).is_some_and(|found| {
                found.kind == RefundKind::External
                    && found.payment_no == refund.payment_no
                    && found.reserves()
            })
        };
        self.is_kept_in_its_chain(refund) || self.next_numbers(refund).any(is_replacement)
    }

    /// Whether what went in its place, or what it was to go in the place of, is kept.
    pub(super) fn is_kept_in_its_chain(&self, refund: &Refund) -> bool {
        self.goes_on_elsewhere(refund) || self.is_served_otherwise(refund)
    }

    /// The numbers that what takes its place may have, also where they are known already.
    fn next_numbers(&self, refund: &Refund) -> impl Iterator<Item = OutRefundNo> {
        let payment = self.payment_of(refund);
        let (first, length) = self.beginning_of(refund);
        let which = length..=length.saturating_add(self.refunds.len());
        let number = move |payment: &Payment| {
            let numbers =
                which.clone().map(|n| first.out_refund_no.replacement(payment.out_trade_no(), n));
            numbers.collect::<Vec<_>>()
        };
        payment.map(number).unwrap_or_default().into_iter()
    }

    /// What went in its place, and in the place of that.
    fn heirs(&self, refund: &Refund) -> impl Iterator<Item = &Refund> {
        std::iter::successors(self.replacement_of(&refund.out_refund_no), |heir| {
            self.replacement_of(&heir.out_refund_no)
        })
    }

    /// Whether what a refund was to go in the place of is there after all.
    pub(super) fn is_served_otherwise(&self, refund: &Refund) -> bool {
        self.there_instead_of(refund).is_some()
    }

    /// What a refund was to go in the place of, and that is there after all; the latest of several.
    pub(crate) fn there_instead_of(&self, refund: &Refund) -> Option<&Refund> {
        let replaced = |no: &OutRefundNo| self.refund(no);
        let first = refund.replaces.as_ref().and_then(replaced);
        std::iter::successors(first, |refund| refund.replaces.as_ref().and_then(replaced))
            .find(|earlier| earlier.reserves())
    }
}
