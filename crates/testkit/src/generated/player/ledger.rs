//! The ledger: recharges, transfers that no order has, and looks at what accounts hold.

use super::{Player, pick};
use crate::conformance::ledger::package;
use crate::generated::ops::Transferring;
use crate::sample;
use domain::changeset::Changeset;
use domain::ledger::{Account, BuyerAccount, House, Transfer, TransferKind, Unit};
use domain::order::RechargePurchase;
use domain::payment::TradeType;
use domain::ports::EntryList;
use domain::recharge::Credit;
use domain::{OrderId, OrderNumber};
use uuid::Uuid;

const ACCOUNTS: [BuyerAccount; 4] = [
    BuyerAccount::Wallet,
    BuyerAccount::Points,
    BuyerAccount::Receivable(Unit::Fen),
    BuyerAccount::Receivable(Unit::Points),
];

impl Player<'_> {
    pub(super) async fn recharge(
        &mut self,
        (buyer, points): (u8, bool),
        (principal, bonus): (u8, u8),
        key: Option<u8>,
    ) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let credit = if points { Credit::Points } else { Credit::Wallet };
        let purchase = RechargePurchase {
            id: OrderId::new(Uuid::from_u64_pair(2, self.steps)),
            number: OrderNumber::compose(sample::start(), Some(buyer), 1_000_000 + self.steps),
            buyer,
            package: package(credit, 1 + 333 * i64::from(principal), 7 * i64::from(bonus)),
            pay_deadline: sample::start().plus_seconds(1_800),
            payment: sample::new_payment(TradeType::Jsapi),
        };
        let body = |_: &domain::payment::Terms| "{\"body\":1}".to_owned();
        let events = purchase.decide(sample::start(), &sample::epoch(), &body).unwrap();
        let mut intent = self.intent();
        intent.replay = key.map(|key| sample::replay(&format!("k-{key}"), Some(purchase.id)));
        let guards = purchase.guards();
        let changeset = Changeset::of(None, events, guards, intent, sample::start()).unwrap();
        self.commit(changeset).await;
    }

    pub(super) async fn transfer(&mut self, wanted: &Transferring) {
        let unit = if wanted.points { Unit::Points } else { Unit::Fen };
        let of = |buyer| Account::Buyer(buyer, ACCOUNTS[usize::from(wanted.points)]);
        let Some(from) = pick(&self.buyers, wanted.from).copied().map(of) else { return };
        let to = wanted.to.and_then(|to| pick(&self.buyers, to)).copied().map(of);
        let to = to.unwrap_or(Account::House(House::Promotion, unit));
        let amount = i64::from(wanted.amount);
        let name = format!("move-{}", wanted.name);
        let entries = [(from, -amount), (to, amount)];
        let Some(transfer) = Transfer::new(name, TransferKind::Spend, &entries) else {
            return self.nothing();
        };
        let mut changeset = Changeset::without_order(self.intent(), sample::start());
        changeset.transfers.push(transfer);
        self.commit(changeset).await;
    }

    pub(super) async fn entries(
        &mut self,
        (buyer, account): (u8, u8),
        before: Option<u8>,
        limit: u8,
    ) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let Some(account) = pick(&ACCOUNTS, account).copied() else { return };
        let query = EntryList {
            buyer,
            account,
            before: before.map(u64::from),
            created_from: None,
            created_to: None,
            limit: u32::from(limit),
        };
        let page = self.stores.ledger.entries(&query).await.unwrap();
        self.answer("entries", &page);
        let held = self.stores.ledger.balances(buyer).await.unwrap();
        self.answer("balances", &held);
    }

    pub(super) async fn entry(&mut self, buyer: u8, account: u8, name: u8) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let Some(account) = pick(&ACCOUNTS, account).copied() else { return };
        let name = format!("move-{name}");
        let found = self.stores.ledger.entry(buyer, account, &name).await.unwrap();
        self.answer("entry", &found);
    }

    pub(super) async fn trial(&mut self) {
        let balance = self.stores.ledger.trial_balance().await.unwrap();
        self.answer("trial", &balance);
    }
}
