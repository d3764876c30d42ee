//! What moves in the ledger with what happened: all of it, or nothing of what happened is recorded.

use super::moment::intent;
use super::refund_samples::{ask, paid, payable, play, surplus};
use super::samples::{TOTAL, start};
use crate::cash::Courier;
use crate::changeset::Changeset;
use crate::ledger::{Account, BALANCE_MAX, Balances, BuyerAccount, House, Unit};
use crate::names::RefundId;
use crate::order::{Event, Order, Purpose, SettledBy, Settlement, StockOutcome};
use crate::outgoing::{Outgoing, OutgoingKind};
use crate::payment::WALLET_PAYMENT;
use crate::recharge::{Credit, Promise};
use crate::refund::{Asker, RefundState};
use crate::{Fen, OutRefundNo};

fn settled(by: SettledBy, amount: Fen) -> Event {
    let settlement = Settlement { by, amount, at: start() };
    Event::Settled { settlement, stock: StockOutcome::Committed }
}

fn of(order: &Order, event: Event) -> Option<Changeset> {
    Changeset::of(Some(order), vec![event], Vec::new(), intent(), start())
}

#[test]
fn what_no_ledger_can_hold_is_not_recorded_at_all() {
    let order = payable();
    let fen = Fen::new(500);
    let by_payment = |payment_no| SettledBy::Wechat { payment_no };
    let posted = of(&order, settled(by_payment(1), fen)).unwrap();
    assert_eq!(posted.transfers.len(), 1);
    assert!(of(&order, settled(by_payment(9), fen)).is_none(), "there is no such payment");
    let too_much = Fen::new(BALANCE_MAX + 1);
    assert!(of(&order, settled(by_payment(1), too_much)).is_none(), "more than there can be");
    let nobodys = Order { buyer: None, ..order.clone() };
    let by_wallet = SettledBy::Wallet { payment_no: WALLET_PAYMENT };
    assert!(of(&nobodys, settled(by_wallet, fen)).is_none(), "nobody's wallet");
    let for_nothing = Order { purpose: Purpose::Recharge, recharge: None, ..order };
    assert!(of(&for_nothing, settled(by_payment(1), fen)).is_none(), "a recharge of nothing");
}

#[test]
fn a_refund_of_a_payment_that_is_not_there_is_not_recorded() {
    let mut order = play(paid(), &[|_| ask(100, Asker::Service)]);
    let refund = order.refunds[0].clone();
    let back = |number: &OutRefundNo| Event::RefundMoved {
        out_refund_no: number.clone(),
        to: RefundState::Succeeded { refund_id: RefundId::new("R-1"), at: start() },
        at: start(),
    };
    assert_eq!(of(&order, back(&refund.out_refund_no)).unwrap().transfers.len(), 1);
    order.refunds[0].payment_no = 9;
    assert!(of(&order, back(&refund.out_refund_no)).is_none());
}

/// Nothing moves where nothing was paid.
#[test]
fn what_costs_nothing_moves_nothing() {
    let order = payable();
    assert_eq!(of(&order, settled(SettledBy::Free, Fen::ZERO)).unwrap().transfers, []);
    let courier = Courier::parse("王五").unwrap();
    let cash = settled(SettledBy::Cash { courier }, Fen::ZERO);
    assert_eq!(of(&order, cash).unwrap().transfers, []);
}

/// A recharge that is paid, and of which `back` fen are asked back.
fn recharged(back: i64) -> (Order, Order) {
    let promise = Promise { credit: Credit::Wallet, principal: TOTAL, bonus: 0 };
    let of = |order| Order { purpose: Purpose::Recharge, recharge: Some(promise), ..order };
    let mut asked = play(paid(), &[|_| ask(1, Asker::Service)]);
    asked.refunds[0].amount = Fen::new(back);
    (of(paid()), of(asked))
}

/// What the outside is told of the wallet.
fn told_of_the_wallet(changeset: &Changeset) -> Vec<OutgoingKind> {
    let of_the_ledger = |told: &&Outgoing| told.kind.is_of_the_ledger();
    changeset.outgoing.iter().filter(of_the_ledger).map(|told| told.kind).collect()
}

#[test]
fn the_outside_hears_of_a_wallet_what_moves_in_it_and_nothing_else() {
    let (order, asked) = recharged(100);
    let buyer = order.buyer.unwrap();
    let refund = asked.refunds[0].clone();
    let taken = of(&order, Event::RefundRequested(refund.clone())).unwrap();
    assert!(!taken.gives_again());
    assert_eq!(told_of_the_wallet(&taken), [OutgoingKind::WalletDebited]);
    let nothing = Balances::default();
    let all_spent = taken.clone().covered(buyer, &nothing);
    assert_eq!(told_of_the_wallet(&all_spent), [], "nothing is left that could be taken");
    let enough = Balances { wallet: 100, ..nothing };
    assert_eq!(told_of_the_wallet(&taken.covered(buyer, &enough)), [OutgoingKind::WalletDebited]);
    // Refused, it comes again: first to the debt.
    let refused = Event::RefundMoved {
        out_refund_no: refund.out_refund_no,
        to: RefundState::Rejected { code: "NOT_ENOUGH".to_owned() },
        at: start(),
    };
    let again = of(&asked, refused).unwrap();
    assert!(again.gives_again());
    assert_eq!(told_of_the_wallet(&again), [OutgoingKind::WalletCredited]);
    let owes = Balances { receivable_fen: -100, ..nothing };
    let set_off = again.set_off(buyer, &owes);
    assert_eq!(told_of_the_wallet(&set_off), []);
    let paid = Account::Buyer(buyer, BuyerAccount::Receivable(Unit::Fen));
    let entries = set_off.transfers.iter().flat_map(|transfer| transfer.entries());
    let to_debt: i64 = entries.filter(|e| e.account == paid).map(|e| e.amount).sum();
    assert_eq!(to_debt, 100);
}

fn moves(order: &Order, event: Event) -> Vec<(Account, i64)> {
    let transfers = of(order, event).unwrap().transfers;
    let entries = transfers.iter().flat_map(|transfer| transfer.entries());
    entries.map(|entry| (entry.account, entry.amount)).collect()
}

/// What WeChat Pay has given back it has less of; what was paid back another way came out of the merchant's own cash. What
/// was surplus was never sold.
#[test]
fn what_goes_back_comes_from_where_it_was() {
    let house = |house| Account::House(house, Unit::Fen);
    let sold = play(paid(), &[|_| ask(100, Asker::Service)]);
    for (order, from) in [(sold, House::Sales), (surplus(), House::RefundsPayable)] {
        let refund = order.refunds[0].clone();
        let fen = refund.amount.get();
        let refund_id = RefundId::new("R-1");
        let arrived = RefundState::Succeeded { refund_id, at: start() };
        let by_bank = RefundState::SettledOffline { note: "bank".to_owned(), at: start() };
        for (to, into) in [(arrived, House::WechatClearing), (by_bank, House::CashInTransit)] {
            let out_refund_no = refund.out_refund_no.clone();
            let moved = moves(&order, Event::RefundMoved { out_refund_no, to, at: start() });
            assert!(moved.contains(&(house(from), -fen)), "{moved:?}");
            assert!(moved.contains(&(house(into), fen)), "{moved:?}");
        }
    }
}

#[test]
fn the_outside_hears_of_points_that_are_given_and_not_of_those_that_are_taken() {
    let credit = |back| {
        let promise = Promise { credit: Credit::Points, principal: TOTAL, bonus: 0 };
        let (before, asked) = recharged(back);
        let of = |order| Order { recharge: Some(promise), ..order };
        (of(before), of(asked))
    };
    let (order, asked) = credit(100);
    let taken = of(&order, Event::RefundRequested(asked.refunds[0].clone())).unwrap();
    assert_eq!(told_of_the_wallet(&taken), []);
    let refused = Event::RefundMoved {
        out_refund_no: asked.refunds[0].out_refund_no.clone(),
        to: RefundState::Rejected { code: "NOT_ENOUGH".to_owned() },
        at: start(),
    };
    assert_eq!(told_of_the_wallet(&of(&asked, refused).unwrap()), [OutgoingKind::PointsGranted]);
}
