//! What the application needs from outside, said in its own words.
//!
//! Each port is one conversation, held as `Arc<dyn …>`, with a *Contract* that says what an
//! implementer must do. `testkit`'s conformance suite is those paragraphs, executed on the memory
//! store and on Postgres.

use core::future::Future;
use core::pin::Pin;

pub mod access;
pub mod bills;
pub mod cases;
pub mod clock;
pub mod coupons;
pub mod events;
pub mod gateway;
pub mod invariants;
pub mod job_queue;
pub mod ledger;
pub mod order_store;
pub mod rules;
pub mod shipping;
pub mod shop;

pub use access::{Access, ApiKeyRecord, Role, SessionRecord};
pub use bills::{BillAnswer, BillError, BillSource, MalformedBill};
pub use cases::{CaseAnswer, CaseBook, CaseChange, CaseList, CaseListing};
pub use clock::{Clock, IdSource};
pub use coupons::{CouponAtHand, CouponBook, CouponInForce, CouponIssue, IssueAnswer};
pub use events::{Committed, EventSink};
pub use gateway::{
    AbnormalRequest, GatewayError, LoginError, LoginGateway, Notice, NoticeBody, NoticeError,
    NoticeOpener, PayParams, PaymentGateway, RawNotice, RefundRequest, WechatRefusal,
};
pub use invariants::{InvariantReport, Invariants, Part};
pub use job_queue::{Finish, JobQueue, LeasedJob};
pub use ledger::{EntryList, EntryListing, EntryRecord, Ledger, TrialBalance, TrialLine};
pub use order_store::{
    CommitAnswer, Loaded, OrderKey, OrderList, OrderListing, OrderStore, StoreError,
};
pub use rules::{PACKAGES_MAX, Packages, RulesInForce, ShopRules};
pub use shipping::{ShippingError, ShippingManagement};
pub use shop::{
    AddItemAnswer, BuyerBook, Catalogue, ChangeItemAnswer, CheckoutBasis, PutAnswer, StockAnswer,
    StockChange, StockEntryList, StockEntryListing,
};

/// A boxed future, so that ports can be held as `dyn`.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
