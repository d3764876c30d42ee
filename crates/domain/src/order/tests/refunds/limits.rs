//! Limits of WeChat Pay's: a year, and fifty refunds. What they are not for, and what becomes of money that
//! they keep.

use super::fees::{amount, by, number, tea_and_cup, told};
use super::lines::at;
use crate::Fen;
use crate::case::CaseKind;
use crate::fact::RefundProgress;
use crate::names::{Appid, Mchid};
use crate::order::tests::moment::Moment;
use crate::order::tests::refund_samples::{ask, console, last, said_of, succeeded};
use crate::order::tests::samples::{placed_directly, start};
use crate::order::{CancelCause, Command, Event, Order, OrderStatus, WalletPayment};
use crate::outgoing::{OutgoingKind, TOLD_MAX};
use crate::refund::{Asker, REFUNDABLE_S, REFUNDS_MAX, RefundStatus};

fn paid_from_wallet() -> Order {
    let names = WalletPayment { mchid: Mchid::new("1"), appid: Appid::new("wx1") };
    Moment::at(start()).play(&placed_directly(), &Command::PayFromWallet(names))
}

#[test]
fn what_a_wallet_paid_goes_back_into_it_after_a_year_too() {
    let order = paid_from_wallet();
    let late = Moment::at(start().plus_seconds(2 * REFUNDABLE_S));
    let part = late.clone().named("part").play(&order, &ask(1, Asker::Operator));
    assert_eq!(
        (last(&part).state.status(), part.refunded()),
        (RefundStatus::Succeeded, Fen::new(1))
    );
    // Cancelling is refunding the rest.
    let rest = Command::Cancel(CancelCause::Operator);
    let order = late.play(&part, &rest);
    assert_eq!((order.status, order.refunded()), (OrderStatus::Cancelled, order.amounts.total));
}

/// Of 50 refunds two are for all the goods, and the others are a fen each, so that none is left for the
/// fees.
fn all_asked_back_without_a_refund_left() -> Order {
    let mut order = at().named("tea").play(&tea_and_cup(), &by(&[(1, 1)], Asker::Buyer));
    order = at().named("cup").play(&order, &by(&[(2, 1)], Asker::Buyer));
    for turn in 2..REFUNDS_MAX {
        order = at().named(&format!("turn {turn}")).play(&order, &amount(1, Asker::Service));
    }
    order
}

#[test]
fn fees_that_cannot_follow_their_goods_are_shown_to_a_person_once() {
    let order = told(&all_asked_back_without_a_refund_left(), 0, RefundProgress::Processing);
    let moment = Moment::at(start().plus_seconds(2_000));
    let order = moment.play(&order, &Command::SendRefund { out_refund_no: number(&order, 1) });
    let accepted = said_of(&order, &order.refunds[1], RefundProgress::Processing);
    let events = moment.events(&order, &accepted);
    assert_eq!(events.last(), Some(&Event::FeesStuck), "{events:?}");
    let written = moment.written(&order, &accepted);
    let [case] = written.cases.as_slice() else { panic!("{:?}", written.cases) };
    assert_eq!((case.kind, case.subject.as_str()), (CaseKind::Stuck, order.number.as_str()));
    let left = order.refundable();
    assert!(left > Fen::ZERO && case.detail.contains(&format!(" {} fen ", left.get())), "{case:?}");
    let opened = written.outgoing.iter().filter(|told| told.kind == OutgoingKind::CaseOpened);
    assert_eq!(opened.count(), 1);
    let order = moment.play(&order, &accepted);
    assert_eq!((order.status, order.refundable()), (OrderStatus::Ready, left));
    // The payer has the money, and nobody is told twice.
    let later = Moment::at(start().plus_seconds(3_000));
    let written = later.written(&order, &said_of(&order, &order.refunds[1], succeeded()));
    assert!(written.cases.is_empty(), "{:?}", written.cases);
}

/// As many refunds as there can be, all of them waiting for another person, and together all of it.
fn fifty_that_wait(order: Order) -> Order {
    let wait = |order: Order, turn: usize, fen: i64| {
        let moment = at().approving_above(0).named(&format!("turn {turn}"));
        moment.play(&order, &ask(fen, Asker::Operator))
    };
    let order = (1..REFUNDS_MAX).fold(order, |order, turn| wait(order, turn, 1));
    let rest = order.refundable().get();
    wait(order, REFUNDS_MAX, rest)
}

#[test]
fn what_fifty_refunds_tell_in_one_commit_has_room_in_its_version() {
    let cancel = Command::Cancel(CancelCause::Buyer);
    let from_wallet = at().written(&fifty_that_wait(paid_from_wallet()), &cancel);
    assert!(from_wallet.outgoing.len() > 2 * REFUNDS_MAX, "{}", from_wallet.outgoing.len());
    // All of it was given back in the merchant console: what is not sent gives way.
    let order = fifty_that_wait(tea_and_cup());
    let paid = order.amounts.total.get();
    let elsewhere = console(&order, paid, RefundProgress::Processing);
    for written in [from_wallet, at().written(&order, &elsewhere)] {
        assert!(written.outgoing.len() * 4 < usize::from(TOLD_MAX), "{}", written.outgoing.len());
        assert!(!written.tells_too_much());
    }
}

#[test]
fn more_than_a_version_has_numbers_for_is_too_much_to_tell() {
    let cancel = Command::Cancel(CancelCause::Buyer);
    let written = at().written(&fifty_that_wait(paid_from_wallet()), &cancel);
    let telling = |count: u16| {
        let outgoing = written.outgoing.iter().cycle().take(usize::from(count)).cloned().collect();
        crate::changeset::Changeset { outgoing, ..written.clone() }
    };
    assert!(!telling(TOLD_MAX).tells_too_much());
    assert!(telling(TOLD_MAX + 1).tells_too_much());
}
