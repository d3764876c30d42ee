//! The row of what settled an order.

use super::{Instant, corrupt, number};
use domain::Fen;
use domain::cash::Courier;
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
    courier: Option<String>,
}

impl SettlementRow {
    pub(super) fn of(order_id: Uuid, settlement: &Settlement) -> SettlementRow {
        let (payment_no, courier) = match &settlement.by {
            SettledBy::Wechat { payment_no } | SettledBy::Wallet { payment_no } => {
                (Some(i64::from(*payment_no)), None)
            }
            SettledBy::Cash { courier } => (None, Some(courier.as_str().to_owned())),
            SettledBy::Free => (None, None),
        };
        SettlementRow {
            order_id,
            kind: settlement.by.name().to_owned(),
            payment_no,
            amount_fen: settlement.amount.get(),
            settled_at: Instant(settlement.at),
            courier,
        }
    }

    pub(super) fn into_settlement(self) -> Result<Settlement, StoreError> {
        let courier = self.courier.as_deref().and_then(Courier::parse);
        let by = match (self.kind.as_str(), self.payment_no, courier) {
            ("wechat", Some(no), None) => {
                SettledBy::Wechat { payment_no: number(no, "payment_no")? }
            }
            ("wallet", Some(no), None) => {
                SettledBy::Wallet { payment_no: number(no, "payment_no")? }
            }
            ("cod", None, Some(courier)) => SettledBy::Cash { courier },
            ("free", None, None) => SettledBy::Free,
            (kind, _, _) => return Err(corrupt(format!("no settlement is called {kind:?}"))),
        };
        Ok(Settlement { by, amount: Fen::new(self.amount_fen), at: self.settled_at.0 })
    }
}
