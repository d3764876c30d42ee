//! What becomes of an order's coupon, rule by rule.

use super::moment::{Moment, written};
use super::refund_samples::{said, send};
use super::samples::{TOTAL, epoch, fact, number, placement, start, success};
use crate::Fen;
use crate::case::CaseKind;
use crate::changeset::{Changeset, Guard};
use crate::coupon::{CouponHoldStatus, CouponId, GrantId};
use crate::fact::{RefundProgress, Trade};
use crate::order::{
    CancelCause, Circumstances, Command, CouponOutcome, Decision, Event, Order, OrderStatus,
    Placement, PricedCoupon, SettledBy,
};
use crate::outgoing::OutgoingKind;

fn grant() -> GrantId {
    GrantId { coupon_id: CouponId::parse("ten-off").unwrap(), no: 2 }
}

fn with_coupon(price_fen: i64) -> Placement {
    let coupon = Some(PricedCoupon { grant: grant(), version: 4 });
    Placement { coupon, ..placement(price_fen) }
}

fn placing(placement: &Placement) -> Changeset {
    let events = placement.decide(start(), &epoch(), &|_| String::new()).unwrap();
    written(None, events, start())
}

fn placed() -> Order {
    placing(&with_coupon(TOTAL / 3)).order.unwrap().order
}

fn at() -> Moment {
    Moment::at(start())
}

/// Where the order's coupon went, by what is written of it.
fn moves(changeset: &Changeset) -> Vec<CouponHoldStatus> {
    assert!(changeset.coupons.iter().all(|change| change.grant == grant()));
    changeset.coupons.iter().map(|change| change.to).collect()
}

fn status(order: &Order) -> CouponHoldStatus {
    order.coupon.as_ref().unwrap().status
}

/// Every way through an order's life, and the coupon beside it.
#[test]
fn a_coupon_follows_the_money_of_its_order() {
    use CouponHoldStatus::{Held, Released, Returned, Used};
    let placing = placing(&with_coupon(TOTAL / 3));
    assert_eq!(moves(&placing), [Held]);
    let order = placed();

    let cancel = Command::Cancel(CancelCause::Buyer);
    let cancelling = at().written(&order, &cancel);
    assert_eq!(moves(&cancelling), [], "nothing is given back while it may still be paid");
    let cancelling = cancelling.order.unwrap().order;
    let ended = at().written(&cancelling, &fact(&cancelling, 1, Trade::Closed));
    assert_eq!(moves(&ended), [Released]);
    let cancelled = ended.order.unwrap().order;
    let late = at().written(&cancelled, &success(&cancelled, 1, "T-1", TOTAL));
    assert_eq!((moves(&late), status(&late.order.unwrap().order)), (vec![], Released));

    let paid = at().written(&cancelling, &success(&cancelling, 1, "T-1", TOTAL));
    assert_eq!(moves(&paid), [Used], "a success while cancelling settles it");
    let paid = paid.order.unwrap().order;
    let going = at().written(&paid, &cancel);
    assert_eq!(moves(&going), [], "not before its money is accepted back");
    let sent = at().play(&going.order.unwrap().order, &send(&at().play(&paid, &cancel)));
    let back = at().written(&sent, &said(&sent, RefundProgress::Processing));
    assert_eq!((moves(&back), status(&back.order.unwrap().order)), (vec![Returned], Returned));
}

#[test]
fn an_order_that_its_coupon_makes_free_holds_and_spends_it_in_one_commit() {
    use CouponHoldStatus::{Held, Returned, Used};
    let placing = placing(&with_coupon(0));
    assert_eq!(moves(&placing), [Held, Used]);
    let order = placing.order.unwrap().order;
    assert_eq!(order.settlement.as_ref().unwrap().by, SettledBy::Free);
    assert_eq!((order.status, status(&order)), (OrderStatus::Ready, Used));
    let cancelled = at().written(&order, &Command::Cancel(CancelCause::Buyer));
    assert_eq!(moves(&cancelled), [Returned]);
}

#[test]
fn what_pricing_read_of_a_coupon_is_guarded() {
    let guards = with_coupon(500).guards();
    let version = Guard::CouponVersion { coupon_id: grant().coupon_id, version: 4 };
    assert_eq!(guards.iter().filter(|guard| **guard == version).count(), 1);
    assert!(!placement(500).guards().iter().any(|g| matches!(g, Guard::CouponVersion { .. })));
}

/// Money is never vetoed: the coupon stays as it is, and a person is told.
#[test]
fn a_settlement_and_a_cancellation_whose_coupon_is_refused_go_on_with_a_case() {
    let epoch = epoch();
    let refused = Circumstances {
        coupon: CouponOutcome::Refused,
        ..Circumstances::ordinary(start(), &epoch)
    };
    let order = placed();
    let cancelling = at().play(&order, &Command::Cancel(CancelCause::Buyer));
    let (used, released) = (CouponHoldStatus::Used, CouponHoldStatus::Released);
    for (order, command, wanted, said) in [
        (&order, success(&order, 1, "T-1", TOTAL), used, "could not be spent"),
        (&cancelling, fact(&cancelling, 1, Trade::Closed), released, "could not be given back"),
    ] {
        let Ok(Decision::Record(events)) = order.decide_with(&command, &refused) else { panic!() };
        assert!(events.contains(&Event::CouponStuck { wanted }), "{events:?}");
        let changeset = written(Some(order), events, start());
        assert!(changeset.coupons.is_empty(), "nothing is moved");
        let [case] = changeset.cases.as_slice() else { panic!("{:?}", changeset.cases) };
        assert_eq!((case.kind, case.subject.as_str()), (CaseKind::Coupon, order.number.as_str()));
        assert!(case.detail.contains(said), "{}", case.detail);
        let told = changeset.outgoing.iter().filter(|o| o.kind == OutgoingKind::CaseOpened);
        assert_eq!(told.count(), 1);
        assert_eq!(status(&changeset.order.unwrap().order), CouponHoldStatus::Held);
    }
}

#[test]
fn a_coupon_is_spent_once_and_comes_back_once_by_name() {
    let order = placed();
    let paid = at().written(&order, &success(&order, 1, "T-1", TOTAL));
    assert!(paid.effects.contains(&format!("coupon_used:{}", order.id)));
    let cancelling = at().play(&order, &Command::Cancel(CancelCause::Buyer));
    let ended = at().written(&cancelling, &fact(&cancelling, 1, Trade::Closed));
    assert!(ended.effects.contains(&format!("coupon_back:{}", order.id)));
    assert_eq!(number(&order, 1).as_str(), order.number.as_str());
    assert_eq!(order.amounts.total, Fen::new(TOTAL));
}
