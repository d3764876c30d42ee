//! What the application can do, step by step: load, decide, commit, call, record.
//!
//! Coordinates; holds no rule of its own (those are in `domain`) and knows no HTTP, SQL or JSON.
//! Reads no clock and draws no randomness but through ports; starts no task. Start at
//! [`Paydesk`] and `transact.rs`.

mod apply_abnormal;
mod back_office;
mod books;
mod cancel_order;
mod case_actions;
mod checkout;
mod collect_cash;
mod complete_order;
mod epochs;
mod expire_order;
mod follow_payment;
mod follow_refund;
mod ingest_notice;
mod keyed;
mod login;
#[cfg(test)]
mod mocks;
#[cfg(test)]
mod overheard;
mod pay_order;
mod payer_report;
mod query_budget;
mod recharge;
mod refund_order;
mod report_room;
mod report_shipment;
mod resolve_orphan;
#[cfg(test)]
mod samples;
mod spend_points;
mod start_payment;
mod sync_payment;
mod target;
mod transact;
mod view_order;
mod wallet;
mod work;

pub use apply_abnormal::{AbnormalApplication, Applied, AppliedAnswer};
pub use back_office::PutError;
pub use books::Findings;
pub use case_actions::{CaseError, Decided};
pub use checkout::{Checkedout, CheckoutError, CheckoutRequest, Quote, QuoteError};
pub use collect_cash::CollectError;
pub use epochs::Epochs;
pub use ingest_notice::NoticeAnswer;
pub use keyed::{ActError, Acted, Action, Keyed};
pub use login::{LoggedIn, LoginRefused};
pub use pay_order::PayRequest;
pub use query_budget::{QueryBudget, Urgency};
pub use recharge::RechargeRequest;
pub use refund_order::Refunded;
pub use report_room::ReportRoom;
pub use spend_points::{SpendError, Spending, Spent};
pub use start_payment::{Offer, OfferError};
pub use sync_payment::SyncError;
pub use target::{Owner, Target};
pub use transact::TransactError;

use domain::names::{Appid, Mchid};
use domain::ports::{
    Access, BuyerBook, CaseBook, Catalogue, Clock, CouponBook, EventSink, IdSource, Invariants,
    JobQueue, Ledger, LoginGateway, NoticeOpener, OrderStore, Packages, PaymentGateway,
    ShippingManagement, ShopRules,
};
use domain::{Fen, Pace};
use std::sync::Arc;

/// The application: every use case is a method, one file each.
pub struct Paydesk {
    /// Orders.
    pub orders: Arc<dyn OrderStore>,
    /// Promised work.
    pub jobs: Arc<dyn JobQueue>,
    /// What is for sale.
    pub catalogue: Arc<dyn Catalogue>,
    /// What the merchant has set for the whole shop.
    pub rules: Arc<dyn ShopRules>,
    /// What can be bought ahead.
    pub packages: Arc<dyn Packages>,
    /// Who has what.
    pub ledger: Arc<dyn Ledger>,
    /// The merchant's coupons, and who has them.
    pub coupons: Arc<dyn CouponBook>,
    /// Addresses and purchase lists.
    pub book: Arc<dyn BuyerBook>,
    /// Sessions and keys.
    pub access: Arc<dyn Access>,
    /// Cases.
    pub cases: Arc<dyn CaseBook>,
    /// What must always be true.
    pub invariants: Arc<dyn Invariants>,
    /// WeChat Pay.
    pub gateway: Arc<dyn PaymentGateway>,
    /// What WeChat Pay sends us.
    pub notices: Arc<dyn NoticeOpener>,
    /// WeChat login.
    pub login: Arc<dyn LoginGateway>,
    /// WeChat's shipping management of the mini program; `None` if nothing is told to it.
    pub shipping: Option<Arc<dyn ShippingManagement>>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Ids and chance.
    pub ids: Arc<dyn IdSource>,
    /// Who hears of commits.
    pub events: Arc<dyn EventSink>,
    /// How many questions WeChat Pay is asked.
    pub query_budget: QueryBudget,
    /// How many reports of shipments are under way.
    pub report_room: ReportRoom,
    /// Which life of the database was seen last.
    pub epochs: Epochs,
    /// What the merchant has set.
    pub settings: Settings,
}

/// What the merchant has set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which deployment of ours this is; marks our payments at WeChat Pay.
    pub deployment_id: String,
    /// The merchant.
    pub mchid: Mchid,
    /// The mini program: for whoever pays in WeChat, by QR code or in a browser.
    pub appid: Appid,
    /// The mobile app; without one, nothing is paid by App.
    pub mobile_appid: Option<Appid>,
    /// How long a checkout can be paid, in seconds.
    pub checkout_deadline_s: i64,
    /// How long an order that is placed directly can be paid, and an online payment of one that is paid at
    /// the door, in seconds.
    pub direct_deadline_s: i64,
    /// How long a buyer stays logged in, in seconds.
    pub session_s: i64,
    /// The longest that one call to WeChat Pay may take, in seconds.
    pub longest_call_s: i64,
    /// How long a designed second of the ladders takes.
    pub pace: Pace,
    /// An operator's refund above this waits for another person, in fen.
    pub refund_approval_above: Fen,
}
