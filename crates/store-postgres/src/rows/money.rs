//! The rows of money that moved: what settled an order, and what goes back.

use super::{Instant, corrupt, number};
use crate::words::Word as _;
use domain::order::{Order, SettledBy, Settlement};
use domain::ports::StoreError;
use domain::refund::{Refund, RefundKind, RefundStatus};
use domain::{Fen, OutRefundNo};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One row of `refunds`.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct RefundRow {
    mchid: String,
    pub(crate) out_refund_no: String,
    order_id: Uuid,
    refund_no: u16,
    payment_no: i64,
    amount_fen: i64,
    reason: String,
    kind: String,
    status: String,
    created_at: Instant,
}

/// One row of `settlements`.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct SettlementRow {
    order_id: Uuid,
    kind: String,
    payment_no: Option<i64>,
    amount_fen: i64,
    settled_at: Instant,
}

impl RefundRow {
    /// `None` for a refund of a payment that the order does not have.
    pub(super) fn of(order: &Order, refund_no: u16, refund: &Refund) -> Option<RefundRow> {
        let payment = order.payments.iter().find(|p| p.no == refund.payment_no)?;
        Some(RefundRow {
            mchid: payment.terms.mchid.as_str().to_owned(),
            out_refund_no: refund.out_refund_no.as_str().to_owned(),
            order_id: order.id.get(),
            refund_no,
            payment_no: i64::from(refund.payment_no),
            amount_fen: refund.amount.get(),
            reason: refund.reason.clone(),
            kind: refund.kind.word().to_owned(),
            status: refund.status.word().to_owned(),
            created_at: Instant(refund.created_at),
        })
    }

    pub(super) fn into_refund(self) -> Result<Refund, StoreError> {
        Ok(Refund {
            out_refund_no: OutRefundNo::stored(self.out_refund_no),
            payment_no: number(self.payment_no, "payment_no")?,
            amount: Fen::new(self.amount_fen),
            reason: self.reason,
            kind: RefundKind::read(&self.kind)?,
            status: RefundStatus::read(&self.status)?,
            created_at: self.created_at.0,
        })
    }
}

impl SettlementRow {
    pub(super) fn of(order_id: Uuid, settlement: &Settlement) -> SettlementRow {
        let payment_no = match settlement.by {
            SettledBy::Wechat { payment_no } => Some(i64::from(payment_no)),
            SettledBy::Free => None,
        };
        SettlementRow {
            order_id,
            kind: settlement.by.name().to_owned(),
            payment_no,
            amount_fen: settlement.amount.get(),
            settled_at: Instant(settlement.at),
        }
    }

    pub(super) fn into_settlement(self) -> Result<Settlement, StoreError> {
        let by = match (self.kind.as_str(), self.payment_no) {
            ("wechat", Some(no)) => SettledBy::Wechat { payment_no: number(no, "payment_no")? },
            ("free", None) => SettledBy::Free,
            (kind, _) => return Err(corrupt(format!("no settlement is called {kind:?}"))),
        };
        Ok(Settlement { by, amount: Fen::new(self.amount_fen), at: self.settled_at.0 })
    }
}
