//! Commits, plain and odd.

use super::{Player, SKUS, at, moment, pick};
use crate::commands;
use crate::conformance::ledger::wallet_payment;
use crate::generated::ops::{Giving, Noting, Placing, Twist};
use crate::sample;
use domain::case::{CaseEnd, CaseKind, CaseOpening};
use domain::changeset::{Changeset, InboxEntry, InboxStatus, Intent};
use domain::fact::{RefundProgress, Trade};
use domain::job::JobChange;
use domain::order::{
    Circumstances, Command, CouponOutcome, Decision, Event, Lost, Order, PlacedMethod, RefundAsk,
    RefundOf, StockOutcome,
};
use domain::payment::TradeType;
use domain::ports::CommitAnswer;
use domain::refund::Asker;
use domain::{Epoch, Fen, OrderId, OrderNumber, OutRefundNo, OutTradeNo};
use uuid::Uuid;

/// How many commands are tried until an order can take one.
const TRIES: u64 = 8;

impl Player<'_> {
    pub(super) fn intent(&self) -> Intent {
        sample::intent(&format!("step-{}", self.steps))
    }

    pub(super) async fn place(&mut self, placing: &Placing) {
        let Some(buyer) = pick(&self.buyers, placing.buyer).copied() else { return };
        let mut skus = Vec::new();
        for (sku, quantity) in &placing.lines {
            let id = sample::sku_id(SKUS[usize::from(*sku) % SKUS.len()]);
            let mut sku = self.stores.catalogue.sku(&id).await.unwrap().expect("a sku");
            if placing.stale_price {
                sku.price_version += 1;
            }
            skus.push((sku, u32::from(*quantity)));
        }
        let lines: Vec<_> = skus.iter().map(|(sku, quantity)| (sku, *quantity)).collect();
        let mut placement = sample::placement(self.steps, buyer, &lines);
        if let Some(with) = &placing.coupon {
            let Some((priced, breakdown)) = self.with_coupon(with, &lines).await else {
                return self.nothing();
            };
            placement.checkout.coupon_id = Some(priced.grant.coupon_id.clone());
            (placement.coupon, placement.breakdown) = (Some(priced), breakdown);
        }
        if placing.from_wallet {
            (placement.payment, placement.wallet) = (None, Some(wallet_payment()));
        }
        if placing.on_delivery {
            placement.method = PlacedMethod::CashOnDelivery;
        }
        if placing.taken_number
            && let Some(known) = self.versions.first()
        {
            placement.number = known.number.clone();
        }
        if placing.capture {
            let listed = self.stores.book.items(buyer).await.unwrap();
            // One that is not there, when the list is too short.
            let ids = listed.iter().map(|item| item.id).chain([777, 778]);
            placement.checkout.captured_items = ids.take(lines.len()).collect();
        }
        let compose = |_: &domain::payment::Terms| "{\"body\":1}".to_owned();
        let events = placement.decide(sample::start(), &sample::epoch(), &compose);
        let Ok(events) = events else { return self.nothing() };
        let mut intent = self.intent();
        intent.replay =
            placing.key.map(|key| sample::replay(&format!("k-{key}"), Some(placement.id)));
        let guards = placement.guards();
        let changeset = Changeset::of(None, events, guards, intent, sample::start()).unwrap();
        self.commit(changeset).await;
    }

    pub(super) async fn give(&mut self, giving: &Giving) {
        let Some(id) = pick(&self.orders, giving.order).copied() else { return self.nothing() };
        let Some(mut order) = self.load(id).await else { return };
        if let Twist::OldVersion(which) = giving.twist {
            let old: Vec<&Order> = self.versions.iter().filter(|old| old.id == id).collect();
            order = pick(&old, which).map_or(order, |&old| old.clone());
        }
        // The next ones, when the order cannot take the first: so that sequences get somewhere.
        let found = (0..TRIES).find_map(|more| {
            let command = self.command(&order, giving, more);
            self.changeset(&order, &command, giving)
        });
        let Some(mut changeset) = found else { return self.nothing() };
        if let (Twist::Elsewhere { covered: true }, Some(buyer)) = (giving.twist, order.buyer) {
            let held = self.stores.ledger.balances(buyer).await.unwrap().unwrap_or_default();
            changeset = changeset.covered(buyer, &held);
        }
        let answer = self.commit(changeset.clone()).await;
        if let (Twist::Twin, CommitAnswer::Committed) = (giving.twist, answer) {
            self.commit(changeset).await;
        }
        self.load(id).await;
    }

    fn command(&self, order: &Order, giving: &Giving, more: u64) -> Command {
        let (path, choice) = (u64::from(giving.path), u64::from(giving.choice) + more);
        match giving.twist {
            Twist::SameTransaction(which) => {
                let receipt = sample::receipt(&format!("T-{which}"), order.amounts.total);
                sample::says(order, Trade::Success(receipt))
            }
            Twist::TwoOpen => {
                let kind = match giving.which % 4 {
                    0 => TradeType::Native,
                    1 => TradeType::Jsapi,
                    2 => TradeType::H5,
                    _ => TradeType::App,
                };
                Command::StartPayment(sample::new_payment(kind))
            }
            Twist::SameRefund(_) if order.settlement.is_none() => {
                sample::success(order, &format!("T-{}", order.number))
            }
            Twist::SameRefund(which) => Command::Refund(RefundAsk {
                what: RefundOf::Amount(Fen::new(10)),
                reason: "the same".to_owned(),
                by: Asker::Service,
                out_refund_no: OutRefundNo::parse(&format!("SHOP-{which}")),
            }),
            Twist::FromWallet if order.settlement.is_none() => {
                Command::PayFromWallet(wallet_payment())
            }
            Twist::Elsewhere { .. } if is_paid_at_wechat(order) => {
                let number = format!("CONSOLE-{}", giving.which % 3);
                let number = OutRefundNo::parse(&number).unwrap();
                let progress = match choice % 3 {
                    0 => RefundProgress::Processing,
                    1 => RefundProgress::Closed,
                    _ => RefundProgress::Succeeded { at: at(giving.at) },
                };
                let fact = sample::refund_made_elsewhere(order, &number, progress);
                Command::RecordRefund(fact)
            }
            _ => commands::any(order, path, choice, u64::from(giving.which)),
        }
    }

    fn changeset(&self, order: &Order, command: &Command, giving: &Giving) -> Option<Changeset> {
        let (now, epoch) = (moment(giving.at, giving.late), sample::epoch());
        let mut intent = self.intent();
        match giving.twist {
            Twist::OldName(which) => intent.command_id = pick(&self.names, which)?.clone(),
            Twist::Fenced(which) => intent.fence = Some(pick(&self.leases, which)?.fence.clone()),
            Twist::Keyed(key) => {
                intent.replay = Some(sample::replay(&format!("k-{key}"), Some(order.id)));
            }
            Twist::Noticed(id, hash, status) => intent.inbox = Some(notice(id, hash, status)),
            _ => {}
        }
        let without_stock = matches!(giving.twist, Twist::WithoutStock);
        let without_coupon = matches!(giving.twist, Twist::WithoutCoupon);
        let given = Circumstances {
            stock: if without_stock { StockOutcome::Refused } else { StockOutcome::Committed },
            coupon: if without_coupon { CouponOutcome::Refused } else { CouponOutcome::Moved },
            compose: &|_| "{\"body\":2}".to_owned(),
            actor: "test",
            name: intent.command_id.as_str(),
            ..Circumstances::ordinary(now, &epoch)
        };
        let Ok(Decision::Record(mut events)) = order.decide_with(command, &given) else {
            return None;
        };
        if let Twist::TwoOpen = giving.twist {
            events.retain(|event| !matches!(event, Event::PaymentClosing { .. }));
        }
        let mut changeset = Changeset::of(Some(order), events, Vec::new(), intent, now)?;
        if let Twist::Effect(which) = giving.twist {
            changeset.effects.push(format!("effect-{which}"));
        }
        if let Twist::InLife(which) = giving.twist {
            let other = Epoch::new(format!("000000A{which}.0"));
            return Some(changeset.decided_in(if which == 0 { &epoch } else { &other }));
        }
        Some(changeset)
    }

    pub(super) async fn adopt(&mut self, (which, no): (u8, u8), amount: u8, lost: bool, when: u16) {
        let known = pick(&self.orders, which).copied();
        let order = match known.filter(|_| !lost) {
            Some(id) => self.load(id).await,
            None => None,
        };
        let number = match &order {
            Some(order) => order.number.clone(),
            None => OrderNumber::compose(sample::start(), None, u64::from(which)),
        };
        let out_trade_no = OutTradeNo::of_payment(&number, no);
        let receipt =
            sample::receipt(&format!("T-{out_trade_no}"), Fen::new(100 + i64::from(amount)));
        let fact = sample::fact_of(&out_trade_no, Trade::Success(receipt));
        let (now, epoch) = (at(when), sample::epoch());
        let given = Circumstances::ordinary(now, &epoch);
        let events = match &order {
            Some(order) => match order.decide_with(&Command::Adopt(fact), &given) {
                Ok(Decision::Record(events)) => Ok(events),
                Ok(Decision::AlreadyApplied) => return self.nothing(),
                Err(refused) => Err(refused),
            },
            None => {
                let id = OrderId::new(Uuid::from_u64_pair(9, self.steps));
                Lost { id, number }.decide(&fact, &given)
            }
        };
        let Ok(events) = events else { return self.nothing() };
        let changeset =
            Changeset::of(order.as_ref(), events, Vec::new(), self.intent(), now).unwrap();
        self.commit(changeset).await;
    }

    pub(super) async fn note(&mut self, noting: &Noting) {
        let mut intent = self.intent();
        if let Some(name) = noting.name.and_then(|which| pick(&self.names, which)) {
            intent.command_id = name.clone();
        }
        intent.inbox = noting.notice.map(|(id, hash, status)| notice(id, hash, status));
        intent.replay = noting.key.map(|key| sample::replay(&format!("k-{key}"), None));
        let mut changeset = Changeset::without_order(intent, at(noting.at));
        let about = |(kind, subject): (u8, u8)| {
            (CaseKind::ALL[usize::from(kind) % CaseKind::ALL.len()], format!("S-{subject}"))
        };
        changeset.cases.extend(noting.case.map(|case| {
            let (kind, subject) = about(case);
            CaseOpening { kind, subject, detail: format!("seen in step {}", self.steps) }
        }));
        changeset.ended_cases.extend(noting.ended.map(|case| {
            let (kind, subject) = about(case);
            CaseEnd { kind, subject }
        }));
        changeset.effects.extend(noting.effect.map(|which| format!("effect-{which}")));
        changeset.jobs.extend(noting.job.map(|(which, due)| {
            let id =
                pick(&self.jobs, which).cloned().unwrap_or_else(|| super::work::made_up(which));
            JobChange::Ensure { id, due_at: at(due) }
        }));
        let lost = noting.lost_job.and_then(|which| pick(&self.jobs, which)).cloned();
        let ensured = changeset.jobs.clone();
        changeset.jobs.extend(lost.map(|id| JobChange::Remove { id }).filter(|lost| {
            // Both at once says nothing that a store has to understand.
            let JobChange::Remove { id: lost } = lost else { return true };
            !ensured.iter().any(|job| matches!(job, JobChange::Ensure { id, .. } if id == lost))
        }));
        self.commit(changeset).await;
    }
}

fn is_paid_at_wechat(order: &Order) -> bool {
    order.settled_payment().is_some_and(|payment| !payment.is_from_wallet())
}

fn notice(id: u8, hash: u8, status: u8) -> InboxEntry {
    const ALL: [InboxStatus; 5] = [
        InboxStatus::Verified,
        InboxStatus::Orphan,
        InboxStatus::Applied,
        InboxStatus::Duplicate,
        InboxStatus::Mismatch,
    ];
    InboxEntry {
        source: "wechat_pay_v3",
        event_id: format!("EV-{id}"),
        event_type: "TRANSACTION.SUCCESS".to_owned(),
        fact_hash: format!("hash-{hash}"),
        status: ALL[usize::from(status) % ALL.len()],
        out_trade_no: OutTradeNo::parse(&format!("NUMBER-{id}")),
    }
}
