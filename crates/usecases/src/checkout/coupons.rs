//! Checkouts with a coupon: against another order that wants it, a merchant who changes it, and the open
//! order that holds it; and every way to order for equal input.

use super::tests::request;
use super::{Checkedout, CheckoutError, CheckoutRequest, QuoteError};
use crate::Paydesk;
use crate::mocks::{MockBook, MockDoor, MockGateway, MockIds, MockOrders, desk, ready};
use crate::samples::{epoch, keyed, living, now, order, sku, store};
use domain::buyer::{Address, ListedItem, Selection};
use domain::catalogue::SkuId;
use domain::changeset::{Changeset, Guard, Refusal};
use domain::coupon::{CouponHold, CouponHoldStatus, CouponId, CouponTerms, Cut, GrantId};
use domain::delivery::DeliveryRules;
use domain::names::Openid;
use domain::order::{Amounts, Checkout, Order, PaymentMethod};
use domain::payment::TradeType;
use domain::ports::{CheckoutBasis, CommitAnswer, CouponAtHand, CouponInForce, Loaded};
use domain::{Fen, OrderId};
use proptest::prelude::*;
use std::sync::{Arc, Mutex};

fn id() -> CouponId {
    CouponId::parse("ten-off").unwrap()
}

fn asked() -> CheckoutRequest {
    CheckoutRequest { coupon_id: Some(id()), ..request() }
}

fn terms(cut: Cut) -> CouponTerms {
    CouponTerms {
        id: id(),
        title: "满减".to_owned(),
        cut,
        threshold: Fen::ZERO,
        valid_from: now().plus_seconds(-10),
        valid_to: now().plus_seconds(10),
        per_user_limit: 9,
    }
}

/// `off` fen off, the buyer's free one being `free`.
fn at_hand(off: i64, version: u64, free: Option<u32>) -> CouponAtHand {
    let terms = terms(Cut::Amount(Fen::new(off)));
    CouponAtHand { coupon: CouponInForce { terms, version }, free, held: Vec::new() }
}

fn address() -> Address {
    let text = String::new;
    Address { name: text(), phone: text(), region: "上海市".to_owned(), detail: text() }
}

fn basis(items: Vec<ListedItem>, coupon: Option<CouponAtHand>) -> CheckoutBasis {
    CheckoutBasis { items, address: Some(address()), rules: DeliveryRules::default(), coupon }
}

fn tea(price: i64, quantity: u32) -> ListedItem {
    ListedItem { id: 1, quantity, sku: sku(price), captured_by: None }
}

/// A desk whose checkouts read `bases`, one after the other (the last for ever).
fn shop(orders: MockOrders, bases: Vec<CheckoutBasis>) -> Paydesk {
    let mut gateway = MockGateway::new();
    gateway.expect_compose_prepay().returning(|_| "{}".to_owned());
    let mut desk = desk(orders, gateway, now());
    let mut book = MockBook::new();
    let (mut bases, mut last) = (bases.into_iter(), None);
    book.expect_checkout_basis().returning(move |_, _, _, _| {
        last = bases.next().or(last.take());
        let value = last.clone().expect("something to read");
        ready(Ok(Loaded { value, store_now: now(), epoch: epoch() }))
    });
    desk.book = Arc::new(book);
    let mut ids = MockIds::new();
    ids.expect_jitter().return_const(0u64);
    ids.expect_call().return_const(1u64);
    ids.expect_order_entropy().return_const(7u64);
    let fresh = OrderId::parse("00000000-0000-0000-0000-000000000002").unwrap();
    ids.expect_order_id().return_const(fresh);
    desk.ids = Arc::new(ids);
    let mut door = MockDoor::new();
    door.expect_openid().returning(|_, _| ready(Ok(Some(Openid::new("o-alice")))));
    desk.access = Arc::new(door);
    desk
}

type Written = Arc<Mutex<Vec<Changeset>>>;

fn placing(answers: Vec<CommitAnswer>, bases: Vec<CheckoutBasis>) -> (Paydesk, Written) {
    let (mut orders, written) = store(Vec::new(), answers);
    orders.expect_replay().returning(|_| ready(Ok(None)));
    (shop(orders, bases), written)
}

fn taken() -> CommitAnswer {
    CommitAnswer::GuardRefused(Refusal::Coupon(id()))
}

#[tokio::test]
async fn of_a_coupon_that_another_order_took_the_next_one_is_used() {
    let with = |free| basis(vec![tea(5_000, 1)], Some(at_hand(1_000, 1, free)));
    let (desk, written) =
        placing(vec![taken(), CommitAnswer::Committed], vec![with(Some(1)), with(Some(2))]);
    desk.check_out(&asked(), &keyed("one")).await.unwrap();
    let order = written.lock().unwrap()[1].order.as_ref().unwrap().order.clone();
    assert_eq!(order.coupon.as_ref().unwrap().grant, GrantId { coupon_id: id(), no: 2 });
    assert_eq!(order.amounts.total, Fen::new(4_000));
    let (desk, _) = placing(vec![taken()], vec![with(Some(1)), with(None)]);
    let refused = desk.check_out(&asked(), &keyed("one")).await;
    let not_usable = matches!(refused, Err(CheckoutError::Quote(QuoteError::CouponNotUsable)));
    assert!(not_usable, "{refused:?}");
}

#[tokio::test]
async fn terms_that_moved_are_priced_again_and_charged_only_if_the_total_stays() {
    let with = |off, version| basis(vec![tea(5_000, 1)], Some(at_hand(off, version, Some(1))));
    let moved = || CommitAnswer::GuardRefused(Refusal::CouponMoved(id()));
    let (desk, written) =
        placing(vec![moved(), CommitAnswer::Committed], vec![with(1_000, 1), with(1_000, 2)]);
    assert!(desk.check_out(&asked(), &keyed("one")).await.is_ok());
    assert_eq!(written.lock().unwrap().len(), 2);
    let (desk, _) = placing(vec![moved()], vec![with(1_000, 1), with(900, 2)]);
    let refused = desk.check_out(&asked(), &keyed("one")).await;
    let Err(CheckoutError::PriceChanged(amounts)) = refused else { panic!("{refused:?}") };
    assert_eq!(amounts.total, Fen::new(4_100), "what it costs now");
}

#[tokio::test]
async fn nobody_uses_a_coupon_that_they_do_not_have() {
    for coupon in [None, Some(at_hand(1_000, 1, None))] {
        let (desk, written) = placing(Vec::new(), vec![basis(vec![tea(5_000, 1)], coupon)]);
        let refused = desk.check_out(&asked(), &keyed("one")).await;
        let not_usable = matches!(refused, Err(CheckoutError::Quote(QuoteError::CouponNotUsable)));
        assert!(not_usable && written.lock().unwrap().is_empty(), "{refused:?}");
    }
}

/// The open order over the same line has the buyer's only coupon, whose time is over by now.
#[tokio::test]
async fn an_equal_request_gets_the_order_that_holds_its_coupon() {
    let mut open = order();
    open.checkout = Checkout {
        captured_items: vec![1],
        address_id: Some(1),
        address: Some(address()),
        coupon_id: Some(id()),
        ..Checkout::default()
    };
    let grant = GrantId { coupon_id: id(), no: 1 };
    open.coupon = Some(CouponHold { grant, status: CouponHoldStatus::Held });
    open.payments.clear();
    let mut coupon = at_hand(10, 1, None);
    coupon.held = vec![(1, open.number.clone())];
    let item = ListedItem { captured_by: Some(open.number.clone()), ..tea(100, 1) };
    let mut over = coupon.clone();
    over.coupon.terms.valid_to = now();
    for coupon in [coupon.clone(), over.clone()] {
        let (orders, life) = living(open.clone());
        let desk = shop(orders, vec![basis(vec![item.clone()], Some(coupon))]);
        let got = desk.check_out(&asked(), &keyed("two")).await.unwrap();
        let Checkedout::Reused(offer) = got else { panic!("{got:?}") };
        assert_eq!(offer.order.number, open.number);
        assert!(life.lock().unwrap().events().is_empty());
    }
    let (orders, _) = living(open.clone());
    let desk = shop(orders, vec![basis(vec![item.clone()], Some(coupon))]);
    let all = Selection::Everything;
    let quote = desk.quote(request().buyer, &all, 1, (Some(&id()), false)).await.unwrap();
    assert_eq!(quote.breakdown.amounts.total, Fen::new(90), "as if it were free");
    let other = CheckoutRequest { remark: Some("快".to_owned()), ..asked() };
    let refused = desk.check_out(&other, &keyed("two")).await;
    assert!(matches!(refused, Err(CheckoutError::CheckoutOpen(_))), "{refused:?}");
    // What could not be bought anyway says so first.
    let (orders, _) = living(open);
    let desk = shop(orders, vec![basis(vec![item], Some(over))]);
    let refused = desk.check_out(&other, &keyed("two")).await;
    let not_usable = matches!(refused, Err(CheckoutError::Quote(QuoteError::CouponNotUsable)));
    assert!(not_usable, "{refused:?}");
}

fn any_cut() -> impl Strategy<Value = Cut> {
    prop_oneof![
        (1i64..10_000_000).prop_map(|fen| Cut::Amount(Fen::new(fen))),
        (1u8..=100, prop::option::of(1i64..100_000))
            .prop_map(|(percent, cap)| Cut::Percent { percent, cap: cap.map(Fen::new) }),
    ]
}

/// Every way to order: from the checkout with a payment, and from the list to be paid later, at the door
/// or from the wallet.
const WAYS: [(PaymentMethod, Option<TradeType>); 4] = [
    (PaymentMethod::Wechat, Some(TradeType::Jsapi)),
    (PaymentMethod::Wechat, None),
    (PaymentMethod::Cod, None),
    (PaymentMethod::Wallet, None),
];

/// What is written when `request` is placed, and what it was quoted at.
fn written(request: &CheckoutRequest, basis: &CheckoutBasis) -> (Changeset, Amounts) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (desk, written) = placing(vec![CommitAnswer::Committed], vec![basis.clone()]);
        let quote = desk.read_for(request).await.unwrap();
        let quote = quote.priced((request.coupon_id.as_ref(), request.rush), now()).unwrap();
        // Only what is placed counts here, not what WeChat Pay says of it.
        drop(desk.place(request, &keyed("one")).await.unwrap());
        let changeset = written.lock().unwrap()[0].clone();
        (changeset, quote.breakdown.amounts)
    })
}

/// What is promised of each line, however far it got.
fn promised(order: &Order) -> Vec<(u16, SkuId, u32)> {
    order.holds.iter().map(|hold| (hold.line_no, hold.sku_id.clone(), hold.quantity)).collect()
}

/// What pricing read. How many orders wait for their money is another matter: what is paid at once waits for
/// none.
fn of_prices(changeset: &Changeset) -> Vec<&Guard> {
    let counts = |guard: &&Guard| matches!(guard, Guard::OpenOrdersBelow { .. });
    changeset.guards.iter().filter(|guard| !counts(guard)).collect()
}

proptest! {
    /// Requirement S0.33: the same goods, prices, discounts, fees, coupon, address and guards, whichever way
    /// they are ordered and paid for.
    #[test]
    fn every_way_to_order_costs_the_same_for_equal_input(
        lines in prop::collection::vec((0i64..1_000_000, 1u32..100), 1..10),
        fees in (0i64..10_000, prop::option::of(0i64..100_000), 0i64..10_000),
        cut in prop::option::of(any_cut()),
        rush in any::<bool>(),
    ) {
        let items: Vec<ListedItem> = (1..).zip(&lines).map(|(id, (price, quantity))| {
            ListedItem { id, ..tea(*price, *quantity) }
        }).collect();
        let (base, free_above, rush_fee) = fees;
        let mut basis = basis(items, None);
        basis.rules = DeliveryRules {
            base: Fen::new(base),
            free_above: free_above.map(Fen::new),
            regions: Vec::new(),
            rush: Fen::new(rush_fee),
        };
        basis.coupon = cut.map(|cut| CouponAtHand {
            coupon: CouponInForce { terms: terms(cut), version: 3 },
            free: Some(1),
            held: Vec::new(),
        });
        let coupon_id = cut.map(|_| id());
        let changesets = WAYS.map(|(method, trade_type)| {
            let request =
                CheckoutRequest { coupon_id: coupon_id.clone(), rush, method, trade_type, ..request() };
            let (changeset, quoted) = written(&request, &basis);
            let order = changeset.order.clone().unwrap().order;
            assert_eq!(order.amounts, quoted, "as it was quoted, by {method:?}");
            (changeset, order)
        });
        let (first, by_checkout) = &changesets[0];
        let cost = by_checkout.amounts.items.get() - by_checkout.amounts.discount.get()
            + by_checkout.amounts.delivery.get() + by_checkout.amounts.rush.get();
        prop_assert_eq!(by_checkout.amounts.total.get(), cost);
        let coupon = |order: &Order| order.coupon.as_ref().map(|hold| hold.grant.clone());
        for (changeset, order) in &changesets[1..] {
            prop_assert_eq!(&by_checkout.lines, &order.lines);
            prop_assert_eq!(by_checkout.amounts, order.amounts);
            prop_assert_eq!(coupon(by_checkout), coupon(order));
            prop_assert_eq!(promised(by_checkout), promised(order));
            prop_assert_eq!(of_prices(first), of_prices(changeset));
            let checkout =
                Checkout { trade_type: by_checkout.checkout.trade_type, ..order.checkout.clone() };
            prop_assert_eq!(&by_checkout.checkout, &checkout);
        }
        // What differs is from where the money comes, and when.
        let free = by_checkout.amounts.total == Fen::ZERO;
        let paid = changesets.each_ref().map(|(_, order)| order.settlement.is_some());
        prop_assert_eq!(paid, [free, free, false, true]);
    }
}
