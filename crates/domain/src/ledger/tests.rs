//! The laws of transfers.

use super::*;
use proptest::prelude::*;
use uuid::Uuid;

fn buyer() -> UserId {
    UserId::new(Uuid::from_u128(7))
}

fn wallet() -> Account {
    Account::Buyer(buyer(), BuyerAccount::Wallet)
}

fn house(house: House) -> Account {
    Account::House(house, Unit::Fen)
}

fn transfer(entries: &[(Account, i64)]) -> Option<Transfer> {
    Transfer::new("t".to_owned(), TransferKind::Payment, entries)
}

fn sum(transfer: &Transfer, unit: Unit) -> i64 {
    transfer.entries().iter().filter(|e| e.account.unit() == unit).map(|e| e.amount).sum()
}

#[test]
fn a_transfer_has_two_entries_at_least_and_sums_to_zero_in_every_unit() {
    let sales = house(House::Sales);
    assert!(transfer(&[(wallet(), -5), (sales, 5)]).is_some());
    assert!(transfer(&[]).is_none());
    assert!(transfer(&[(wallet(), 0), (sales, 0)]).is_none(), "nothing moved");
    assert!(transfer(&[(wallet(), -5), (sales, 4)]).is_none());
    assert!(transfer(&[(wallet(), -5), (Account::House(House::Sales, Unit::Points), 5)]).is_none());
    assert!(transfer(&[(wallet(), -5), (wallet(), 5)]).is_none(), "to and from one account");
    assert!(transfer(&[(wallet(), -BALANCE_MAX - 1), (sales, BALANCE_MAX + 1)]).is_none());
}

#[test]
fn a_transfer_has_a_name_and_an_account_says_whose_it_is() {
    let transfer = transfer(&[(wallet(), -5), (house(House::Sales), 5)]).unwrap();
    assert_eq!((transfer.name(), transfer.kind()), ("t", TransferKind::Payment));
    let named =
        transfer.entries().iter().map(|entry| (entry.account.name(), entry.account.buyer()));
    assert_eq!(named.collect::<Vec<_>>(), [("wallet", Some(buyer())), ("sales", None)]);
}

#[test]
fn accounts_units_and_kinds_are_read_back_by_their_names() {
    for kind in TransferKind::ALL {
        assert_eq!(TransferKind::parse(kind.name()), Some(kind));
    }
    for unit in [Unit::Fen, Unit::Points] {
        assert_eq!(Unit::parse(unit.name()), Some(unit));
        let receivable = BuyerAccount::Receivable(unit);
        assert_eq!(BuyerAccount::parse(receivable.name(), unit), Some(receivable));
    }
    assert_eq!(BuyerAccount::parse("wallet", Unit::Fen), Some(BuyerAccount::Wallet));
    assert_eq!(BuyerAccount::parse("wallet", Unit::Points), None);
    assert_eq!(BuyerAccount::parse("points", Unit::Points), Some(BuyerAccount::Points));
    let names = House::ALL.map(House::name).join(" ");
    assert_eq!(names, "wechat_clearing sales refunds_payable promotion cash_in_transit");
}

#[test]
fn a_wallet_is_never_negative_and_a_debt_is_never_positive() {
    for account in [BuyerAccount::Wallet, BuyerAccount::Points] {
        assert!(account.may_hold(0) && account.may_hold(BALANCE_MAX));
        assert!(!account.may_hold(-1) && !account.may_hold(BALANCE_MAX + 1));
    }
    let debt = BuyerAccount::Receivable(Unit::Fen);
    assert!(debt.may_hold(0) && debt.may_hold(-BALANCE_MAX) && !debt.may_hold(1));
}

#[test]
fn what_is_not_in_the_wallet_any_more_is_owed() {
    let taken = transfer(&[(wallet(), -100), (house(House::RefundsPayable), 100)]).unwrap();
    let balances = Balances { wallet: 30, ..Balances::default() };
    let (covered, short) = balances.cover(buyer(), vec![taken]);
    let owed = Account::Buyer(buyer(), BuyerAccount::Receivable(Unit::Fen));
    let expected = [(wallet(), -30), (owed, -70), (house(House::RefundsPayable), 100)];
    assert_eq!(covered, vec![transfer(&expected).unwrap()]);
    assert_eq!(short, vec![Shortfall { unit: Unit::Fen, amount: 70 }]);
}

#[test]
fn what_comes_again_pays_what_is_owed_first() {
    let again = transfer(&[(house(House::RefundsPayable), -100), (wallet(), 100)]).unwrap();
    let owed = Account::Buyer(buyer(), BuyerAccount::Receivable(Unit::Fen));
    for (owes, to_debt) in [(0, 0), (-30, 30), (-100, 100), (-170, 100)] {
        let balances = Balances { receivable_fen: owes, ..Balances::default() };
        let entries =
            [(house(House::RefundsPayable), -100), (wallet(), 100 - to_debt), (owed, to_debt)];
        let set_off = balances.set_off(buyer(), vec![again.clone()]);
        assert_eq!(set_off, vec![transfer(&entries).unwrap()], "{owes}");
    }
    // What is owed in points is none of the wallet's.
    let points = Balances { receivable_points: -9, ..Balances::default() };
    assert_eq!(points.set_off(buyer(), vec![again.clone()]), vec![again]);
}

proptest! {
    /// Whole, as much for the buyer as before, and no debt is paid twice.
    #[test]
    fn what_is_set_off_is_whole_and_pays_no_more_than_is_owed(
        fen in 0..500_i64, points in 0..500_i64,
        amounts in prop::collection::vec((any::<bool>(), 1..300_i64), 1..6),
    ) {
        let balances =
            Balances { receivable_fen: -fen, receivable_points: -points, ..Balances::default() };
        let transfers: Vec<Transfer> = amounts.iter().filter_map(|(in_fen, amount)| {
            let account = if *in_fen { BuyerAccount::Wallet } else { BuyerAccount::Points };
            let other = Account::House(House::Promotion, account.unit());
            transfer(&[(other, -amount), (Account::Buyer(buyer(), account), *amount)])
        }).collect();
        let set_off = balances.set_off(buyer(), transfers.clone());
        prop_assert_eq!(set_off.len(), transfers.len());
        for unit in [Unit::Fen, Unit::Points] {
            let of_buyer = |all: &[Transfer], account: BuyerAccount| -> i64 {
                let entries = all.iter().flat_map(Transfer::entries);
                let own = entries.filter(|e| e.account == Account::Buyer(buyer(), account));
                own.map(|entry| entry.amount).sum()
            };
            let account = if unit == Unit::Fen { BuyerAccount::Wallet } else { BuyerAccount::Points };
            let given = of_buyer(&transfers, account);
            let paid = of_buyer(&set_off, BuyerAccount::Receivable(unit));
            let owed = -balances.of(BuyerAccount::Receivable(unit));
            prop_assert_eq!(paid, owed.min(given));
            prop_assert_eq!(of_buyer(&set_off, account), given - paid);
            prop_assert!(set_off.iter().all(|after| sum(after, unit) == 0));
        }
    }

    #[test]
    fn covered_transfers_are_whole_and_take_no_more_than_there_is(
        held in 0..1_000_i64, points in 0..1_000_i64,
        amounts in prop::collection::vec((any::<bool>(), -600..600_i64), 1..6),
    ) {
        let balances = Balances { wallet: held, points, ..Balances::default() };
        let transfers: Vec<Transfer> = amounts.iter().filter_map(|(fen, amount)| {
            let (account, unit) = if *fen {
                (BuyerAccount::Wallet, Unit::Fen)
            } else {
                (BuyerAccount::Points, Unit::Points)
            };
            let other = Account::House(House::Promotion, unit);
            transfer(&[(Account::Buyer(buyer(), account), *amount), (other, -amount)])
        }).collect();
        let (covered, short) = balances.cover(buyer(), transfers.clone());
        prop_assert_eq!(covered.len(), transfers.len());
        let mut left = balances;
        for after in &covered {
            prop_assert_eq!((sum(after, Unit::Fen), sum(after, Unit::Points)), (0, 0));
            for entry in after.entries() {
                match entry.account {
                    Account::Buyer(_, BuyerAccount::Wallet) => left.wallet += entry.amount,
                    Account::Buyer(_, BuyerAccount::Points) => left.points += entry.amount,
                    Account::Buyer(_, BuyerAccount::Receivable(Unit::Fen)) => {
                        left.receivable_fen += entry.amount;
                    }
                    Account::Buyer(_, BuyerAccount::Receivable(Unit::Points)) => {
                        left.receivable_points += entry.amount;
                    }
                    Account::House(..) => {}
                }
            }
            prop_assert!(left.wallet >= 0 && left.points >= 0, "{left:?}");
        }
        let owed = |unit| short.iter().find(|s| s.unit == unit).map_or(0, |s| s.amount);
        prop_assert_eq!(left.receivable_fen, -owed(Unit::Fen));
        prop_assert_eq!(left.receivable_points, -owed(Unit::Points));
    }
}
