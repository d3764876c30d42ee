//! What is for sale.

use crate::{Fen, Timestamp};
use core::fmt;
use std::sync::Arc;

/// The merchant's id of a stock keeping unit: 1–32 of `[0-9A-Za-z_-]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SkuId(Arc<str>);

impl SkuId {
    /// Reads an id.
    #[must_use]
    pub fn parse(text: &str) -> Option<SkuId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        ((1..=32).contains(&text.len()) && text.bytes().all(allowed)).then(|| SkuId(text.into()))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SkuId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SkuId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One thing for sale, with its stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sku {
    /// Its id.
    pub id: SkuId,
    /// What the buyer sees.
    pub title: String,
    /// What it sells for.
    pub price: Fen,
    /// What it cost; it is never sold below.
    pub cost_price: Fen,
    /// Whether it is shown and sold.
    pub status: SkuStatus,
    /// Rises with every change of title, price, cost or status, never with stock moves: what
    /// pricing read is guarded by it.
    pub price_version: u64,
    /// How much there is of it, and where.
    pub stock: StockLevel,
    /// When it was first put.
    pub created_at: Timestamp,
}

/// Whether a SKU is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkuStatus {
    /// Shown and sold.
    OnSale,
    /// Hidden; orders that hold it go on.
    OffSale,
}

/// `stocked = available + held + sold`, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StockLevel {
    /// Everything that ever came in, less what was taken out by hand.
    pub stocked: i64,
    /// What can be ordered now.
    pub available: i64,
    /// Promised to unpaid orders.
    pub held: i64,
    /// Gone to paid orders.
    pub sold: i64,
}

/// What an operator says a SKU is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkuDraft {
    /// Its id.
    pub id: SkuId,
    /// What the buyer sees.
    pub title: String,
    /// What it sells for.
    pub price: Fen,
    /// What it cost.
    pub cost_price: Fen,
    /// Whether it is sold.
    pub status: SkuStatus,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_up_to_thirty_two_letters_digits_and_marks() {
        for text in ["a", "Tea_2-b", &"x".repeat(32)] {
            let id = SkuId::parse(text).unwrap();
            assert_eq!(
                (id.as_str(), id.to_string(), format!("{id:?}")),
                (text, text.into(), text.into())
            );
        }
        for text in ["", "a b", "茶", "a.b", &"x".repeat(33)] {
            assert_eq!(SkuId::parse(text), None, "{text}");
        }
    }
}
