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
use domain::catalogue::Sku;
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
        Ok(ListedItem {
            id: self.id,
            quantity: number(self.quantity, "quantity")?,
            sku: self.sku.into_sku()?,
            captured_by: captured_by(self.captured_by)?,
        })
    }
}

/// What several checkouts read at one moment.
#[derive(Deserialize)]
pub(super) struct Bases {
    pub(super) now: Instant,
    pub(super) timeline: String,
    rules: Option<RulesRow>,
    skus: Vec<SkuJson>,
    lines: Vec<LineRow>,
    addresses: Vec<Of<AddressRow>>,
    coupons: Vec<Of<AtHandRow>>,
}

/// Of the `n`th of them, from 1.
#[derive(Deserialize)]
struct Of<T> {
    n: usize,
    #[serde(flatten)]
    row: T,
}

/// A line of a list, whose SKU is told once for all.
#[derive(Deserialize)]
struct LineRow {
    n: usize,
    id: i64,
    quantity: i64,
    sku_id: String,
    captured_by: Option<String>,
}

impl Bases {
    /// The basis of each of `count`.
    pub(super) fn each(self, count: usize) -> Vec<Result<CheckoutBasis, StoreError>> {
        let common = self.rules.map(RulesRow::into_rules).transpose();
        let skus: Result<Vec<Sku>, StoreError> =
            self.skus.into_iter().map(SkuJson::into_sku).collect();
        let (rules, skus) = match (common, skus) {
            (Ok(rules), Ok(skus)) => (rules.unwrap_or_default().rules, skus),
            (Err(why), _) | (_, Err(why)) => return (0..count).map(|_| Err(why.clone())).collect(),
        };
        let blank = CheckoutBasis { items: Vec::new(), address: None, rules, coupon: None };
        let mut each: Vec<Result<CheckoutBasis, StoreError>> = vec![Ok(blank); count];
        for line in self.lines {
            let (n, item) = (line.n, line.into_item(&skus));
            put(&mut each, n, item, |basis, item| basis.items.push(item));
        }
        for Of { n, row } in self.addresses {
            let address = row.into_booked().map(|booked| booked.address);
            put(&mut each, n, address, |basis, address| basis.address = Some(address));
        }
        for Of { n, row } in self.coupons {
            put(&mut each, n, row.into_at_hand(), |basis, coupon| basis.coupon = Some(coupon));
        }
        each
    }
}

/// What is wrong with one of them is no other's.
fn put<T>(
    each: &mut [Result<CheckoutBasis, StoreError>],
    n: usize,
    part: Result<T, StoreError>,
    with: fn(&mut CheckoutBasis, T),
) {
    let Some(of) = n.checked_sub(1).and_then(|place| each.get_mut(place)) else { return };
    match (of.as_mut(), part) {
        (Ok(basis), Ok(part)) => with(basis, part),
        (Ok(_), Err(why)) => *of = Err(why),
        (Err(_), _) => {}
    }
}

impl LineRow {
    fn into_item(self, skus: &[Sku]) -> Result<ListedItem, StoreError> {
        let sku = skus.iter().find(|sku| sku.id.as_str() == self.sku_id);
        Ok(ListedItem {
            id: self.id,
            quantity: number(self.quantity, "quantity")?,
            sku: sku.cloned().ok_or_else(|| corrupt("purchase_list_items.sku_id names nothing"))?,
            captured_by: captured_by(self.captured_by)?,
        })
    }
}

fn captured_by(number: Option<String>) -> Result<Option<OrderNumber>, StoreError> {
    let Some(text) = number else { return Ok(None) };
    let number = OrderNumber::parse(&text);
    number.map(Some).ok_or_else(|| corrupt("orders.order_number has an impossible shape"))
}
