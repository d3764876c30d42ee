//! All refunds, by number and by the time at which they end.
//!
//! MAY NOT change a refund but through [`Refunds::change`], which keeps the list of times true.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use crate::core::refund::Refund;

/// All refunds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refunds {
    by_number: BTreeMap<String, Refund>,
    /// WeChat Pay's numbers and the merchant's.
    by_id: BTreeMap<String, String>,
    /// The planned ends: instant, then the order in which the refunds were accepted.
    due: BTreeMap<(OffsetDateTime, u64), String>,
    /// Those that wait for the merchant's balance.
    unfunded: BTreeSet<String>,
}

impl Refunds {
    pub(crate) fn get(&self, number: &str) -> Option<&Refund> {
        self.by_number.get(number)
    }

    /// By WeChat Pay's number.
    pub(crate) fn by_id(&self, refund_id: &str) -> Option<&Refund> {
        self.by_number.get(self.by_id.get(refund_id)?)
    }

    /// By number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Refund> {
        self.by_number.values()
    }

    /// The place of the next one.
    pub(crate) fn next_sequence(&self) -> u64 {
        u64::try_from(self.by_number.len()).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// A refund whose number is new.
    pub(crate) fn add(&mut self, refund: Refund) {
        let number = refund.form.out_refund_no.clone();
        self.by_id.insert(refund.refund_id.clone(), number.clone());
        self.by_number.insert(number.clone(), refund);
        self.list(&number);
    }

    /// Changes one refund.
    pub(crate) fn change<T>(
        &mut self,
        number: &str,
        change: impl FnOnce(&mut Refund) -> T,
    ) -> Option<T> {
        self.unlist(number);
        let result = self.by_number.get_mut(number).map(change);
        self.list(number);
        result
    }

    /// When the next one ends.
    pub(crate) fn next_due(&self) -> Option<OffsetDateTime> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// The one that ends next, if it does so by `now`, and when.
    pub(crate) fn due_by(&self, now: OffsetDateTime) -> Option<(OffsetDateTime, String)> {
        let ((at, _), number) = self.due.first_key_value()?;
        (*at <= now).then(|| (*at, number.clone()))
    }

    /// Those that wait for the merchant's balance.
    pub(crate) fn unfunded(&self) -> Vec<String> {
        self.unfunded.iter().cloned().collect()
    }

    fn list(&mut self, number: &str) {
        let Some(refund) = self.by_number.get(number) else { return };
        let Some(plan) = refund.plan else { return };
        self.due.insert((plan.at, refund.sequence), number.to_owned());
        if plan.unfunded.is_some() {
            self.unfunded.insert(number.to_owned());
        }
    }

    fn unlist(&mut self, number: &str) {
        let Some(refund) = self.by_number.get(number) else { return };
        let Some(plan) = refund.plan else { return };
        self.due.remove(&(plan.at, refund.sequence));
        self.unfunded.remove(number);
    }
}
