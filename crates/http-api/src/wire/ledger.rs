//! Wallets, points, recharge packages.

use domain::ledger::TransferKind;
use domain::ports::EntryRecord;
use domain::recharge::{Credit, RechargePackage};
use serde::Serialize;
use utoipa::ToSchema;

/// What a buyer's wallet holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Wallet)]
pub(crate) struct WireWallet {
    pub(crate) balance_fen: i64,
}

/// How many points a buyer has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Points)]
pub(crate) struct WirePoints {
    pub(crate) balance: i64,
}

/// An entry of a wallet (in fen) or of points.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
pub(crate) struct WireEntry {
    /// Which entry of this account, from 1.
    id: u64,
    kind: WireTransferKind,
    /// What was added; negative for what was taken.
    amount: i64,
    /// What the account held then.
    balance_after: i64,
    /// The order that it belongs to.
    #[schema(required = true)]
    order_number: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl WireEntry {
    /// The twin.
    pub(crate) fn of(entry: &EntryRecord) -> WireEntry {
        WireEntry {
            id: entry.seq,
            kind: WireTransferKind::of(entry.kind),
            amount: entry.amount,
            balance_after: entry.balance_after,
            order_number: entry.order.as_ref().map(|number| number.as_str().to_owned()),
            created_at: entry.created_at.to_rfc3339(),
        }
    }
}

/// Why something moved.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TransferKind)]
enum WireTransferKind {
    Payment,
    Recharge,
    Bonus,
    Spend,
    Refund,
    Surplus,
}

impl WireTransferKind {
    fn of(kind: TransferKind) -> WireTransferKind {
        match kind {
            TransferKind::Payment => WireTransferKind::Payment,
            TransferKind::Recharge => WireTransferKind::Recharge,
            TransferKind::Bonus => WireTransferKind::Bonus,
            TransferKind::Spend => WireTransferKind::Spend,
            TransferKind::Refund => WireTransferKind::Refund,
            TransferKind::Surplus => WireTransferKind::Surplus,
        }
    }
}

/// What can be bought ahead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RechargePackage)]
pub(crate) struct WirePackage {
    id: String,
    title: String,
    price_fen: i64,
    credit: WireCredit,
    /// What is credited: fen of the wallet, or points.
    principal: i64,
    /// What comes with it.
    bonus: i64,
    /// Rises with each change; also the `ETag`.
    version: u64,
}

/// What a recharge credits.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RechargeCredit)]
pub(crate) enum WireCredit {
    Wallet,
    Points,
}

impl WirePackage {
    /// The twin.
    pub(crate) fn of(package: &RechargePackage) -> WirePackage {
        WirePackage {
            id: package.id.as_str().to_owned(),
            title: package.title.clone(),
            price_fen: package.price.get(),
            credit: match package.promise.credit {
                Credit::Wallet => WireCredit::Wallet,
                Credit::Points => WireCredit::Points,
            },
            principal: package.promise.principal,
            bonus: package.promise.bonus,
            version: package.version,
        }
    }
}

/// Every package.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RechargePackages)]
pub(crate) struct WirePackages {
    pub(crate) data: Vec<WirePackage>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_written_as_they_are_stored() {
        for kind in TransferKind::ALL {
            assert_eq!(serde_json::to_value(WireTransferKind::of(kind)).unwrap(), kind.name());
        }
    }
}
