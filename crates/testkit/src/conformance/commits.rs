//! All of a changeset or none, under its name.

use super::{Stores, deciding, placing};
use crate::sample;
use domain::changeset::{Changeset, InboxEntry, InboxStatus};
use domain::fact::Trade;
use domain::order::{CancelCause, Command};
use domain::ports::{CommitAnswer, OrderKey};
use domain::{CommandId, OutTradeNo};

pub async fn a_moved_version_is_a_conflict_that_writes_nothing(stores: &Stores) {
    let old = stores.open_order(1).await;
    let cancel = Command::Cancel(CancelCause::Buyer);
    assert_eq!(stores.give(&old, &cancel, sample::intent("a")).await, CommitAnswer::Committed);
    let before = stores.dump().await;
    let late = stores.give(&old, &sample::success(&old, "T-1"), sample::intent("b")).await;
    assert_eq!(late, CommitAnswer::Conflict);
    assert_eq!(stores.dump().await, before);
}

pub async fn the_same_command_again_is_already_committed(stores: &Stores) {
    let order = stores.open_order(1).await;
    let paid = sample::success(&order, "T-1");
    assert_eq!(stores.give(&order, &paid, sample::intent("x")).await, CommitAnswer::Committed);
    let before = stores.dump().await;
    // Whatever else it says: the name alone decides, before the version is looked at.
    let cancel = Command::Cancel(CancelCause::Buyer);
    let again = stores.give(&order, &cancel, sample::intent("x")).await;
    assert_eq!(again, CommitAnswer::AlreadyCommitted);
    assert_eq!(stores.dump().await, before);
}

pub async fn a_command_is_known_after_its_commit_and_not_before(stores: &Stores) {
    let name = CommandId::stored("place-1".to_owned());
    assert_eq!(stores.orders.committed(&name).await, Ok(false));
    stores.open_order(1).await;
    assert_eq!(stores.orders.committed(&name).await, Ok(true));
}

pub async fn an_idempotency_key_leads_to_its_order(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 100, 9).await;
    let placement = sample::placement(1, buyer, &[(&sku, 1)]);
    let mut intent = sample::intent("keyed");
    let record = sample::replay("key-1", Some(placement.id));
    intent.replay = Some(record.clone());
    assert_eq!(stores.orders.replay(&record.scope).await, Ok(None));
    let answer = stores.orders.commit(placing(&placement, intent)).await;
    assert_eq!(answer, CommitAnswer::Committed);
    assert_eq!(stores.orders.replay(&record.scope).await, Ok(Some(record.clone())));
    // Under another name the same key has still been used: nothing is written over it.
    let before = stores.dump().await;
    let mut twin = sample::intent("keyed otherwise");
    twin.replay = Some(domain::changeset::ReplayRecord { reused: true, ..record });
    let alone = Changeset::without_order(twin, sample::start());
    assert_eq!(stores.orders.commit(alone).await, CommitAnswer::AlreadyCommitted);
    assert_eq!(stores.dump().await, before);
}

pub async fn an_order_is_found_by_id_number_and_out_trade_no(stores: &Stores) {
    let order = stores.open_order(1).await;
    let number = sample::out_trade_no(&order);
    for key in [
        OrderKey::Id(order.id),
        OrderKey::Number(order.number.clone()),
        OrderKey::OutTradeNo(number),
    ] {
        let found = stores.orders.load(&key).await.unwrap().expect("an order");
        assert_eq!(found.value, order);
    }
    let unknown = OutTradeNo::parse("nobody-has-this").unwrap();
    assert_eq!(stores.orders.load(&OrderKey::OutTradeNo(unknown)).await, Ok(None));
}

pub async fn a_notification_stored_as_an_orphan_can_still_be_applied(stores: &Stores) {
    let order = stores.open_order(1).await;
    let entry = |status| InboxEntry {
        source: "wechat_pay_v3",
        event_id: "EV-1".to_owned(),
        event_type: "TRANSACTION.SUCCESS".to_owned(),
        fact_hash: "same".to_owned(),
        status,
        out_trade_no: Some(sample::out_trade_no(&order)),
    };
    let mut stored = sample::intent("unapplied");
    stored.inbox = Some(entry(InboxStatus::Orphan));
    let orphan = Changeset::without_order(stored, sample::start());
    assert_eq!(stores.orders.commit(orphan.clone()).await, CommitAnswer::Committed);
    assert_eq!(stores.orders.commit(orphan).await, CommitAnswer::AlreadyCommitted);
    // "Stored for later" is no verdict, and takes none back.
    let mut later = sample::intent("later");
    later.inbox = Some(entry(InboxStatus::Verified));
    let later = Changeset::without_order(later, sample::start());
    assert_eq!(stores.orders.commit(later).await, CommitAnswer::Committed);
    assert_eq!(stores.inbox().await.concat().to_lowercase(), "ev-1 orphan same");
    let mut applied = sample::intent("applied");
    applied.inbox = Some(entry(InboxStatus::Applied));
    let command = sample::success(&order, "T-1");
    let answer = stores.orders.commit(deciding(&order, &command, applied)).await;
    assert_eq!(answer, CommitAnswer::Committed);
    let mut repeated = sample::intent("repeated");
    repeated.inbox = Some(entry(InboxStatus::Duplicate));
    let again = Changeset::without_order(repeated, sample::start());
    assert_eq!(stores.orders.commit(again).await, CommitAnswer::Committed);
    let inbox = stores.inbox().await;
    assert_eq!(inbox, ["EV-1 applied same"]);
    // The same id with another fact is kept apart, and somebody has to look.
    let mut other = sample::intent("other");
    other.inbox = Some(InboxEntry { fact_hash: "other".to_owned(), ..entry(InboxStatus::Applied) });
    let differing = Changeset::without_order(other, sample::start());
    assert_eq!(stores.orders.commit(differing).await, CommitAnswer::Committed);
    assert_eq!(stores.inbox().await, ["EV-1 applied same"]);
    assert!(stores.dump().await.contains("two different facts"));
}

pub async fn several_lines_of_one_sku_are_held_and_sold_together(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 100, 5).await;
    let placement = sample::placement(1, buyer, &[(&sku, 2), (&sku, 3)]);
    assert_eq!(stores.place(&placement, "place").await, CommitAnswer::Committed);
    let level = stores.catalogue.sku(&sku.id).await.unwrap().unwrap().stock;
    assert_eq!((level.available, level.held, level.sold), (0, 5, 0));
    let order = stores.load(&placement).await;
    let paid = sample::success(&order, "T-1");
    assert_eq!(stores.give(&order, &paid, sample::intent("pay")).await, CommitAnswer::Committed);
    let level = stores.catalogue.sku(&sku.id).await.unwrap().unwrap().stock;
    assert_eq!((level.available, level.held, level.sold, level.stocked), (0, 0, 5, 5));
    let settled = stores.again(&order).await;
    let closed = sample::says(&order, Trade::Closed);
    let late = stores.give(&settled, &closed, sample::intent("late")).await;
    assert_eq!(late, CommitAnswer::Committed, "an empty changeset is a changeset");
    assert_eq!(stores.again(&order).await, settled, "and changes nothing");
}
