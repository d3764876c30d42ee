//! `order.paid`: said once per settled order, after the commit that settled it is durable.
//!
//! May not name the payer.

use domain::Fen;
use domain::changeset::Changeset;
use domain::names::TransactionId;
use domain::order::{Event, SettledBy};
use domain::{OrderId, OrderNumber, OutTradeNo};

/// What is said of it.
#[derive(Clone, Debug)]
pub(super) struct Paid {
    id: OrderId,
    number: OrderNumber,
    amount: Fen,
    payment: Option<(OutTradeNo, Option<TransactionId>)>,
    /// What brought it, as the audit has it.
    cause: String,
}

impl Paid {
    /// `None` when nothing is settled by it.
    pub(super) fn in_changeset(changeset: &Changeset) -> Option<Paid> {
        let order = &changeset.order.as_ref()?.order;
        let settlement = changeset.events.iter().find_map(|event| {
            if let Event::Settled { settlement, .. } = event { Some(settlement) } else { None }
        })?;
        let by = if let SettledBy::Wechat { payment_no } = settlement.by {
            Some(payment_no)
        } else {
            None
        };
        let payment = order.payments.iter().find(|payment| Some(payment.no) == by);
        Some(Paid {
            id: order.id,
            number: order.number.clone(),
            amount: settlement.amount,
            payment: payment.map(|payment| {
                let transaction = payment.receipt().map(|r| r.transaction_id.clone());
                (payment.out_trade_no().clone(), transaction)
            }),
            cause: changeset.audit.cause.clone(),
        })
    }

    pub(super) fn tell(&self) {
        let out_trade_no = self.payment.as_ref().map(|(number, _)| number.as_str());
        let transaction = self.payment.as_ref().and_then(|(_, transaction)| transaction.as_ref());
        let transaction_id = transaction.map(TransactionId::as_str);
        tracing::info!(order.id = %self.id, order.number = %self.number,
            order.amount_fen = self.amount.get(), payment.out_trade_no = out_trade_no,
            payment.transaction_id = transaction_id, cause = self.cause, "order.paid");
    }
}
