//! The ports' contracts, executed. Both stores run every rule, Postgres also at SERIALIZABLE.
//!
//! A rule gets empty stores and asserts; it may not know which store it has.

pub mod access;
pub mod adopted;
pub mod after_all;
pub mod cases;
pub mod cod;
pub mod commits;
pub mod concurrency;
pub mod coupons;
pub mod crowd;
pub mod effects;
pub mod histories;
pub mod jobs;
pub mod leases;
pub mod ledger;
pub mod ledger_laws;
pub mod listing;
pub mod payments;
pub mod refunds;
pub mod refusals;
pub mod shipping;
pub mod shop;
pub mod stock;
pub mod tcc;
pub mod telling;

use crate::sample;
use domain::changeset::{Changeset, Intent};
use domain::job::{JobChange, JobId};
use domain::order::{Circumstances, Command, Decision, Order, Placement, Rejection};
use domain::payment::Terms;
use domain::ports::{
    Access, BuyerBook, CaseBook, Catalogue, CommitAnswer, CouponBook, JobQueue, Ledger, OrderKey,
    OrderStore, Packages, PortFuture, ShopRules,
};
use domain::{Timestamp, UserId};
use std::sync::Arc;

/// A store, by its ports, and a way to see everything that it holds.
pub struct Stores {
    pub orders: Arc<dyn OrderStore>,
    pub jobs: Arc<dyn JobQueue>,
    pub catalogue: Arc<dyn Catalogue>,
    pub rules: Arc<dyn ShopRules>,
    pub packages: Arc<dyn Packages>,
    pub ledger: Arc<dyn Ledger>,
    pub coupons: Arc<dyn CouponBook>,
    pub book: Arc<dyn BuyerBook>,
    pub access: Arc<dyn Access>,
    pub cases: Arc<dyn CaseBook>,
    /// Everything that is stored, as text: equal texts, equal contents.
    pub dump: Arc<dyn Fn() -> PortFuture<'static, String> + Send + Sync>,
    /// Every notification: its id, status and fact hash.
    pub inbox: Arc<dyn Fn() -> PortFuture<'static, Vec<String>> + Send + Sync>,
    /// Every event for the outside: its order's number, type and subject.
    pub outbox: Arc<dyn Fn() -> PortFuture<'static, Vec<String>> + Send + Sync>,
}

impl Stores {
    /// Ports on a store, past which nobody looks.
    pub fn of<S>(store: &Arc<S>) -> Stores
    where
        S: OrderStore
            + JobQueue
            + Catalogue
            + ShopRules
            + Packages
            + Ledger
            + CouponBook
            + BuyerBook
            + Access
            + CaseBook
            + 'static,
    {
        Stores {
            orders: store.clone(),
            jobs: store.clone(),
            catalogue: store.clone(),
            rules: store.clone(),
            packages: store.clone(),
            ledger: store.clone(),
            coupons: store.clone(),
            book: store.clone(),
            access: store.clone(),
            cases: store.clone(),
            dump: Arc::new(|| Box::pin(std::future::ready(String::new()))),
            inbox: Arc::new(|| Box::pin(std::future::ready(Vec::new()))),
            outbox: Arc::new(|| Box::pin(std::future::ready(Vec::new()))),
        }
    }

    /// A buyer, made through the port.
    pub async fn buyer(&self, n: u64) -> UserId {
        let openid = domain::names::Openid::new(format!("o-{n}"));
        let appid = sample::appid();
        self.access.buyer(&appid, &openid, sample::user(n), sample::start()).await.unwrap()
    }

    /// A SKU with stock, made through the port.
    pub async fn sku(&self, id: &str, price_fen: i64, stock: i64) -> domain::catalogue::Sku {
        let draft = sample::draft(id, price_fen);
        self.catalogue.put_sku(&draft, None, &sample::audit("put"), sample::start()).await.unwrap();
        let change = domain::ports::StockChange {
            sku_id: draft.id.clone(),
            delta: stock,
            reason: "test".to_owned(),
            audit: sample::audit("restock"),
            replay: sample::replay(&format!("stock-{id}"), None),
        };
        self.catalogue.move_stock(&change).await.unwrap();
        self.catalogue.sku(&draft.id).await.unwrap().unwrap()
    }

    /// Commits `placement` under the name `command`.
    pub async fn place(&self, placement: &Placement, command: &str) -> CommitAnswer {
        self.orders.commit(placing(placement, sample::intent(command))).await
    }

    /// An order of one piece of a fresh SKU with plenty of stock.
    pub async fn open_order(&self, n: u64) -> Order {
        let buyer = self.buyer(n).await;
        let sku = self.sku(&format!("sku-{n}"), 500, 100).await;
        let placement = sample::placement(n, buyer, &[(&sku, 1)]);
        let answer = self.place(&placement, &format!("place-{n}")).await;
        assert_eq!(answer, CommitAnswer::Committed);
        self.load(&placement).await
    }

    /// The order of `placement`, as it is stored.
    pub async fn load(&self, placement: &Placement) -> Order {
        let found = self.orders.load(&OrderKey::Id(placement.id)).await.unwrap();
        found.expect("an order").value
    }

    /// The order again, as it is stored.
    pub async fn again(&self, order: &Order) -> Order {
        self.orders.load(&OrderKey::Id(order.id)).await.unwrap().expect("an order").value
    }

    /// Commits what `command` means for `order`.
    pub async fn give(&self, order: &Order, command: &Command, intent: Intent) -> CommitAnswer {
        self.orders.commit(deciding(order, command, intent)).await
    }

    /// Commits what `command` means for `order` at `now`; the order as it is stored then.
    pub async fn step(&self, order: &Order, command: &Command, now: Timestamp) -> Order {
        let name = format!("{}-{}", order.number, order.version);
        let changeset = deciding_at(now, order, command, sample::intent(&name));
        let expected = changeset.order.as_ref().expect("a change").order.clone();
        assert_eq!(self.orders.commit(changeset).await, CommitAnswer::Committed);
        let stored = self.again(order).await;
        assert_eq!(stored, expected, "after {command:?}");
        stored
    }

    /// As if nobody had promised it.
    pub async fn lose_job(&self, id: &JobId) {
        let name = format!("lose-{id}-{}", self.dump().await.len());
        let mut lost = Changeset::without_order(sample::intent(&name), sample::start());
        lost.jobs = vec![JobChange::Remove { id: id.clone() }];
        assert_eq!(self.orders.commit(lost).await, CommitAnswer::Committed);
    }

    /// Every notification.
    pub async fn inbox(&self) -> Vec<String> {
        (self.inbox)().await
    }

    /// What the outside hears of an order, type and subject, in no order.
    pub async fn told_of(&self, order: &Order) -> Vec<String> {
        let all = (self.outbox)().await;
        let own = all.iter().filter_map(|told| told.strip_prefix(order.number.as_str()));
        let mut told: Vec<String> = own.map(|told| told.trim().to_owned()).collect();
        told.sort();
        told
    }

    /// Everything that is stored.
    pub async fn dump(&self) -> String {
        (self.dump)().await
    }
}

/// The changeset that places an order.
pub fn placing(placement: &Placement, intent: Intent) -> Changeset {
    let events = placement
        .decide(sample::start(), &sample::epoch(), &|_| "{\"body\":1}".to_owned())
        .unwrap();
    Changeset::of(None, events, placement.guards(), intent, sample::start()).unwrap()
}

/// The changeset of `command` on `order`.
pub fn deciding(order: &Order, command: &Command, intent: Intent) -> Changeset {
    deciding_at(sample::start(), order, command, intent)
}

/// The changeset of `command` on `order` at `now`.
pub fn deciding_at(now: Timestamp, order: &Order, command: &Command, intent: Intent) -> Changeset {
    match decision(now, order, command, &intent).unwrap() {
        Decision::Record(events) => {
            Changeset::of(Some(order), events, Vec::new(), intent, now).unwrap()
        }
        Decision::AlreadyApplied => Changeset::without_order(intent, now),
    }
}

/// The changeset of `command` on `order` at `now`, if it changes anything.
pub fn changing(
    now: Timestamp,
    order: &Order,
    command: &Command,
    intent: Intent,
) -> Option<Changeset> {
    let Ok(Decision::Record(events)) = decision(now, order, command, &intent) else { return None };
    Changeset::of(Some(order), events, Vec::new(), intent, now)
}

fn decision(
    now: Timestamp,
    order: &Order,
    command: &Command,
    intent: &Intent,
) -> Result<Decision, Rejection> {
    let compose = |_: &Terms| "{\"body\":2}".to_owned();
    let epoch = sample::epoch();
    // What gets a number of its own is numbered by the intention.
    let given = Circumstances {
        compose: &compose,
        actor: &intent.audit.actor,
        name: intent.command_id.as_str(),
        ..Circumstances::ordinary(now, &epoch)
    };
    order.decide_with(command, &given)
}

/// A test for each rule. `$make` gives `(Stores, guard)`; the guard lives as long as the test.
#[macro_export]
macro_rules! conformance {
    ($make:path) => {
        $crate::conformance_rules! { $make:
            access::one_openid_is_one_buyer_however_often_it_comes,
            access::sessions_and_keys_are_found_by_their_hashes,
            access::a_revoked_key_lets_nobody_in_and_is_still_listed,
            adopted::a_lost_payment_takes_its_place_among_the_others,
            adopted::an_order_is_made_again_for_its_lost_payment,
            cases::a_page_of_cases_is_newest_first_and_goes_on_where_it_ended,
            cases::cases_are_found_by_kind_status_subject_and_time,
            cases::one_case_is_open_per_kind_and_subject,
            cases::a_case_names_its_order_when_there_is_one,
            cases::a_case_is_decided_about_once_and_as_it_was_read,
            cases::the_work_of_a_case_is_due_again_when_somebody_says_so,
            cases::what_else_is_found_while_a_case_is_open_is_told_there,
            cases::what_trying_again_did_not_help_is_shown_as_before,
            cases::work_that_is_set_aside_again_is_shown_as_before,
            cod::cash_on_delivery_is_kept_at_every_step,
            cod::what_is_refused_at_the_door_comes_back,
            cod::what_is_refused_and_paid_meanwhile_is_sent_again_or_cancelled,
            cod::cash_on_delivery_becomes_an_online_payment_and_cash_again,
            cod::no_cash_is_written_while_an_online_payment_is_not_over,
            cod::no_other_amount_is_written_and_nothing_paid_is_called_back,
            cod::the_sweep_gives_an_offer_at_the_door_its_deadline_once,
            cod::what_is_to_be_paid_at_the_door_counts_as_unpaid_until_it_leaves,
            commits::a_moved_version_is_a_conflict_that_writes_nothing,
            commits::the_same_command_again_is_already_committed,
            commits::a_command_is_known_after_its_commit_and_not_before,
            commits::an_idempotency_key_leads_to_its_order,
            commits::an_order_is_found_by_id_number_and_out_trade_no,
            commits::a_notification_stored_as_an_orphan_can_still_be_applied,
            commits::several_lines_of_one_sku_are_held_and_sold_together,
            concurrency::of_two_writers_exactly_one_commits,
            concurrency::of_two_payments_started_at_once_exactly_one_is,
            concurrency::one_command_sent_a_hundred_times_has_one_effect,
            concurrency::two_hundred_buyers_of_fifty_pieces_are_fifty_orders,
            concurrency::one_buyer_at_once_stays_within_the_open_orders,
            concurrency::a_dropped_commit_leaves_all_or_nothing,
            coupons::a_coupon_is_changed_at_its_version_only,
            coupons::coupons_are_given_once_per_key_and_within_the_limit,
            coupons::whoever_asks_at_once_gives_no_more_than_one_buyer_may_get,
            coupons::a_held_coupon_is_spent_by_the_settlement,
            coupons::a_coupon_is_free_again_when_its_order_is_cancelled_and_not_before,
            coupons::a_coupon_comes_back_with_all_the_money_before_shipping,
            coupons::an_order_that_its_coupon_makes_free_spends_it_at_once,
            coupons::a_coupon_serves_one_order_at_a_time,
            coupons::terms_that_moved_write_nothing,
            coupons::an_order_whose_coupon_is_gone_is_settled_without_it,
            coupons::a_checkout_reads_the_coupon_that_is_asked_for,
            coupons::what_can_be_used_is_shown_before_what_cannot,
            crowd::no_work_is_lost_among_workers_notices_and_cancels,
            effects::an_effect_happens_once,
            effects::an_order_is_settled_once_whatever_the_state_machine_thinks,
            effects::a_case_ends_with_what_it_was_about,
            effects::whatever_decides_is_read_with_the_epoch,
            effects::what_was_decided_in_another_life_of_the_database_is_a_conflict,
            effects::a_lost_life_has_everything_about_money_looked_at_again,
            effects::a_lost_life_has_refunds_that_wait_for_a_person_asked_about,
            effects::a_no_leaves_a_refund_that_a_lost_life_may_have_sent_to_be_asked_about,
            histories::what_is_loaded_is_what_was_committed,
            histories::a_free_order_is_settled_in_the_commit_that_places_it,
            jobs::two_claimers_never_share_and_tokens_rise,
            jobs::only_what_is_due_is_claimed_oldest_first,
            jobs::a_lease_that_ended_is_claimed_again_and_its_holder_is_fenced,
            jobs::an_earlier_time_wins_whoever_says_it,
            jobs::work_asked_for_while_in_hand_is_not_lost,
            jobs::work_asked_for_while_its_lease_is_renewed_is_not_lost,
            jobs::attempts_count_until_it_goes_well,
            jobs::a_parked_job_rests_with_a_case,
            jobs::the_sweep_finds_work_that_nobody_promised_once,
            jobs::a_commit_under_a_lost_lease_writes_nothing,
            leases::a_renewed_lease_is_kept_under_its_token,
            leases::a_lost_lease_is_not_renewed,
            leases::a_hastened_job_is_wanted_until_it_is_finished,
            leases::whoever_hastens_a_job_that_is_due_or_in_hand_waits_for_it_too,
            leases::a_job_that_was_put_off_is_still_wanted_and_has_not_failed,
            leases::a_job_that_was_put_off_takes_its_turn_with_all_others,
            leases::a_job_that_nobody_waits_for_is_not_wanted_when_it_was_put_off,
            leases::what_a_client_waits_for_is_claimed_before_what_is_older,
            leases::two_claimers_never_share_what_clients_wait_for,
            ledger::a_recharge_is_credited_once_with_its_bonus,
            ledger::a_wallet_pays_in_one_commit_or_not_at_all,
            ledger::a_wallet_pays_beside_as_many_open_orders_as_there_may_be,
            ledger::an_open_order_is_paid_from_the_wallet_and_what_wechat_pay_takes_then_is_surplus,
            ledger::what_goes_back_to_the_wallet_is_there_at_once,
            ledger::a_recharge_that_goes_back_is_taken_from_its_buyer_when_it_is_reserved,
            ledger::a_recharge_that_was_spent_is_not_asked_back_but_what_was_paid_back_elsewhere_is_owed,
            ledger::a_transfer_moves_once_under_its_name,
            ledger_laws::what_comes_again_pays_what_is_owed_first_and_no_more_than_that,
            ledger_laws::of_spendings_that_overlap_as_many_are_as_there_is_for,
            ledger::entries_are_shown_newest_first_and_go_on_where_they_ended,
            ledger_laws::random_transfers_at_once_lose_nothing_make_nothing_and_go_below_nothing,
            ledger::a_recharge_package_is_changed_at_its_version_only,
            listing::a_page_is_newest_first_and_goes_on_where_it_ended,
            listing::an_order_is_listed_by_each_of_its_numbers_and_by_nothing_else,
            payments::another_payment_is_committed_with_the_closing_of_the_first,
            payments::every_way_to_pay_is_kept_with_its_credential,
            payments::a_key_remembers_the_payment_that_it_offered,
            payments::two_open_payments_of_one_order_are_never_written,
            refunds::a_refund_is_kept_in_every_state,
            refunds::a_refund_number_belongs_to_one_order,
            refunds::what_was_sold_comes_back_once_when_its_order_is_cancelled,
            refunds::goods_come_back_when_their_money_is_back_once_per_refund,
            refunds::a_refund_that_ends_frees_its_amount,
            refunds::what_was_not_sent_gives_way_to_what_was_made_elsewhere,
            refunds::a_refund_whose_number_is_anothers_begins_again,
            after_all::a_surplus_refund_that_is_there_beside_the_one_in_its_place_is_kept,
            after_all::more_of_a_surplus_may_be_owed_than_a_person_had_said,
            after_all::what_goes_in_the_place_of_a_refund_that_is_closed_late_has_room,
            after_all::how_much_a_refund_is_wechat_pay_says_when_it_is_first_heard_of_there,
            after_all::money_that_went_back_is_kept_though_another_refund_has_its_goods,
            refunds::every_live_refund_has_a_job_and_the_sweep_finds_one_that_has_none,
            refusals::too_little_stock_writes_nothing,
            refusals::a_moved_price_writes_nothing,
            refusals::a_taken_number_writes_nothing,
            refusals::a_transaction_belongs_to_one_payment,
            refusals::a_captured_line_belongs_to_one_order,
            refusals::a_sixth_open_order_is_refused,
            shipping::what_happens_after_the_money_is_kept,
            shipping::a_payers_report_is_kept_and_settles_nothing,
            shipping::a_delivered_order_has_its_last_day_promised,
            shipping::the_sweep_gives_delivered_orders_their_last_day_once,
            shipping::each_shipment_has_its_report_promised,
            shop::delivery_rules_are_changed_at_their_version_only,
            shop::a_sku_is_changed_at_its_version_only,
            shop::stock_is_moved_once_per_key_and_never_below_zero,
            shop::what_is_on_sale_is_listed_by_id,
            stock::a_try_that_comes_again_or_too_late_holds_nothing,
            stock::a_hold_is_confirmed_or_cancelled_once_and_never_both,
            stock::every_move_of_stock_is_an_entry_and_the_entries_are_the_level,
            stock::a_page_of_stock_entries_goes_on_where_it_ended,
            telling::what_moves_in_a_buyers_account_is_told_once_with_its_transfer,
            telling::what_one_commit_tells_takes_no_number_of_the_next,
            telling::as_much_as_a_version_has_numbers_for_is_told_and_no_more,
            telling::of_what_is_owed_instead_only_what_was_taken_is_told,
            tcc::whatever_comes_twice_late_or_alone_a_hold_is_confirmed_once_or_cancelled_once,
            shop::lines_grow_while_free_and_numbers_are_never_used_again,
            shop::paid_lines_leave_the_list_and_cancelled_ones_are_free_again,
            shop::addresses_belong_to_their_buyer,
            shop::a_checkout_reads_the_lines_that_were_selected,
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! conformance_rules {
    ($make:path: $($module:ident::$rule:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                let (stores, _guard) = $make().await;
                $crate::conformance::$module::$rule(&stores).await;
            }
        )+
    };
}
