//! The ledger under many who write at once: nothing is made, nothing is lost, nothing goes below nothing.

use super::concurrency::persist;
use super::ledger::{balances, entries, package, recharge, rich, spending, sum_of, wallet_payment};
use super::{Stores, deciding_at};
use crate::sample;
use domain::changeset::{Changeset, Refusal};
use domain::fact::RefundProgress;
use domain::ledger::{Account, Balances, BuyerAccount, House, Transfer, TransferKind, Unit};
use domain::order::{Command, Order, Placement};
use domain::ports::CommitAnswer;
use domain::recharge::Credit;
use domain::{OutRefundNo, Timestamp, UserId};
use futures_util::future::join_all;

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

/// Each sees enough when it begins: only one of two that want more than half, and as many of many as fit.
pub async fn of_spendings_that_overlap_as_many_are_as_there_is_for(stores: &Stores) {
    for (n, points, each, at_once) in [(1, 100, 60, 2), (2, 100, 100, 8), (3, 100, 30, 12)] {
        let buyer = rich(stores, n, 0, points).await;
        let spent = (0..at_once)
            .map(|no| persist(stores, spending(&format!("overlap-{n}-{no}"), buyer, each)));
        let answers = join_all(spent).await;
        let count = |wanted: &CommitAnswer| answers.iter().filter(|a| *a == wanted).count();
        let fit = usize::try_from(points / each).unwrap();
        let refused = CommitAnswer::GuardRefused(Refusal::Balance(BuyerAccount::Points));
        assert_eq!(count(&CommitAnswer::Committed), fit, "{answers:?}");
        assert_eq!(count(&refused), at_once - fit, "{answers:?}");
        assert_eq!(balances(stores, buyer).await.points, points % each);
    }
}

/// What a refund had taken is given again when it comes to nothing: what is owed for it is paid first, and
/// the store takes no more for that than is owed.
pub async fn what_comes_again_pays_what_is_owed_first_and_no_more_than_that(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let ahead = recharge(stores, 1, buyer, package(Credit::Wallet, 500, 0)).await;
    let ahead = stores.step(&ahead, &sample::success(&ahead, "T-1"), at(1)).await;
    let sku = stores.sku("tea", 400, 9).await;
    let placement = Placement {
        payment: None,
        wallet: Some(wallet_payment()),
        ..sample::placement(2, buyer, &[(&sku, 1)])
    };
    assert_eq!(stores.place(&placement, "bought").await, CommitAnswer::Committed);
    let elsewhere = OutRefundNo::parse("CONSOLE-1").unwrap();
    let said = |order: &Order, progress| {
        Command::RecordRefund(sample::refund_made_elsewhere(order, &elsewhere, progress))
    };
    let made = said(&ahead, RefundProgress::Processing);
    let made = deciding_at(at(2), &ahead, &made, sample::intent("made"));
    let made = made.covered(buyer, &balances(stores, buyer).await);
    assert_eq!(stores.orders.commit(made).await, CommitAnswer::Committed);
    let owing = balances(stores, buyer).await;
    assert_eq!((owing.wallet, owing.receivable_fen), (0, -400));

    let ahead = stores.again(&ahead).await;
    let closed = said(&ahead, RefundProgress::Closed);
    let closed = deciding_at(at(3), &ahead, &closed, sample::intent("closed"));
    assert!(closed.gives_again());
    let before = stores.dump().await;
    let too_much = Balances { receivable_fen: -401, ..owing };
    let refused = stores.orders.commit(closed.clone().set_off(buyer, &too_much)).await;
    let receivable = BuyerAccount::Receivable(Unit::Fen);
    assert_eq!(refused, CommitAnswer::GuardRefused(Refusal::Balance(receivable)));
    assert_eq!(stores.dump().await, before, "nothing was written");
    let answer = stores.orders.commit(closed.set_off(buyer, &owing)).await;
    assert_eq!(answer, CommitAnswer::Committed);
    let expected = Balances { wallet: 100, ..Balances::default() };
    assert_eq!(balances(stores, buyer).await, expected);
    assert_eq!(sum_of(stores, "refunds_payable", Unit::Fen).await, 0);
}

/// A generator of small numbers: the same for every store.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Something between two accounts, or three.
fn drawn(chance: &mut Chance, no: usize, buyers: &[UserId]) -> Option<Changeset> {
    let unit = if chance.below(2) == 0 { Unit::Fen } else { Unit::Points };
    let account = match unit {
        Unit::Fen => BuyerAccount::Wallet,
        Unit::Points => BuyerAccount::Points,
    };
    let pick = |chance: &mut Chance| {
        let count = u64::try_from(buyers.len()).unwrap();
        Account::Buyer(buyers[usize::try_from(chance.below(count)).unwrap()], account)
    };
    let amount = |chance: &mut Chance| i64::try_from(chance.below(400)).unwrap() - 200;
    let (one, other) = (pick(chance), pick(chance));
    let (a, b) = (amount(chance), amount(chance));
    let house = Account::House(House::Promotion, unit);
    let entries = [(one, a), (other, b), (house, -a - b)];
    let name = format!("random:{no}");
    let transfer = Transfer::new(name.clone(), TransferKind::Bonus, &entries)?;
    let mut changeset = Changeset::without_order(sample::intent(&name), sample::start());
    changeset.transfers.push(transfer);
    Some(changeset)
}

pub async fn random_transfers_at_once_lose_nothing_make_nothing_and_go_below_nothing(
    stores: &Stores,
) {
    let mut buyers = Vec::new();
    for n in 1..=3 {
        buyers.push(rich(stores, n, 500, 500).await);
    }
    let mut chance = Chance(42);
    let drawn: Vec<Changeset> = (0..200).filter_map(|no| drawn(&mut chance, no, &buyers)).collect();
    let count = drawn.len();
    let mut expected = std::collections::BTreeMap::new();
    let mut running = tokio::task::JoinSet::new();
    for changeset in drawn {
        let orders = stores.orders.clone();
        running.spawn(async move {
            let transfer = changeset.transfers[0].clone();
            // Rolled back by a lost race: again, as the application does.
            for _ in 0..200 {
                match orders.commit(changeset.clone()).await {
                    CommitAnswer::Committed | CommitAnswer::AlreadyCommitted => {
                        return Some(transfer);
                    }
                    CommitAnswer::GuardRefused(Refusal::Balance(_)) => return None,
                    CommitAnswer::RolledBack(_) | CommitAnswer::OutcomeUnknown(_) => {}
                    other => panic!("{other:?}"),
                }
            }
            panic!("never committed");
        });
    }
    let mut committed = 0;
    while let Some(done) = running.join_next().await {
        for entry in done.unwrap().iter().flat_map(Transfer::entries) {
            *expected.entry(entry.account).or_insert(0_i64) += entry.amount;
            committed += 1;
        }
    }
    assert!(committed > 0 && count > 100, "{committed} entries of {count} transfers");
    for buyer in &buyers {
        let held = balances(stores, *buyer).await;
        let of = |account| expected.get(&Account::Buyer(*buyer, account)).copied().unwrap_or(0);
        assert_eq!(held.wallet, 500 + of(BuyerAccount::Wallet));
        assert_eq!(held.points, 500 + of(BuyerAccount::Points));
        for account in [BuyerAccount::Wallet, BuyerAccount::Points] {
            let mut after = 0;
            for (_, amount, balance) in entries(stores, *buyer, account).await.iter().rev() {
                after += amount;
                assert_eq!(after, *balance, "each balance is the one before plus the amount");
                assert!(after >= 0);
            }
        }
    }
    // Each of the three paid twice 500 fen; the wallets' are wallets', the points' are sales.
    assert_eq!(sum_of(stores, "wechat_clearing", Unit::Fen).await, -3_000);
}
