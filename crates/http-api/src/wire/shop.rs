//! SKUs, addresses, purchase lists, and logins.

use domain::buyer::{Address, BookedAddress, ListedItem};
use domain::catalogue::{Sku, SkuId, SkuStatus, StockLevel};
use serde::Serialize;
use utoipa::ToSchema;

/// A buyer who is in.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginAnswer {
    /// For `Authorization: Bearer`.
    pub(crate) token: String,
    #[schema(format = DateTime)]
    pub(crate) expires_at: String,
    #[schema(format = Uuid)]
    pub(crate) user_id: String,
}

/// Something for sale, as buyers see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sku)]
pub(crate) struct WireSku {
    id: String,
    title: String,
    price_fen: i64,
    /// How many can be ordered now.
    available: i64,
}

impl WireSku {
    /// The twin.
    pub(crate) fn of(sku: &Sku) -> WireSku {
        WireSku {
            id: sku.id.as_str().to_owned(),
            title: sku.title.clone(),
            price_fen: sku.price.get(),
            available: sku.stock.available,
        }
    }
}

/// Whether a SKU is sold.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SkuStatus)]
pub(crate) enum WireSkuStatus {
    OnSale,
    OffSale,
}

/// A SKU, as the merchant sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackOfficeSku)]
pub(crate) struct WireBackOfficeSku {
    id: String,
    title: String,
    price_fen: i64,
    cost_price_fen: i64,
    status: WireSkuStatus,
    /// Rises with every change but stock moves; also the `ETag`.
    version: u64,
    #[serde(flatten)]
    stock: WireStock,
    #[schema(format = DateTime)]
    created_at: String,
}

impl WireBackOfficeSku {
    /// The twin.
    pub(crate) fn of(sku: &Sku) -> WireBackOfficeSku {
        WireBackOfficeSku {
            id: sku.id.as_str().to_owned(),
            title: sku.title.clone(),
            price_fen: sku.price.get(),
            cost_price_fen: sku.cost_price.get(),
            status: match sku.status {
                SkuStatus::OnSale => WireSkuStatus::OnSale,
                SkuStatus::OffSale => WireSkuStatus::OffSale,
            },
            version: sku.price_version,
            stock: WireStock::of(&sku.stock),
            created_at: sku.created_at.to_rfc3339(),
        }
    }
}

/// `stocked = available + held + sold`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StockLevel)]
pub(crate) struct WireStock {
    stocked: i64,
    available: i64,
    held: i64,
    sold: i64,
}

impl WireStock {
    fn of(level: &StockLevel) -> WireStock {
        let StockLevel { stocked, available, held, sold } = *level;
        WireStock { stocked, available, held, sold }
    }
}

/// The stock of a SKU after a move.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SkuStock)]
pub(crate) struct WireSkuStock {
    sku_id: String,
    #[serde(flatten)]
    stock: WireStock,
}

impl WireSkuStock {
    /// The twin.
    pub(crate) fn of(sku_id: &SkuId, level: &StockLevel) -> WireSkuStock {
        WireSkuStock { sku_id: sku_id.as_str().to_owned(), stock: WireStock::of(level) }
    }
}

/// Where to deliver, as an order keeps it.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderAddress)]
pub(crate) struct WireAddressText {
    name: String,
    phone: String,
    region: String,
    detail: String,
}

impl core::fmt::Debug for WireAddressText {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("WireAddressText(…)")
    }
}

impl WireAddressText {
    /// The twin.
    pub(crate) fn of(address: &Address) -> WireAddressText {
        WireAddressText {
            name: address.name.clone(),
            phone: address.phone.clone(),
            region: address.region.clone(),
            detail: address.detail.clone(),
        }
    }
}

/// An address of a buyer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Address)]
pub(crate) struct WireAddress {
    id: i64,
    #[serde(flatten)]
    text: WireAddressText,
    /// Rises with every change; also the `ETag`.
    version: u64,
}

impl WireAddress {
    /// The twin.
    pub(crate) fn of(booked: &BookedAddress) -> WireAddress {
        let text = WireAddressText::of(&booked.address);
        WireAddress { id: booked.id, text, version: booked.version }
    }
}

/// A purchase list (采购单).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PurchaseList)]
pub(crate) struct WireList {
    pub(crate) items: Vec<WireItem>,
}

/// A line of a purchase list, at the price of now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PurchaseListItem)]
pub(crate) struct WireItem {
    id: i64,
    sku_id: String,
    title: String,
    quantity: u32,
    unit_price_fen: i64,
}

impl WireItem {
    /// The twin.
    pub(crate) fn of(item: &ListedItem) -> WireItem {
        WireItem {
            id: item.id,
            sku_id: item.sku.id.as_str().to_owned(),
            title: item.sku.title.clone(),
            quantity: item.quantity,
            unit_price_fen: item.sku.price.get(),
        }
    }
}

/// A line that was put on the list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PutItem)]
pub(crate) struct WirePutItem {
    id: i64,
    sku_id: String,
    quantity: u32,
}

impl WirePutItem {
    /// The twin.
    pub(crate) fn of(item: &ListedItem) -> WirePutItem {
        WirePutItem {
            id: item.id,
            sku_id: item.sku.id.as_str().to_owned(),
            quantity: item.quantity,
        }
    }
}
