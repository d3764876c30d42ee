//! The row of what settled an order.

use super::{Instant, corrupt, number};
use domain::Fen;
use domain::order::{SettledBy, Settlement};
use domain::ports::StoreError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One row of `settlements`.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct SettlementRow {
    order_id: Uuid,
    kind: String,
    payment_no: Option<i64>,
    amount_fen: i64,
    settled_at: Instant,
}

impl SettlementRow {
    pub(super) fn of(order_id: Uuid, settlement: &Settlement) -> SettlementRow {
        let payment_no = match settlement.by {
            SettledBy::Wechat { payment_no } | SettledBy::Wallet { payment_no } => {
                Some(i64::from(payment_no))
            }
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
            ("wallet", Some(no)) => SettledBy::Wallet { payment_no: number(no, "payment_no")? },
            ("free", None) => SettledBy::Free,
            (kind, _) => return Err(corrupt(format!("no settlement is called {kind:?}"))),
        };
        Ok(Settlement { by, amount: Fen::new(self.amount_fen), at: self.settled_at.0 })
    }
}
