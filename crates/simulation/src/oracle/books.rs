//! What every buyer must have and what the house's accounts must say, from orders and spendings alone:
//! written down once more, apart from the code that makes transfers.

use super::Seen;
use crate::world::World;
use domain::UserId;
use domain::changeset::Changeset;
use domain::ledger::{Account, Balances, BuyerAccount, House, Transfer, Unit};
use domain::order::{Order, SettledBy};
use domain::outgoing::Outgoing;
use domain::payment::PaymentState;
use domain::recharge::Credit;
use domain::refund::RefundState;
use std::collections::BTreeMap;
use store_memory::View;

pub(super) const LEDGER_AGREES: &str =
    "wallets and points hold what orders, refunds and spendings say";
const CLEARING_AGREES: &str =
    "the clearing account holds what WeChat Pay took and has not given back";
const TOLD_ONCE: &str = "what moves in a buyer's wallet, and points that are given, is told once";
const CHAIN: &str = "each balance is the one before plus what was added, and never below nothing";

/// What an order gives to its buyer's wallet and points, less what it takes.
fn gives(order: &Order) -> (i64, i64) {
    let Some(settlement) = &order.settlement else { return (0, 0) };
    let Some(payment) = order.settled_payment() else { return (0, 0) };
    let mut sum = (0, 0);
    if let SettledBy::Wallet { .. } = settlement.by {
        sum.0 += order.paid_back(payment.no).get() - settlement.amount.get();
    }
    if let Some(grant) = order.recharge {
        let price = payment.terms.amount.get();
        let back = order.reserved(payment.no).get();
        // All of it is all of it; of a part, what is left of the whole is rounded up.
        let left = |whole: i64| {
            let gone = i128::from(whole) * i128::from(back) / i128::from(price);
            whole - i64::try_from(gone).unwrap_or(whole)
        };
        let credited = left(grant.principal) + left(grant.bonus);
        match grant.credit {
            Credit::Wallet => sum.0 += credited,
            Credit::Points => sum.1 += credited,
        }
    }
    sum
}

/// What a buyer must have, with what they owe taken off.
fn expected(seen: &Seen, buyer: UserId, instead: Option<&Order>) -> (i64, i64) {
    let own = seen.orders.values().filter(|order| order.buyer == Some(buyer));
    let others = own.filter(|order| instead.is_none_or(|instead| instead.id != order.id));
    let mut sum = (0, -seen.spent.get(&buyer).copied().unwrap_or(0));
    for order in others.chain(instead) {
        let (wallet, points) = gives(order);
        sum = (sum.0 + wallet, sum.1 + points);
    }
    sum
}

/// Whether a buyer has what they must have, once `instead` is in the place of the order that it was.
pub(super) fn compare(
    seen: &Seen,
    world: &World,
    buyer: UserId,
    instead: Option<&Order>,
) -> Result<(), String> {
    let Ok(held) = world.store.view(|stored| stored.balances(buyer)) else { return Ok(()) };
    let Balances { wallet, points, receivable_fen, receivable_points } = held;
    if wallet < 0 || points < 0 || receivable_fen > 0 || receivable_points > 0 {
        return Err(format!("{held:?}"));
    }
    let should = expected(seen, buyer, instead);
    let is = (wallet + receivable_fen, points + receivable_points);
    if is == should { Ok(()) } else { Err(format!("{held:?}, should be {should:?} in sum")) }
}

/// What the outside hears of buyers' accounts, by the transfers that say so: kind and name of each.
fn to_be_told<'a>(
    transfers: impl Iterator<Item = &'a Transfer>,
) -> BTreeMap<(&'static str, &'a str), usize> {
    let mut all = BTreeMap::new();
    for transfer in transfers {
        for entry in transfer.entries() {
            let kind = match (entry.account, entry.amount > 0) {
                (Account::Buyer(_, BuyerAccount::Wallet), true) => "wallet.credited",
                (Account::Buyer(_, BuyerAccount::Wallet), false) => "wallet.debited",
                (Account::Buyer(_, BuyerAccount::Points), true) => "points.granted",
                (Account::Buyer(_, BuyerAccount::Points | BuyerAccount::Receivable(_)), _)
                | (Account::House(..), _) => continue,
            };
            *all.entry((kind, transfer.name())).or_insert(0) += 1;
        }
    }
    all
}

/// What of this is about buyers' accounts.
fn of_accounts<'a>(
    told: impl Iterator<Item = &'a Outgoing>,
) -> BTreeMap<(&'static str, &'a str), usize> {
    let mut all = BTreeMap::new();
    let told = told.filter(|told| {
        matches!(told.kind.name(), "wallet.credited" | "wallet.debited" | "points.granted")
    });
    for told in told {
        let subject = told.subject.as_deref().unwrap_or_default();
        *all.entry((told.kind.name(), subject)).or_insert(0) += 1;
    }
    all
}

/// Whether a commit tells what it moves, each once.
pub(super) fn told_with_its_transfers(changeset: &Changeset) -> Result<(), String> {
    let moved = to_be_told(changeset.transfers.iter());
    let told = of_accounts(changeset.outgoing.iter());
    if moved == told { Ok(()) } else { Err(format!("moved {moved:?}, told {told:?}")) }
}

/// Whether all that was ever moved for an order and is not lost is told, once, in all commits together.
fn all_is_told(stored: View<'_>) -> Result<(), String> {
    let of_orders = stored.transfers();
    let of_orders = of_orders.filter(|t| stored.order_of_transfer(t.name()).is_some());
    let moved = to_be_told(of_orders);
    let told = of_accounts(stored.outbox().iter().map(|(_, _, told)| told));
    let differs = |(what, times): (&(&str, &str), &usize)| {
        (told.get(what) != Some(times)).then(|| format!("{what:?} moved {times} times"))
    };
    let missing = moved.iter().find_map(differs);
    let made_up = told.keys().find(|what| !moved.contains_key(*what));
    match missing.or_else(|| made_up.map(|what| format!("{what:?} never moved"))) {
        None => Ok(()),
        Some(why) => Err(why),
    }
}

/// Everything about the ledger that must hold of a world at rest.
pub(super) fn judge(world: &World, seen: &Seen) {
    let violated = |id, promise, why: String| world.chronicle.violated(id, promise, why);
    for buyer in seen.buyers.keys() {
        if let Err(why) = compare(seen, world, *buyer, None) {
            violated("I17", LEDGER_AGREES, format!("{buyer}: {why}"));
        }
    }
    let mut taken = 0_i64;
    for order in seen.orders.values() {
        for payment in order.payments.iter().filter(|payment| !payment.is_from_wallet()) {
            let is_ours =
                matches!(payment.state, PaymentState::Paid { .. } | PaymentState::Surplus { .. });
            let receipt = payment.receipt().filter(|_| is_ours);
            taken += receipt.map_or(0, |receipt| receipt.amount.get());
            let back = order.refunds.iter().filter(|refund| {
                refund.payment_no == payment.no
                    && matches!(refund.state, RefundState::Succeeded { .. })
            });
            taken -= back.map(|refund| refund.amount.get()).sum::<i64>();
        }
    }
    let stored = world.store.view(|stored| {
        let mut broken = None;
        let mut last = None;
        for (buyer, account, seq, amount, after) in stored.entries() {
            let held = match last {
                Some((key, held)) if key == (buyer, account) => held,
                Some(_) | None => 0,
            };
            if held + amount != after || !account.may_hold(after) {
                broken = Some(format!("entry {seq} of {account:?} of {buyer}"));
            }
            last = Some(((buyer, account), after));
        }
        (stored.sum_of(House::WechatClearing, Unit::Fen), broken)
    });
    if let Ok(Err(why)) = world.store.view(all_is_told) {
        violated("I25", TOLD_ONCE, why);
    }
    let Ok((clearing, broken)) = stored else { return };
    if clearing != -taken {
        let why = format!("{clearing} fen, taken and not given back {taken} fen");
        violated("I20", CLEARING_AGREES, why);
    }
    if let Some(broken) = broken {
        violated("I17", CHAIN, broken);
    }
}
