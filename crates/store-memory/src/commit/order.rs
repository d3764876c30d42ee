//! Writes an order with what is found by it.

use super::{refused, rules};
use crate::state::State;
use domain::changeset::{OrderWrite, Refusal};
use domain::order::Order;
use domain::payment::Payment;
use domain::ports::CommitAnswer;
use domain::refund::Refund;
use std::sync::Arc;

impl State {
    /// The order as it was, when the write is about it as it is.
    pub(super) fn known(&self, write: &OrderWrite) -> Result<Option<Arc<Order>>, CommitAnswer> {
        let known = self.orders.get(&write.order.id);
        match (known, write.expected_version) {
            (None, None) if self.numbers.contains(&write.order.number) => {
                Err(refused(Refusal::NumberTaken))
            }
            (None, None) => Ok(None),
            (Some(_), None) => Err(refused(Refusal::NumberTaken)),
            (Some(known), Some(expected)) if known.version == expected => {
                Ok(Some(Arc::clone(known)))
            }
            (Some(_) | None, Some(_)) => Err(CommitAnswer::Conflict),
        }
    }

    pub(super) fn write_order(
        &mut self,
        write: OrderWrite,
        known: Option<&Order>,
    ) -> Result<Arc<Order>, CommitAnswer> {
        let order = Arc::new(write.order);
        rules::check(known, &order).map_err(|why| CommitAnswer::RolledBack(why.to_owned()))?;
        if known.is_none() {
            self.numbers.put(order.number.clone(), order.id);
        }
        for payment in order.payments.iter().filter(|p| write.payments.contains(&p.no)) {
            self.index_payment(&order, payment)?;
        }
        for refund in order.refunds.iter().filter(|r| write.refunds.contains(&r.out_refund_no)) {
            self.index_refund(&order, refund)?;
        }
        self.index_waiting(&order);
        self.orders.put(order.id, Arc::clone(&order));
        Ok(order)
    }

    fn index_payment(&mut self, order: &Order, payment: &Payment) -> Result<(), CommitAnswer> {
        let number = payment.out_trade_no();
        match self.out_trade_nos.get(number) {
            Some(owner) if *owner != order.id => return Err(refused(Refusal::NumberTaken)),
            Some(_) => {}
            None => {
                self.out_trade_nos.put(number.clone(), order.id);
            }
        }
        let Some(receipt) = payment.receipt() else { return Ok(()) };
        let this = (order.id, payment.no);
        match self.transactions.get(&receipt.transaction_id) {
            Some(other) if *other != this => return Err(refused(Refusal::TransactionTaken)),
            Some(_) => {}
            None => {
                self.transactions.put(receipt.transaction_id.clone(), this);
            }
        }
        Ok(())
    }

    fn index_refund(&mut self, order: &Order, refund: &Refund) -> Result<(), CommitAnswer> {
        match self.out_refund_nos.get(&refund.out_refund_no) {
            Some(owner) if *owner != order.id => Err(refused(Refusal::RefundNumberTaken)),
            Some(_) => Ok(()),
            None => {
                self.out_refund_nos.put(refund.out_refund_no.clone(), order.id);
                Ok(())
            }
        }
    }

    /// Who waits for it: its buyer's other orders, and whoever looks after it.
    fn index_waiting(&mut self, order: &Order) {
        if let Some(buyer) = order.buyer {
            put_or_remove(&mut self.unpaid, (buyer, order.id), order.is_unpaid_and_here());
        }
        put_or_remove(&mut self.live, order.id, is_live(order));
    }
}

fn put_or_remove<K: Ord + Clone>(index: &mut crate::table::Table<K, ()>, key: K, there: bool) {
    if there == index.contains(&key) {
        return;
    }
    if there {
        index.put(key, ());
    } else {
        index.remove(&key);
    }
}

/// Whether the sweep has to look at it.
fn is_live(order: &Order) -> bool {
    order.payments.iter().any(Payment::is_live)
        || order.refunds.iter().any(Refund::is_live)
        || order.payable_until().is_some()
        || order.is_complete_at().is_some()
}
