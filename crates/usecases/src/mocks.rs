//! Ports that fail in one precise way. Everything that is not expected panics.

use crate::overheard::may_be_heard;
use crate::{Epochs, Paydesk, QueryBudget, ReportRoom, Settings};
use domain::buyer::{Address, AddressId, BookedAddress, ItemId, ListedItem, NewItem, Selection};
use domain::catalogue::{Sku, SkuDraft, SkuId};
use domain::changeset::{Audit, Changeset, Fence, ReplayRecord, ReplayScope};
use domain::coupon::{CouponId, CouponTerms, Grant};
use domain::delivery::DeliveryRules;
use domain::fact::{PaymentFact, RefundFact};
use domain::job::JobId;
use domain::ledger::{Balances, BuyerAccount};
use domain::names::{Appid, Mchid, Openid};
use domain::payment::{Credential, Payment, Terms};
use domain::ports::*;
use domain::recharge::{PackageId, RechargePackage};
use domain::{CommandId, Epoch, Fen, OrderId, OutRefundNo, OutTradeNo, Pace, Timestamp, UserId};
use mockall::mock;
use std::sync::{Arc, Mutex};

mock! {
    pub(crate) Orders {}
    impl OrderStore for Orders {
        fn load(&self, key: &OrderKey) -> PortFuture<'static, Result<Option<Loaded<domain::order::Order>>, StoreError>>;
        fn commit(&self, changeset: Changeset) -> PortFuture<'static, CommitAnswer>;
        fn committed(&self, command_id: &CommandId) -> PortFuture<'static, Result<bool, StoreError>>;
        fn replay(&self, scope: &ReplayScope) -> PortFuture<'static, Result<Option<ReplayRecord>, StoreError>>;
        fn epoch(&self) -> PortFuture<'static, Result<Epoch, StoreError>>;
        fn list(&self, query: &OrderList) -> PortFuture<'static, Result<OrderListing, StoreError>>;
    }
}

mock! {
    pub(crate) Jobs {}
    impl JobQueue for Jobs {
        fn claim(&self, now: Timestamp, limit: u32, lease_ms: u64) -> PortFuture<'static, Result<Vec<LeasedJob>, StoreError>>;
        fn renew(&self, lease: &Fence, lease_ms: u64) -> PortFuture<'static, Result<bool, StoreError>>;
        fn finish(&self, lease: &Fence, finish: Finish) -> PortFuture<'static, Result<bool, StoreError>>;
        fn hasten(&self, job: &JobId, at: Timestamp) -> PortFuture<'static, Result<(), StoreError>>;
        fn rouse(&self, now: Timestamp) -> PortFuture<'static, Result<u64, StoreError>>;
        fn next_due(&self) -> PortFuture<'static, Result<Option<Timestamp>, StoreError>>;
        fn sweep(&self, now: Timestamp, limit: u32) -> PortFuture<'static, Result<Vec<JobId>, StoreError>>;
    }
}

mock! {
    pub(crate) Gateway {}
    impl PaymentGateway for Gateway {
        fn compose_prepay(&self, terms: &Terms) -> String;
        fn prepay(&self, payment: &Payment) -> PortFuture<'static, Result<Credential, GatewayError>>;
        fn query(&self, out_trade_no: &OutTradeNo) -> PortFuture<'static, Result<PaymentFact, GatewayError>>;
        fn close(&self, out_trade_no: &OutTradeNo) -> PortFuture<'static, Result<(), GatewayError>>;
        fn refund(&self, request: &RefundRequest) -> PortFuture<'static, Result<RefundFact, GatewayError>>;
        fn query_refund(&self, out_refund_no: &OutRefundNo) -> PortFuture<'static, Result<RefundFact, GatewayError>>;
        fn apply_abnormal(&self, request: &AbnormalRequest) -> PortFuture<'static, Result<RefundFact, GatewayError>>;
        fn pay_params(&self, payment: &Payment) -> Option<PayParams>;
    }
}

mock! {
    pub(crate) Notices {}
    impl NoticeOpener for Notices {
        fn open(&self, raw: &RawNotice, now: Timestamp) -> PortFuture<'static, Result<Notice, NoticeError>>;
    }
}

mock! {
    pub(crate) Login {}
    impl LoginGateway for Login {
        fn openid(&self, code: &str) -> PortFuture<'static, Result<(Appid, Openid), LoginError>>;
    }
}

mock! {
    pub(crate) Ids {}
    impl IdSource for Ids {
        fn order_id(&self, now: Timestamp) -> OrderId;
        fn user_id(&self, now: Timestamp) -> UserId;
        fn order_entropy(&self) -> u64;
        fn call(&self) -> u64;
        fn secret(&self) -> [u8; 32];
        fn jitter(&self, bound: u64) -> u64;
    }
}

mock! {
    pub(crate) Events {}
    impl EventSink for Events {
        fn committed(&self, committed: &Committed);
    }
}

mock! {
    pub(crate) Shelf {}
    impl Catalogue for Shelf {
        fn on_sale(&self, after: Option<SkuId>, limit: u32) -> PortFuture<'static, Result<Vec<Sku>, StoreError>>;
        fn sku(&self, id: &SkuId) -> PortFuture<'static, Result<Option<Sku>, StoreError>>;
        fn put_sku(&self, draft: &SkuDraft, expected: Option<u64>, audit: &Audit, now: Timestamp) -> PortFuture<'static, Result<PutAnswer<Sku>, StoreError>>;
        fn move_stock(&self, change: &StockChange) -> PortFuture<'static, Result<StockAnswer, StoreError>>;
        fn stock_entries(&self, query: &StockEntryList) -> PortFuture<'static, Result<Option<StockEntryListing>, StoreError>>;
    }
}

mock! {
    pub(crate) Sheet {}
    impl ShopRules for Sheet {
        fn delivery_rules(&self) -> PortFuture<'static, Result<RulesInForce, StoreError>>;
        fn put_delivery_rules(&self, rules: &DeliveryRules, expected: Option<u64>, audit: &Audit, now: Timestamp) -> PortFuture<'static, Result<PutAnswer<RulesInForce>, StoreError>>;
    }
}

mock! {
    pub(crate) Packages {}
    impl domain::ports::Packages for Packages {
        fn packages(&self) -> PortFuture<'static, Result<Vec<RechargePackage>, StoreError>>;
        fn package(&self, id: &PackageId) -> PortFuture<'static, Result<Option<RechargePackage>, StoreError>>;
        fn put_package(&self, package: &RechargePackage, expected: Option<u64>, audit: &Audit) -> PortFuture<'static, Result<PutAnswer<RechargePackage>, StoreError>>;
    }
}

mock! {
    pub(crate) Ledger {}
    impl domain::ports::Ledger for Ledger {
        fn balances(&self, buyer: UserId) -> PortFuture<'static, Result<Option<Balances>, StoreError>>;
        fn entry(&self, buyer: UserId, account: BuyerAccount, transfer: &str) -> PortFuture<'static, Result<Option<EntryRecord>, StoreError>>;
        fn entries(&self, query: &EntryList) -> PortFuture<'static, Result<EntryListing, StoreError>>;
        fn trial_balance(&self) -> PortFuture<'static, Result<TrialBalance, StoreError>>;
    }
}

mock! {
    pub(crate) Purse {}
    impl CouponBook for Purse {
        fn coupon(&self, id: &CouponId) -> PortFuture<'static, Result<Option<CouponInForce>, StoreError>>;
        fn put_coupon(&self, terms: &CouponTerms, expected: Option<u64>, audit: &Audit, now: Timestamp) -> PortFuture<'static, Result<PutAnswer<CouponInForce>, StoreError>>;
        fn issue(&self, issue: &CouponIssue) -> PortFuture<'static, Result<IssueAnswer, StoreError>>;
        fn grants(&self, buyer: UserId, now: Timestamp, limit: u32) -> PortFuture<'static, Result<Vec<Grant>, StoreError>>;
    }
}

mock! {
    pub(crate) Book {}
    impl BuyerBook for Book {
        fn addresses(&self, buyer: UserId) -> PortFuture<'static, Result<Vec<BookedAddress>, StoreError>>;
        fn add_address(&self, buyer: UserId, address: Address, max: u32) -> PortFuture<'static, Result<Option<BookedAddress>, StoreError>>;
        fn put_address(&self, buyer: UserId, id: AddressId, expected: u64, address: Address) -> PortFuture<'static, Result<PutAnswer<BookedAddress>, StoreError>>;
        fn delete_address(&self, buyer: UserId, id: AddressId) -> PortFuture<'static, Result<bool, StoreError>>;
        fn items(&self, buyer: UserId) -> PortFuture<'static, Result<Vec<ListedItem>, StoreError>>;
        fn add_item(&self, buyer: UserId, item: NewItem, max: u32) -> PortFuture<'static, Result<AddItemAnswer, StoreError>>;
        fn change_item(&self, buyer: UserId, id: ItemId, quantity: u32) -> PortFuture<'static, Result<ChangeItemAnswer, StoreError>>;
        fn remove_item(&self, buyer: UserId, id: ItemId) -> PortFuture<'static, Result<bool, StoreError>>;
        fn checkout_basis<'a>(&self, buyer: UserId, selection: &Selection, address_id: AddressId, coupon: Option<&'a CouponId>) -> PortFuture<'static, Result<Loaded<CheckoutBasis>, StoreError>>;
    }
}

mock! {
    pub(crate) Door {}
    impl Access for Door {
        fn buyer(&self, appid: &Appid, openid: &Openid, fresh: UserId, now: Timestamp) -> PortFuture<'static, Result<UserId, StoreError>>;
        fn openid(&self, buyer: UserId, appid: &Appid) -> PortFuture<'static, Result<Option<Openid>, StoreError>>;
        fn open_session(&self, token_hash: [u8; 32], session: SessionRecord) -> PortFuture<'static, Result<(), StoreError>>;
        fn session(&self, token_hash: [u8; 32]) -> PortFuture<'static, Result<Option<SessionRecord>, StoreError>>;
        fn add_api_key(&self, key_hash: [u8; 32], record: ApiKeyRecord) -> PortFuture<'static, Result<(), StoreError>>;
        fn api_key(&self, key_hash: [u8; 32]) -> PortFuture<'static, Result<Option<ApiKeyRecord>, StoreError>>;
        fn api_keys(&self) -> PortFuture<'static, Result<Vec<ApiKeyRecord>, StoreError>>;
        fn revoke_api_key(&self, id: &str, now: Timestamp) -> PortFuture<'static, Result<bool, StoreError>>;
    }
}

mock! {
    pub(crate) Drawer {}
    impl CaseBook for Drawer {
        fn cases(&self, query: &CaseList) -> PortFuture<'static, Result<CaseListing, StoreError>>;
        fn case(&self, id: domain::CaseId) -> PortFuture<'static, Result<Option<domain::case::Case>, StoreError>>;
        fn change_case(&self, change: &CaseChange) -> PortFuture<'static, Result<CaseAnswer, StoreError>>;
    }
}

mock! {
    pub(crate) Rules {}
    impl Invariants for Rules {
        fn check(&self, pace: Pace) -> PortFuture<'static, Result<Vec<InvariantReport>, StoreError>>;
        fn check_part(&self, part: Part, pace: Pace) -> PortFuture<'static, Result<Vec<InvariantReport>, StoreError>>;
    }
}

/// A clock that stands still.
struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn real(&self) -> Timestamp {
        self.0
    }

    fn sleep_millis(&self, _millis: u64) -> PortFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// A clock that moves by nothing but sleep.
pub(crate) struct Dozing(Mutex<Timestamp>);

impl Dozing {
    /// It is `now`, until somebody sleeps.
    pub(crate) fn since(now: Timestamp) -> Arc<Dozing> {
        Arc::new(Dozing(Mutex::new(now)))
    }
}

impl Clock for Dozing {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn real(&self) -> Timestamp {
        self.now()
    }

    fn sleep_millis(&self, millis: u64) -> PortFuture<'_, ()> {
        let mut now = self.0.lock().unwrap();
        *now = now.plus_millis(millis.try_into().unwrap());
        ready(())
    }
}

/// Chance that always draws the largest number that it may.
pub(crate) fn all_the_jitter() -> Arc<MockIds> {
    let mut ids = MockIds::new();
    ids.expect_jitter().returning(|bound| bound);
    ids.expect_call().return_const(1u64);
    Arc::new(ids)
}

/// An answer that is there at once.
pub(crate) fn ready<T: Send + 'static>(value: T) -> PortFuture<'static, T> {
    Box::pin(std::future::ready(value))
}

/// The application over ports that fail as told; what is not told is not called.
pub(crate) fn desk(orders: MockOrders, gateway: MockGateway, now: Timestamp) -> Paydesk {
    may_be_heard();
    let mut events = MockEvents::new();
    events.expect_committed().return_const(());
    let mut ids = MockIds::new();
    ids.expect_jitter().return_const(0u64);
    let calls = std::sync::atomic::AtomicU64::new(1);
    ids.expect_call().returning(move || calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    Paydesk {
        orders: Arc::new(orders),
        jobs: Arc::new(MockJobs::new()),
        catalogue: Arc::new(MockShelf::new()),
        rules: Arc::new(MockSheet::new()),
        packages: Arc::new(MockPackages::new()),
        ledger: Arc::new(MockLedger::new()),
        coupons: Arc::new(MockPurse::new()),
        book: Arc::new(MockBook::new()),
        access: Arc::new(MockDoor::new()),
        cases: Arc::new(MockDrawer::new()),
        invariants: Arc::new(MockRules::new()),
        gateway: Arc::new(gateway),
        notices: Arc::new(MockNotices::new()),
        login: Arc::new(MockLogin::new()),
        shipping: None,
        clock: Arc::new(Still(now)),
        ids: Arc::new(ids),
        events: Arc::new(events),
        query_budget: QueryBudget::new(100),
        report_room: ReportRoom::default(),
        epochs: Epochs::default(),
        settings: Settings {
            deployment_id: "test".to_owned(),
            mchid: Mchid::new("1900000109"),
            appid: Appid::new("wx-mini"),
            mobile_appid: Some(Appid::new("wx-app")),
            checkout_deadline_s: 1_800,
            direct_deadline_s: 900,
            session_s: 3_600,
            longest_call_s: 5,
            pace: domain::Pace::DESIGNED,
            refund_approval_above: Fen::new(1_000_000),
        },
    }
}
