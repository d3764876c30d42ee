//! Rows of addresses and purchase lists.

use crate::book::version;
use crate::catalogue::SkuJson;
use crate::coupons::AtHandRow;
use crate::rows::{Instant, corrupt, number};
use crate::rules::RulesRow;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use domain::OrderNumber;
use domain::buyer::{Address, BookedAddress, ListedItem};
use domain::ports::{CheckoutBasis, StoreError};
use serde::Deserialize;

#[derive(QueryableByName, Deserialize)]
pub(super) struct AddressRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    phone: String,
    #[diesel(sql_type = Text)]
    region: String,
    #[diesel(sql_type = Text)]
    detail: String,
}

impl AddressRow {
    pub(super) fn into_booked(self) -> Result<BookedAddress, StoreError> {
        Ok(BookedAddress {
            id: self.id,
            version: version(self.version)?,
            address: Address {
                name: self.name,
                phone: self.phone,
                region: self.region,
                detail: self.detail,
            },
        })
    }
}

#[derive(Deserialize)]
pub(super) struct ItemRow {
    id: i64,
    quantity: i64,
    captured_by: Option<String>,
    sku: SkuJson,
}

impl ItemRow {
    pub(super) fn into_item(self) -> Result<ListedItem, StoreError> {
        let captured_by = match self.captured_by {
            Some(text) => Some(
                OrderNumber::parse(&text)
                    .ok_or_else(|| corrupt("orders.order_number has an impossible shape"))?,
            ),
            None => None,
        };
        Ok(ListedItem {
            id: self.id,
            quantity: number(self.quantity, "quantity")?,
            sku: self.sku.into_sku()?,
            captured_by,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct BasisRow {
    pub(super) now: Instant,
    pub(super) timeline: String,
    items: Vec<ItemRow>,
    address: Option<AddressRow>,
    rules: Option<RulesRow>,
    coupon: Option<AtHandRow>,
}

impl BasisRow {
    pub(super) fn into_basis(self) -> Result<CheckoutBasis, StoreError> {
        Ok(CheckoutBasis {
            items: self.items.into_iter().map(ItemRow::into_item).collect::<Result<_, _>>()?,
            address: self.address.map(AddressRow::into_booked).transpose()?.map(|b| b.address),
            rules: self.rules.map(RulesRow::into_rules).transpose()?.unwrap_or_default().rules,
            coupon: self.coupon.map(AtHandRow::into_at_hand).transpose()?,
        })
    }
}
