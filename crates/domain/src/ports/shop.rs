//! The catalogue, and what a buyer keeps before there is an order.

use super::PortFuture;
use super::coupons::CouponAtHand;
use super::order_store::{Loaded, StoreError};
use crate::buyer::{Address, AddressId, BookedAddress, ItemId, ListedItem, NewItem, Selection};
use crate::catalogue::{Sku, SkuDraft, SkuId, StockLevel};
use crate::changeset::{Audit, ReplayRecord};
use crate::coupon::CouponId;
use crate::delivery::DeliveryRules;
use crate::stock::StockEntry;
use crate::{OrderNumber, Timestamp, UserId};
use uuid::Uuid;

/// What is for sale.
pub trait Catalogue: Send + Sync {
    /// SKUs on sale by id, after `after`, at most `limit`.
    fn on_sale(
        &self,
        after: Option<SkuId>,
        limit: u32,
    ) -> PortFuture<'_, Result<Vec<Sku>, StoreError>>;

    /// One SKU, whatever its status.
    fn sku<'a>(&'a self, id: &'a SkuId) -> PortFuture<'a, Result<Option<Sku>, StoreError>>;

    /// Creates or changes a SKU; writes an audit row.
    ///
    /// # Contract
    /// With `expected` the price version must equal it; without, the SKU must not exist.
    /// Title, price, cost and status change `price_version`; stock does not.
    fn put_sku<'a>(
        &'a self,
        draft: &'a SkuDraft,
        expected: Option<u64>,
        audit: &'a Audit,
        now: Timestamp,
    ) -> PortFuture<'a, Result<PutAnswer<Sku>, StoreError>>;

    /// Brings stock in or takes it out; writes a stock move and the idempotency key in one commit.
    ///
    /// # Contract
    /// `stocked` and `available` both move by `delta`; what is held or sold cannot be taken out.
    /// The same replay scope again changes nothing and answers `Replayed` with what it recorded.
    fn move_stock<'a>(
        &'a self,
        change: &'a StockChange,
    ) -> PortFuture<'a, Result<StockAnswer, StoreError>>;

    /// A page of what moved the stock of one SKU, newest first, by `(at, id)`; `None` when there is no
    /// such SKU.
    ///
    /// # Contract
    /// Every change of a SKU's stock is one entry, written in the commit that made it: from nothing, the
    /// entries in any order lead to the level that [`Catalogue::sku`] shows.
    fn stock_entries<'a>(
        &'a self,
        query: &'a StockEntryList,
    ) -> PortFuture<'a, Result<Option<StockEntryListing>, StoreError>>;
}

/// Which moves of stock to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockEntryList {
    /// Of what.
    pub sku_id: SkuId,
    /// Moved at or after.
    pub from: Option<Timestamp>,
    /// Moved before.
    pub to: Option<Timestamp>,
    /// Only entries older than this one: the last of the page before.
    pub after: Option<(Timestamp, Uuid)>,
    /// At most this many, 1–100.
    pub limit: u32,
}

/// A page of moves of stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockEntryListing {
    /// The entries, newest first.
    pub entries: Vec<StockEntry>,
    /// Whether there are older ones.
    pub more: bool,
}

/// Stock brought in or taken out by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockChange {
    /// Of what.
    pub sku_id: SkuId,
    /// How many; negative takes out.
    pub delta: i64,
    /// Why, in the operator's words.
    pub reason: String,
    /// Who.
    pub audit: Audit,
    /// Under which key.
    pub replay: ReplayRecord,
}

/// How a stock change ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StockAnswer {
    /// The stock as it is now.
    Moved(StockLevel),
    /// The same key was used before; this is what it recorded, and the stock as it is now.
    Replayed(ReplayRecord, StockLevel),
    /// There is no such SKU.
    NotFound,
    /// Less is available than was to be taken out.
    TooLittle,
}

/// How a versioned write ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutAnswer<T> {
    /// It was not there and is now.
    Created(T),
    /// It was changed.
    Changed(T),
    /// It is not at the expected version, or it exists and no version was given.
    VersionMoved,
    /// There is nothing to change.
    NotFound,
}

/// Addresses and purchase lists. Everything is asked for with its buyer: what belongs to another
/// does not exist.
pub trait BuyerBook: Send + Sync {
    /// Every address, by number.
    fn addresses(&self, buyer: UserId) -> PortFuture<'_, Result<Vec<BookedAddress>, StoreError>>;

    /// Adds an address. Numbers rise per buyer and are never used again. `None` when the buyer
    /// has `max` already.
    fn add_address(
        &self,
        buyer: UserId,
        address: Address,
        max: u32,
    ) -> PortFuture<'_, Result<Option<BookedAddress>, StoreError>>;

    /// Replaces an address at `expected` version.
    fn put_address(
        &self,
        buyer: UserId,
        id: AddressId,
        expected: u64,
        address: Address,
    ) -> PortFuture<'_, Result<PutAnswer<BookedAddress>, StoreError>>;

    /// Removes an address; `false` when there is none. Orders keep their own copy.
    fn delete_address(
        &self,
        buyer: UserId,
        id: AddressId,
    ) -> PortFuture<'_, Result<bool, StoreError>>;

    /// The purchase list, by number.
    fn items(&self, buyer: UserId) -> PortFuture<'_, Result<Vec<ListedItem>, StoreError>>;

    /// Adds a line. A line for the same SKU that no order has captured grows instead. A
    /// list holds at most `max` lines.
    fn add_item(
        &self,
        buyer: UserId,
        item: NewItem,
        max: u32,
    ) -> PortFuture<'_, Result<AddItemAnswer, StoreError>>;

    /// Changes the quantity of a line that no order has captured: a captured line leaves the list
    /// whole when its order is paid, so it may not mean more than was priced.
    fn change_item(
        &self,
        buyer: UserId,
        id: ItemId,
        quantity: u32,
    ) -> PortFuture<'_, Result<ChangeItemAnswer, StoreError>>;

    /// Removes a line; `false` when there is none. An order that captured it goes on.
    fn remove_item(&self, buyer: UserId, id: ItemId) -> PortFuture<'_, Result<bool, StoreError>>;

    /// Everything that a checkout reads, as one snapshot in one round trip.
    fn checkout_basis<'a>(
        &'a self,
        buyer: UserId,
        selection: &'a Selection,
        address_id: AddressId,
        coupon: Option<&'a CouponId>,
    ) -> PortFuture<'a, Result<Loaded<CheckoutBasis>, StoreError>>;
}

/// How adding a line ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddItemAnswer {
    /// The line as it is now.
    Added(ListedItem),
    /// There is no such SKU on sale.
    NoSuchSku,
    /// The list is full, or the line would grow beyond what a line may hold.
    Full,
}

/// How changing a line ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeItemAnswer {
    /// The line as it is now.
    Changed(ListedItem),
    /// There is none.
    NotFound,
    /// This open order has captured it.
    Captured(OrderNumber),
}

/// What a checkout reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutBasis {
    /// The selected lines that exist, by number.
    pub items: Vec<ListedItem>,
    /// The address, if the buyer has it.
    pub address: Option<Address>,
    /// What delivery costs now.
    pub rules: DeliveryRules,
    /// The coupon that was asked for, if there is such a one.
    pub coupon: Option<CouponAtHand>,
}
