//! What a buyer keeps with us before there is an order: addresses and the purchase list (采购单).

use crate::OrderNumber;
use crate::catalogue::{Sku, SkuId};

/// The number of an address, unique for its buyer, from 1.
pub type AddressId = i64;
/// The number of a purchase-list line, unique for its buyer, from 1, never used again.
pub type ItemId = i64;

/// Where to deliver. Personal data: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Who receives.
    pub name: String,
    /// How to reach them.
    pub phone: String,
    /// Province, city, district.
    pub region: String,
    /// Street and number.
    pub detail: String,
}

impl core::fmt::Debug for Address {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Address(…)")
    }
}

/// An address in a buyer's book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedAddress {
    /// Its number.
    pub id: AddressId,
    /// Rises with every change.
    pub version: u64,
    /// The address.
    pub address: Address,
}

/// A line of a buyer's purchase list, with what is sold there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedItem {
    /// Its number.
    pub id: ItemId,
    /// How many.
    pub quantity: u32,
    /// What, as it is now.
    pub sku: Sku,
    /// The live unpaid order that has captured this line, if one has.
    pub captured_by: Option<OrderNumber>,
}

/// A change to a purchase list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// What.
    pub sku_id: SkuId,
    /// How many, at least 1.
    pub quantity: u32,
}

/// Which lines of the list a checkout means (`item_ids`, requirements S0.19–S0.21).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The whole list.
    Everything,
    /// Exactly these, ascending; one that is not the buyer's is an error.
    Only(Vec<ItemId>),
}

impl Selection {
    /// Reads `item_ids`: empty means everything; ids ≤ 0 are skipped; if nothing but such ids
    /// was given it means everything as well.
    #[must_use]
    pub fn of_ids(ids: &[i64]) -> Selection {
        let mut valid: Vec<ItemId> = ids.iter().copied().filter(|id| *id > 0).collect();
        valid.sort_unstable();
        valid.dedup();
        if valid.is_empty() { Selection::Everything } else { Selection::Only(valid) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_ids_mean_the_whole_list_unless_one_is_positive() {
        assert_eq!(Selection::of_ids(&[]), Selection::Everything);
        assert_eq!(Selection::of_ids(&[0, -3]), Selection::Everything);
        assert_eq!(Selection::of_ids(&[5, 0, 2, 5]), Selection::Only(vec![2, 5]));
    }
}
