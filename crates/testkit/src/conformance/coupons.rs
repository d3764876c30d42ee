//! Coupons: given within their limit, held by one order at a time, and back at most once.

use super::{Stores, deciding, placing};
use crate::sample;
use domain::buyer::Selection;
use domain::changeset::{Guard, Refusal};
use domain::coupon::{CouponHoldStatus, CouponId, CouponTerms, Cut, GrantId, GrantState, Standing};
use domain::fact::Trade;
use domain::order::{
    CancelCause, Circumstances, Command, CouponOutcome, Decision, Event, Order, Placement,
    PricedCoupon,
};
use domain::ports::{CommitAnswer, CouponInForce, CouponIssue, IssueAnswer, PutAnswer, StoreError};
use domain::pricing::{PricingInput, price};
use domain::{Fen, UserId};
use futures_util::future::join_all;

/// So much off, from the first moment of the samples on, for a day.
pub fn terms(id: &str, off: i64, per_user_limit: u32) -> CouponTerms {
    CouponTerms {
        id: CouponId::parse(id).unwrap(),
        title: "满减".to_owned(),
        cut: Cut::Amount(Fen::new(off)),
        threshold: Fen::ZERO,
        valid_from: sample::start(),
        valid_to: sample::start().plus_seconds(86_400),
        per_user_limit,
    }
}

/// Defines a coupon, and gives the buyer so many of it.
pub async fn give(stores: &Stores, terms: &CouponTerms, buyer: UserId, quantity: u32) {
    let audit = sample::audit("put coupon");
    let put = stores.coupons.put_coupon(terms, None, &audit, sample::start()).await.unwrap();
    assert!(matches!(put, PutAnswer::Created(_)), "{put:?}");
    let key = format!("give-{}-{buyer}", terms.id);
    let answer = stores.coupons.issue(&issue(&terms.id, buyer, quantity, &key)).await.unwrap();
    assert_eq!(answer, IssueAnswer::Issued(quantity));
}

fn issue(coupon_id: &CouponId, buyer: UserId, quantity: u32, key: &str) -> CouponIssue {
    CouponIssue {
        coupon_id: coupon_id.clone(),
        buyer,
        quantity,
        audit: sample::audit("issue"),
        replay: sample::replay(key, None),
    }
}

/// An order of two pieces for 500 fen each, with the buyer's `no`th coupon.
pub async fn placement(
    stores: &Stores,
    n: u64,
    buyer: UserId,
    (coupon, no): (&CouponInForce, u32),
) -> Placement {
    let sku = stores.sku(&format!("sku-{n}"), 500, 100).await;
    let input = PricingInput {
        coupon: Some((&coupon.terms, sample::start())),
        ..PricingInput::of_goods(vec![(&sku, 2)])
    };
    let grant = GrantId { coupon_id: coupon.terms.id.clone(), no };
    let mut placement = sample::placement(n, buyer, &[(&sku, 2)]);
    placement.breakdown = price(&input).unwrap();
    placement.checkout.coupon_id = Some(coupon.terms.id.clone());
    placement.coupon = Some(PricedCoupon { grant, version: coupon.version });
    placement
}

async fn in_force(stores: &Stores, id: &str) -> CouponInForce {
    let id = CouponId::parse(id).unwrap();
    stores.coupons.coupon(&id).await.unwrap().expect("a coupon")
}

/// Where each of the buyer's coupons is, by number.
async fn states(stores: &Stores, buyer: UserId) -> Vec<GrantState> {
    let mut grants = stores.coupons.grants(buyer, sample::start(), 100).await.unwrap();
    grants.sort_by(|a, b| (&a.terms.id, a.no).cmp(&(&b.terms.id, b.no)));
    grants.into_iter().map(|grant| grant.state).collect()
}

async fn placed(stores: &Stores, placement: &Placement) -> Order {
    let answer = stores.place(placement, &format!("place {}", placement.number)).await;
    assert_eq!(answer, CommitAnswer::Committed);
    let order = stores.load(placement).await;
    assert_eq!(order.coupon.as_ref().map(|hold| hold.status), Some(CouponHoldStatus::Held));
    order
}

/// A buyer with so many coupons of 100 fen off, and the coupon.
async fn buyer_with(stores: &Stores, n: u64, quantity: u32) -> (UserId, CouponInForce) {
    let buyer = stores.buyer(n).await;
    let id = format!("off-{n}");
    give(stores, &terms(&id, 100, 9), buyer, quantity).await;
    (buyer, in_force(stores, &id).await)
}

pub async fn a_coupon_is_changed_at_its_version_only(stores: &Stores) {
    let audit = sample::audit("put coupon");
    let put = async |terms: CouponTerms, expected| {
        stores.coupons.put_coupon(&terms, expected, &audit, sample::start()).await.unwrap()
    };
    assert_eq!(stores.coupons.coupon(&CouponId::parse("a").unwrap()).await.unwrap(), None);
    assert_eq!(put(terms("a", 1, 1), Some(1)).await, PutAnswer::NotFound);
    let first = CouponInForce { terms: terms("a", 1, 1), version: 1 };
    assert_eq!(put(terms("a", 1, 1), None).await, PutAnswer::Created(first));
    assert_eq!(put(terms("a", 2, 1), None).await, PutAnswer::VersionMoved);
    let part = CouponTerms {
        cut: Cut::Percent { percent: 15, cap: Some(Fen::new(300)) },
        threshold: Fen::new(99),
        title: "八五折".to_owned(),
        ..terms("a", 1, 7)
    };
    let second = CouponInForce { terms: part.clone(), version: 2 };
    assert_eq!(put(part.clone(), Some(1)).await, PutAnswer::Changed(second.clone()));
    assert_eq!(put(part, Some(1)).await, PutAnswer::VersionMoved);
    assert_eq!(in_force(stores, "a").await, second);
}

pub async fn coupons_are_given_once_per_key_and_within_the_limit(stores: &Stores) {
    let (buyer, coupon) = buyer_with(stores, 1, 2).await;
    let id = &coupon.terms.id;
    let ask = async |buyer, quantity, key: &str| {
        stores.coupons.issue(&issue(id, buyer, quantity, key)).await.unwrap()
    };
    assert_eq!(ask(buyer, 3, "k-1").await, IssueAnswer::Issued(5));
    let again = IssueAnswer::Replayed(sample::replay("k-1", None), 5);
    assert_eq!(ask(buyer, 3, "k-1").await, again, "nothing new");
    assert_eq!(ask(buyer, 5, "k-2").await, IssueAnswer::LimitReached);
    assert_eq!(states(stores, buyer).await, vec![GrantState::Issued; 5], "all or none");
    assert_eq!(ask(buyer, 4, "k-2").await, IssueAnswer::Issued(9), "a refusal is not kept");
    assert_eq!(ask(sample::user(99), 1, "k-3").await, IssueAnswer::NoSuchBuyer);
    let nothing = CouponId::parse("nothing").unwrap();
    let answer = stores.coupons.issue(&issue(&nothing, buyer, 1, "k-4")).await.unwrap();
    assert_eq!(answer, IssueAnswer::NoSuchCoupon);
    let other = stores.buyer(2).await;
    assert_eq!(ask(other, 9, "k-5").await, IssueAnswer::Issued(9), "each buyer has a limit");
}

pub async fn whoever_asks_at_once_gives_no_more_than_one_buyer_may_get(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let five = terms("five", 100, 5);
    let audit = sample::audit("put coupon");
    stores.coupons.put_coupon(&five, None, &audit, sample::start()).await.unwrap();
    let asks = (0..20).map(|n| {
        let (coupons, id) = (stores.coupons.clone(), five.id.clone());
        async move {
            let issue = issue(&id, buyer, 1, &format!("k-{n}"));
            loop {
                match coupons.issue(&issue).await {
                    Ok(answer) => return answer,
                    // What the store rolled back may be asked for again.
                    Err(StoreError::Unavailable(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    });
    let answers = join_all(asks).await;
    let given = answers.iter().filter(|answer| matches!(answer, IssueAnswer::Issued(_))).count();
    let refused = answers.iter().filter(|answer| **answer == IssueAnswer::LimitReached).count();
    assert_eq!((given, refused), (5, 15));
    assert_eq!(states(stores, buyer).await.len(), 5);
}

pub async fn a_held_coupon_is_spent_by_the_settlement(stores: &Stores) {
    let (buyer, coupon) = buyer_with(stores, 1, 2).await;
    let placement = placement(stores, 1, buyer, (&coupon, 1)).await;
    let order = placed(stores, &placement).await;
    assert_eq!((order.amounts.total.get(), order.amounts.discount.get()), (900, 100));
    let held = GrantState::Held(order.number.clone());
    assert_eq!(states(stores, buyer).await, [held, GrantState::Issued]);
    let order = stores.step(&order, &sample::success(&order, "T-1"), sample::start()).await;
    assert_eq!(order.coupon.as_ref().unwrap().status, CouponHoldStatus::Used);
    let used = GrantState::Used(order.number.clone());
    assert_eq!(states(stores, buyer).await, [used, GrantState::Issued]);
}

pub async fn a_coupon_is_free_again_when_its_order_is_cancelled_and_not_before(stores: &Stores) {
    let (buyer, coupon) = buyer_with(stores, 1, 1).await;
    let first = placement(stores, 1, buyer, (&coupon, 1)).await;
    let order = placed(stores, &first).await;
    let cancel = Command::Cancel(CancelCause::Buyer);
    let order = stores.step(&order, &cancel, sample::start()).await;
    assert_eq!(states(stores, buyer).await, [GrantState::Held(order.number.clone())]);
    let order = stores.step(&order, &sample::says(&order, Trade::Closed), sample::start()).await;
    assert_eq!(order.coupon.unwrap().status, CouponHoldStatus::Released);
    assert_eq!(states(stores, buyer).await, [GrantState::Issued]);
    let second = placement(stores, 2, buyer, (&coupon, 1)).await;
    placed(stores, &second).await;
}

pub async fn a_coupon_comes_back_with_all_the_money_before_shipping(stores: &Stores) {
    let (buyer, coupon) = buyer_with(stores, 1, 1).await;
    let placement = placement(stores, 1, buyer, (&coupon, 1)).await;
    let order = placed(stores, &placement).await;
    let at = |seconds| sample::start().plus_seconds(seconds);
    let order = stores.step(&order, &sample::success(&order, "T-1"), at(1)).await;
    let order = stores.step(&order, &Command::Cancel(CancelCause::Buyer), at(2)).await;
    assert_eq!(states(stores, buyer).await, [GrantState::Used(order.number.clone())]);
    let number = order.refunds[0].out_refund_no.clone();
    let send = Command::SendRefund { out_refund_no: number.clone() };
    let order = stores.step(&order, &send, at(3)).await;
    let accepted = domain::fact::RefundProgress::Processing;
    let accepted = Command::RecordRefund(sample::refund_fact(&order, &number, accepted));
    let order = stores.step(&order, &accepted, at(4)).await;
    assert_eq!(order.coupon.as_ref().unwrap().status, CouponHoldStatus::Returned);
    assert_eq!(states(stores, buyer).await, [GrantState::Issued]);
}

pub async fn an_order_that_its_coupon_makes_free_spends_it_at_once(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    give(stores, &terms("all-off", 9_999, 1), buyer, 1).await;
    let coupon = in_force(stores, "all-off").await;
    let placement = placement(stores, 1, buyer, (&coupon, 1)).await;
    assert_eq!(stores.place(&placement, "place").await, CommitAnswer::Committed);
    let order = stores.load(&placement).await;
    assert_eq!(order.coupon.as_ref().unwrap().status, CouponHoldStatus::Used);
    assert_eq!(states(stores, buyer).await, [GrantState::Used(order.number.clone())]);
    let order = stores.step(&order, &Command::Cancel(CancelCause::Buyer), sample::start()).await;
    assert_eq!(order.coupon.unwrap().status, CouponHoldStatus::Returned);
    assert_eq!(states(stores, buyer).await, [GrantState::Issued]);
}

pub async fn a_coupon_serves_one_order_at_a_time(stores: &Stores) {
    let (buyer, coupon) = buyer_with(stores, 1, 1).await;
    let mut commits = Vec::new();
    for n in 1..=4 {
        let placement = placement(stores, n, buyer, (&coupon, 1)).await;
        let changeset = placing(&placement, sample::intent(&format!("place-{n}")));
        let orders = stores.orders.clone();
        commits.push(async move {
            let mut answer = orders.commit(changeset.clone()).await;
            // Who is in another's way is so a few times at most.
            for _ in 0..100 {
                if !matches!(answer, CommitAnswer::RolledBack(_)) {
                    break;
                }
                answer = orders.commit(changeset.clone()).await;
            }
            answer
        });
    }
    let answers = join_all(commits).await;
    let placed = answers.iter().filter(|answer| **answer == CommitAnswer::Committed).count();
    let taken = CommitAnswer::GuardRefused(Refusal::Coupon(coupon.terms.id.clone()));
    let refused = answers.iter().filter(|answer| **answer == taken).count();
    assert_eq!((placed, refused), (1, 3), "{answers:?}");
}

pub async fn terms_that_moved_write_nothing(stores: &Stores) {
    let (buyer, coupon) = buyer_with(stores, 1, 1).await;
    let placement = placement(stores, 1, buyer, (&coupon, 1)).await;
    let version = Guard::CouponVersion { coupon_id: coupon.terms.id.clone(), version: 1 };
    assert!(placement.guards().contains(&version), "what pricing read is guarded");
    let audit = sample::audit("put coupon");
    let less = CouponTerms { cut: Cut::Amount(Fen::new(1)), ..coupon.terms.clone() };
    stores.coupons.put_coupon(&less, Some(1), &audit, sample::start()).await.unwrap();
    let before = stores.dump().await;
    let moved = CommitAnswer::GuardRefused(Refusal::CouponMoved(coupon.terms.id.clone()));
    assert_eq!(stores.place(&placement, "place").await, moved);
    assert_eq!(stores.dump().await, before);
}

/// Settled money is never vetoed: the same again without the coupon, and a person is told.
pub async fn an_order_whose_coupon_is_gone_is_settled_without_it(stores: &Stores) {
    let (buyer, coupon) = buyer_with(stores, 1, 1).await;
    let first = placement(stores, 1, buyer, (&coupon, 1)).await;
    let order = placed(stores, &first).await;
    // As if a person had mended too much: the order believes in a coupon that it does not have.
    let mut other = order.clone();
    other.coupon.as_mut().unwrap().grant.no = 7;
    let success = sample::success(&order, "T-1");
    let refused = stores.orders.commit(deciding(&other, &success, sample::intent("pay"))).await;
    let gone = CommitAnswer::GuardRefused(Refusal::Coupon(coupon.terms.id.clone()));
    let impossible = matches!(refused, CommitAnswer::RolledBack(_));
    assert!(refused == gone || impossible, "{refused:?}");
    let epoch = sample::epoch();
    let given = Circumstances {
        coupon: CouponOutcome::Refused,
        ..Circumstances::ordinary(sample::start(), &epoch)
    };
    let Ok(Decision::Record(events)) = order.decide_with(&success, &given) else { panic!() };
    let stuck = Event::CouponStuck { wanted: CouponHoldStatus::Used };
    assert!(events.contains(&stuck), "{events:?}");
    let changeset = domain::changeset::Changeset::of(
        Some(&order),
        events,
        Vec::new(),
        sample::intent("pay without it"),
        sample::start(),
    );
    let answer = stores.orders.commit(changeset.unwrap()).await;
    assert_eq!(answer, CommitAnswer::Committed);
    let order = stores.again(&order).await;
    assert!(order.settlement.is_some());
    assert_eq!(order.coupon.unwrap().status, CouponHoldStatus::Held, "it stays as it is");
    let dump = stores.dump().await;
    assert!(dump.contains("its coupon could not be spent"), "a case tells of it");
}

pub async fn a_checkout_reads_the_coupon_that_is_asked_for(stores: &Stores) {
    let (buyer, coupon) = buyer_with(stores, 1, 2).await;
    let read = async |id: &str| {
        let id = CouponId::parse(id).unwrap();
        let basis =
            stores.book.checkout_basis(buyer, &Selection::Everything, 1, Some(&id)).await.unwrap();
        basis.value.coupon
    };
    assert_eq!(read("another").await, None);
    let at_hand = read("off-1").await.expect("the coupon");
    assert_eq!((at_hand.coupon, at_hand.free, at_hand.held), (coupon.clone(), Some(1), vec![]));
    let first = placement(stores, 1, buyer, (&coupon, 1)).await;
    let order = placed(stores, &first).await;
    let at_hand = read("off-1").await.expect("the coupon");
    assert_eq!((at_hand.free, at_hand.held), (Some(2), vec![(1, order.number.clone())]));
    stores.step(&order, &sample::success(&order, "T-1"), sample::start()).await;
    let at_hand = read("off-1").await.expect("the coupon");
    assert_eq!((at_hand.free, at_hand.held), (Some(2), vec![]), "spent ones are nobody's");
    let other = stores.buyer(2).await;
    let basis = stores
        .book
        .checkout_basis(other, &Selection::Everything, 1, Some(&coupon.terms.id))
        .await
        .unwrap();
    assert_eq!(basis.value.coupon.expect("the coupon").free, None, "not theirs");
}

pub async fn what_can_be_used_is_shown_before_what_cannot(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let over = CouponTerms { valid_to: sample::start().plus_seconds(1), ..terms("over", 1, 9) };
    give(stores, &over, buyer, 3).await;
    give(stores, &terms("usable", 1, 9), buyer, 2).await;
    let now = sample::start().plus_seconds(60);
    let grants = stores.coupons.grants(buyer, now, 3).await.unwrap();
    let standings: Vec<Standing> = grants.iter().map(|grant| grant.standing(now)).collect();
    let usable = standings.iter().filter(|standing| **standing == Standing::Usable).count();
    assert_eq!((standings.len(), usable), (3, 2));
    assert!(stores.coupons.grants(stores.buyer(2).await, now, 9).await.unwrap().is_empty());
}
