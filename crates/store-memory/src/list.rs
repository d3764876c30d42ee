//! Finds orders: one by a name, or a page of them.

use crate::state::State;
use domain::order::Order;
use domain::payment::Payment;
use domain::ports::{OrderKey, OrderList, OrderListing};
use domain::refund::Refund;
use std::cmp::Reverse;
use std::sync::Arc;

impl State {
    pub(crate) fn find(&self, key: &OrderKey) -> Option<&Arc<Order>> {
        let id = match key {
            OrderKey::Id(id) => id,
            OrderKey::Number(number) => self.numbers.get(number)?,
            OrderKey::OutTradeNo(out_trade_no) => self.out_trade_nos.get(out_trade_no)?,
            OrderKey::OutRefundNo(out_refund_no) => self.out_refund_nos.get(out_refund_no)?,
        };
        self.orders.get(id)
    }

    pub(crate) fn page(&self, query: &OrderList) -> OrderListing {
        let mut orders: Vec<&Order> = self
            .orders
            .values()
            .map(Arc::as_ref)
            .filter(|o| query.buyer.is_none_or(|buyer| o.buyer == Some(buyer)))
            .filter(|o| query.status.is_none_or(|status| o.status == status))
            .filter(|o| query.number.as_ref().is_none_or(|number| has_number(o, number)))
            .filter(|o| query.created_from.is_none_or(|from| o.created_at >= from))
            .filter(|o| query.created_to.is_none_or(|to| o.created_at < to))
            .filter(|o| query.after.is_none_or(|after| (o.created_at, o.id) < after))
            .collect();
        orders.sort_by_key(|o| Reverse((o.created_at, o.id)));
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = orders.len() > limit;
        OrderListing { orders: orders.into_iter().take(limit).cloned().collect(), more }
    }
}

/// Whether the number is the order's own, one of its payments' or refunds', or its merchant's.
fn has_number(order: &Order, number: &str) -> bool {
    let of_payment = |payment: &Payment| {
        let paid = payment.receipt().is_some_and(|r| r.transaction_id.as_str() == number);
        paid || payment.out_trade_no().as_str() == number
    };
    let of_refund = |refund: &Refund| {
        refund.out_refund_no.as_str() == number
            || refund.refund_id().is_some_and(|id| id.as_str() == number)
    };
    order.number.as_str() == number
        || order.merchant_ref.as_deref() == Some(number)
        || order.payments.iter().any(of_payment)
        || order.refunds.iter().any(of_refund)
}
