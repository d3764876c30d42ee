//! Every port of storage: commits by [`SimStore::commit_through`], all else through [`SimStore::through`],
//! but for the invariants, which nobody asks about.

use super::SimStore;
use crate::matrix::Step;
use crate::mistakes::{self, Mistake};
use domain::buyer::{Address, AddressId, BookedAddress, ItemId, ListedItem, NewItem, Selection};
use domain::case::Case;
use domain::catalogue::{Sku, SkuDraft, SkuId};
use domain::changeset::{Audit, Changeset, Fence, ReplayRecord, ReplayScope};
use domain::coupon::{CouponId, CouponTerms, Grant};
use domain::delivery::DeliveryRules;
use domain::job::JobId;
use domain::ledger::{Balances, BuyerAccount};
use domain::names::{Appid, Openid};
use domain::order::Order;
use domain::ports::{
    Access, AddItemAnswer, ApiKeyRecord, BuyerBook, CaseAnswer, CaseBook, CaseChange, CaseList,
    CaseListing, Catalogue, ChangeItemAnswer, CheckoutBasis, CommitAnswer, CouponBook,
    CouponInForce, CouponIssue, EntryList, EntryListing, EntryRecord, Finish, InvariantReport,
    Invariants, IssueAnswer, JobQueue, LeasedJob, Ledger, Loaded, OrderKey, OrderList,
    OrderListing, OrderStore, Packages, Part, PortFuture, PutAnswer, RulesInForce, SessionRecord,
    ShopRules, StockAnswer, StockChange, StockEntryList, StockEntryListing, StoreError,
    TrialBalance,
};
use domain::recharge::{PackageId, RechargePackage};
use domain::{CaseId, CommandId, Epoch, Pace, Timestamp, UserId};

type Answer<'a, T> = PortFuture<'a, Result<T, StoreError>>;

impl OrderStore for SimStore {
    fn load<'a>(&'a self, key: &'a OrderKey) -> Answer<'a, Option<Loaded<Order>>> {
        Box::pin(async move {
            let asked = self.clock.local();
            let loaded = self.through(Step::Tx, "load", || self.memory().load(key)).await?;
            if let Some(loaded) = &loaded {
                let _useful = self.clock.measured(asked, loaded.store_now);
            }
            Ok(loaded)
        })
    }

    fn commit(&self, changeset: Changeset) -> PortFuture<'_, CommitAnswer> {
        Box::pin(self.commit_through(changeset))
    }

    fn committed<'a>(&'a self, command_id: &'a CommandId) -> Answer<'a, bool> {
        Box::pin(self.through(Step::Tx, "committed", || self.memory().committed(command_id)))
    }

    fn replay<'a>(&'a self, scope: &'a ReplayScope) -> Answer<'a, Option<ReplayRecord>> {
        Box::pin(self.through(Step::Tx, "replay", || self.memory().replay(scope)))
    }

    fn epoch(&self) -> Answer<'_, Epoch> {
        Box::pin(self.through(Step::Tx, "epoch", || self.memory().epoch()))
    }

    fn list<'a>(&'a self, query: &'a OrderList) -> Answer<'a, OrderListing> {
        Box::pin(self.through(Step::Tx, "list", || self.memory().list(query)))
    }
}

impl JobQueue for SimStore {
    fn claim(&self, now: Timestamp, limit: u32, lease_ms: u64) -> Answer<'_, Vec<LeasedJob>> {
        Box::pin(self.through(Step::Tx, "claim", move || {
            Box::pin(async move {
                let jobs = self.memory().claim(now, limit, lease_ms).await?;
                self.world.oracle.claimed(&self.world, self.node, &jobs, lease_ms);
                if !jobs.is_empty() {
                    self.world.tell_of_work();
                    self.world.claimed_by(self.node);
                    if let Some(plan) = self.world.plan() {
                        plan.claimed(self.world.kernel.home());
                    }
                }
                Ok(jobs)
            })
        }))
    }

    fn renew<'a>(&'a self, lease: &'a Fence, lease_ms: u64) -> Answer<'a, bool> {
        Box::pin(self.through(Step::Tx, "renew", move || {
            Box::pin(async move {
                let renewed = self.memory().renew(lease, lease_ms).await?;
                if renewed {
                    self.world.oracle.renewed(&self.world, lease, lease_ms);
                }
                Ok(renewed)
            })
        }))
    }

    fn finish<'a>(&'a self, lease: &'a Fence, finish: Finish) -> Answer<'a, bool> {
        Box::pin(self.through(Step::TxPlus, "finish", move || {
            Box::pin(async move {
                let parks = matches!(finish, Finish::Park(_));
                let finished = self.memory().finish(lease, finish).await?;
                self.world.tell_of_work();
                if finished {
                    self.world.oracle.finished(&self.world, lease, parks);
                }
                Ok(finished)
            })
        }))
    }

    fn hasten<'a>(&'a self, job: &'a JobId, at: Timestamp) -> Answer<'a, ()> {
        Box::pin(self.through(Step::Tx, "hasten", move || {
            Box::pin(async move {
                self.memory().hasten(job, at).await?;
                self.world.tell_of_work();
                Ok(())
            })
        }))
    }

    fn rouse(&self, now: Timestamp) -> Answer<'_, u64> {
        Box::pin(self.through(Step::Tx, "rouse", move || {
            Box::pin(async move {
                let roused = match self.world.mistake() {
                    Some(Mistake::RouseMovesJobsAlone) => {
                        mistakes::moves_jobs_alone(&self.world, now).await?
                    }
                    Some(_) | None => self.memory().rouse(now).await?,
                };
                self.world.tell_of_work();
                Ok(roused)
            })
        }))
    }

    fn next_due(&self) -> Answer<'_, Option<Timestamp>> {
        Box::pin(self.through(Step::Tx, "next_due", || self.memory().next_due()))
    }

    fn sweep(&self, now: Timestamp, limit: u32) -> Answer<'_, Vec<JobId>> {
        Box::pin(self.through(Step::Tx, "sweep", move || {
            Box::pin(async move {
                let found = self.memory().sweep(now, limit).await?;
                self.world.tell_of_work();
                Ok(found)
            })
        }))
    }
}

impl Catalogue for SimStore {
    fn on_sale(&self, after: Option<SkuId>, limit: u32) -> Answer<'_, Vec<Sku>> {
        Box::pin(self.through(Step::Tx, "on_sale", move || self.memory().on_sale(after, limit)))
    }

    fn sku<'a>(&'a self, id: &'a SkuId) -> Answer<'a, Option<Sku>> {
        Box::pin(self.through(Step::Tx, "sku", || self.memory().sku(id)))
    }

    fn put_sku<'a>(
        &'a self,
        draft: &'a SkuDraft,
        expected: Option<u64>,
        audit: &'a Audit,
        now: Timestamp,
    ) -> Answer<'a, PutAnswer<Sku>> {
        Box::pin(self.through(Step::Tx, "put_sku", move || {
            self.memory().put_sku(draft, expected, audit, now)
        }))
    }

    fn move_stock<'a>(&'a self, change: &'a StockChange) -> Answer<'a, StockAnswer> {
        Box::pin(self.through(Step::Tx, "move_stock", || {
            Box::pin(async {
                let answer = self.memory().move_stock(change).await?;
                self.world.oracle.moved_by_hand(&self.world, change, &answer);
                Ok(answer)
            })
        }))
    }

    fn stock_entries<'a>(
        &'a self,
        query: &'a StockEntryList,
    ) -> Answer<'a, Option<StockEntryListing>> {
        Box::pin(self.through(Step::Tx, "stock_entries", || self.memory().stock_entries(query)))
    }
}

impl Packages for SimStore {
    fn packages(&self) -> Answer<'_, Vec<RechargePackage>> {
        Box::pin(self.through(Step::Tx, "packages", || self.memory().packages()))
    }

    fn package<'a>(&'a self, id: &'a PackageId) -> Answer<'a, Option<RechargePackage>> {
        Box::pin(self.through(Step::Tx, "package", || self.memory().package(id)))
    }

    fn put_package<'a>(
        &'a self,
        package: &'a RechargePackage,
        expected: Option<u64>,
        audit: &'a Audit,
    ) -> Answer<'a, PutAnswer<RechargePackage>> {
        Box::pin(self.through(Step::Tx, "put_package", move || {
            Box::pin(async move {
                let answer = self.memory().put_package(package, expected, audit).await?;
                if let PutAnswer::Created(package) | PutAnswer::Changed(package) = &answer {
                    self.world.oracle.offers(package);
                }
                Ok(answer)
            })
        }))
    }
}

impl Ledger for SimStore {
    fn balances(&self, buyer: UserId) -> Answer<'_, Option<Balances>> {
        Box::pin(self.through(Step::Tx, "balances", move || {
            Box::pin(async move {
                let held = self.memory().balances(buyer).await?;
                let task = self.world.kernel.current();
                self.world.oracle.told_balances(task, buyer, held.unwrap_or_default());
                Ok(held)
            })
        }))
    }

    fn entry<'a>(
        &'a self,
        buyer: UserId,
        account: BuyerAccount,
        transfer: &'a str,
    ) -> Answer<'a, Option<EntryRecord>> {
        Box::pin(
            self.through(Step::Tx, "entry", move || self.memory().entry(buyer, account, transfer)),
        )
    }

    fn entries<'a>(&'a self, query: &'a EntryList) -> Answer<'a, EntryListing> {
        Box::pin(self.through(Step::Tx, "entries", || self.memory().entries(query)))
    }

    fn trial_balance(&self) -> Answer<'_, TrialBalance> {
        Box::pin(self.through(Step::Tx, "trial_balance", || self.memory().trial_balance()))
    }
}

impl ShopRules for SimStore {
    fn delivery_rules(&self) -> Answer<'_, RulesInForce> {
        Box::pin(self.through(Step::Tx, "delivery_rules", || self.memory().delivery_rules()))
    }

    fn put_delivery_rules<'a>(
        &'a self,
        rules: &'a DeliveryRules,
        expected: Option<u64>,
        audit: &'a Audit,
        now: Timestamp,
    ) -> Answer<'a, PutAnswer<RulesInForce>> {
        Box::pin(self.through(Step::Tx, "put_delivery_rules", move || {
            Box::pin(async move {
                let answer = self.memory().put_delivery_rules(rules, expected, audit, now).await?;
                if let PutAnswer::Created(set) | PutAnswer::Changed(set) = &answer {
                    self.world.oracle.rules_are(&set.rules);
                }
                Ok(answer)
            })
        }))
    }
}

impl CouponBook for SimStore {
    fn coupon<'a>(&'a self, id: &'a CouponId) -> Answer<'a, Option<CouponInForce>> {
        Box::pin(self.through(Step::Tx, "coupon", || self.memory().coupon(id)))
    }

    fn put_coupon<'a>(
        &'a self,
        terms: &'a CouponTerms,
        expected: Option<u64>,
        audit: &'a Audit,
        now: Timestamp,
    ) -> Answer<'a, PutAnswer<CouponInForce>> {
        Box::pin(self.through(Step::Tx, "put_coupon", move || {
            self.memory().put_coupon(terms, expected, audit, now)
        }))
    }

    fn issue<'a>(&'a self, issue: &'a CouponIssue) -> Answer<'a, IssueAnswer> {
        Box::pin(self.through(Step::Tx, "issue", || self.memory().issue(issue)))
    }

    fn grants(&self, buyer: UserId, now: Timestamp, limit: u32) -> Answer<'_, Vec<Grant>> {
        Box::pin(self.through(Step::Tx, "grants", move || self.memory().grants(buyer, now, limit)))
    }
}

impl BuyerBook for SimStore {
    fn addresses(&self, buyer: UserId) -> Answer<'_, Vec<BookedAddress>> {
        Box::pin(self.through(Step::Tx, "addresses", move || self.memory().addresses(buyer)))
    }

    fn add_address(
        &self,
        buyer: UserId,
        address: Address,
        max: u32,
    ) -> Answer<'_, Option<BookedAddress>> {
        Box::pin(self.through(Step::Tx, "add_address", move || {
            self.memory().add_address(buyer, address, max)
        }))
    }

    fn put_address(
        &self,
        buyer: UserId,
        id: AddressId,
        expected: u64,
        address: Address,
    ) -> Answer<'_, PutAnswer<BookedAddress>> {
        Box::pin(self.through(Step::Tx, "put_address", move || {
            self.memory().put_address(buyer, id, expected, address)
        }))
    }

    fn delete_address(&self, buyer: UserId, id: AddressId) -> Answer<'_, bool> {
        Box::pin(
            self.through(Step::Tx, "delete_address", move || {
                self.memory().delete_address(buyer, id)
            }),
        )
    }

    fn items(&self, buyer: UserId) -> Answer<'_, Vec<ListedItem>> {
        Box::pin(self.through(Step::Tx, "items", move || self.memory().items(buyer)))
    }

    fn add_item(&self, buyer: UserId, item: NewItem, max: u32) -> Answer<'_, AddItemAnswer> {
        Box::pin(
            self.through(Step::Tx, "add_item", move || self.memory().add_item(buyer, item, max)),
        )
    }

    fn change_item(
        &self,
        buyer: UserId,
        id: ItemId,
        quantity: u32,
    ) -> Answer<'_, ChangeItemAnswer> {
        Box::pin(self.through(Step::Tx, "change_item", move || {
            self.memory().change_item(buyer, id, quantity)
        }))
    }

    fn remove_item(&self, buyer: UserId, id: ItemId) -> Answer<'_, bool> {
        Box::pin(
            self.through(Step::Tx, "remove_item", move || self.memory().remove_item(buyer, id)),
        )
    }

    fn checkout_basis<'a>(
        &'a self,
        buyer: UserId,
        selection: &'a Selection,
        address_id: AddressId,
        coupon: Option<&'a CouponId>,
    ) -> Answer<'a, Loaded<CheckoutBasis>> {
        Box::pin(async move {
            let asked = self.clock.local();
            let act = || self.memory().checkout_basis(buyer, selection, address_id, coupon);
            let basis = self.through(Step::Tx, "checkout_basis", act).await?;
            let _useful = self.clock.measured(asked, basis.store_now);
            Ok(basis)
        })
    }
}

impl Access for SimStore {
    fn buyer<'a>(
        &'a self,
        appid: &'a Appid,
        openid: &'a Openid,
        fresh: UserId,
        now: Timestamp,
    ) -> Answer<'a, UserId> {
        Box::pin(
            self.through(Step::Tx, "buyer", move || self.memory().buyer(appid, openid, fresh, now)),
        )
    }

    fn openid<'a>(&'a self, buyer: UserId, appid: &'a Appid) -> Answer<'a, Option<Openid>> {
        Box::pin(self.through(Step::Tx, "openid", move || self.memory().openid(buyer, appid)))
    }

    fn open_session<'a>(&'a self, token_hash: [u8; 32], session: SessionRecord) -> Answer<'a, ()> {
        Box::pin(self.through(Step::Tx, "open_session", move || {
            self.memory().open_session(token_hash, session)
        }))
    }

    fn session(&self, token_hash: [u8; 32]) -> Answer<'_, Option<SessionRecord>> {
        Box::pin(self.through(Step::Tx, "session", move || self.memory().session(token_hash)))
    }

    fn add_api_key(&self, key_hash: [u8; 32], record: ApiKeyRecord) -> Answer<'_, ()> {
        Box::pin(
            self.through(Step::Tx, "add_api_key", move || {
                self.memory().add_api_key(key_hash, record)
            }),
        )
    }

    fn api_key(&self, key_hash: [u8; 32]) -> Answer<'_, Option<ApiKeyRecord>> {
        Box::pin(self.through(Step::Tx, "api_key", move || self.memory().api_key(key_hash)))
    }

    fn api_keys(&self) -> Answer<'_, Vec<ApiKeyRecord>> {
        Box::pin(self.through(Step::Tx, "api_keys", || self.memory().api_keys()))
    }

    fn revoke_api_key<'a>(&'a self, id: &'a str, now: Timestamp) -> Answer<'a, bool> {
        Box::pin(
            self.through(Step::Tx, "revoke_api_key", move || self.memory().revoke_api_key(id, now)),
        )
    }
}

/// Asked by operators' pages and by the regular look at the books, which no world has: the oracle holds
/// the invariants.
impl Invariants for SimStore {
    fn check(&self, _pace: Pace) -> Answer<'_, Vec<InvariantReport>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn check_part(&self, _part: Part, _pace: Pace) -> Answer<'_, Vec<InvariantReport>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

impl CaseBook for SimStore {
    fn cases<'a>(&'a self, query: &'a CaseList) -> Answer<'a, CaseListing> {
        Box::pin(self.through(Step::Tx, "cases", || self.memory().cases(query)))
    }

    fn case(&self, id: CaseId) -> Answer<'_, Option<Case>> {
        Box::pin(self.through(Step::Tx, "case", move || self.memory().case(id)))
    }

    fn change_case<'a>(&'a self, change: &'a CaseChange) -> Answer<'a, CaseAnswer> {
        Box::pin(self.through(Step::Tx, "change case", || self.memory().change_case(change)))
    }
}
