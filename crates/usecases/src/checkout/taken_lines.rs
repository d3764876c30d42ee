//! A checkout over lines that are in an open order already: that one again, or out of its way.

use super::tests::request;
use super::{Checkedout, CheckoutError, CheckoutRequest};
use crate::Paydesk;
use crate::mocks::{Dozing, MockBook, MockDoor, MockGateway, MockIds, MockOrders, desk, ready};
use crate::samples::{epoch, keyed, living, now, order, sku, store};
use domain::buyer::{Address, ListedItem};
use domain::catalogue::SkuId;
use domain::delivery::DeliveryRules;
use domain::order::{Checkout, LINES_MAX, Order, OrderStatus};
use domain::payment::{Credential, PaymentState, PaymentStatus, TradeType};
use domain::ports::{CheckoutBasis, Clock, CommitAnswer, Loaded, PayParams};
use domain::{Fen, OrderId};
use std::sync::Arc;

fn address() -> Address {
    let text = |text: &str| text.to_owned();
    Address { name: text("甲"), phone: text("1"), region: text("杭州"), detail: text("一号") }
}

/// Line 1 of the list: one tea, as the order in the way has it.
fn item(captured: bool) -> ListedItem {
    let captured_by = captured.then(|| order().number);
    ListedItem { id: 1, quantity: 1, sku: sku(100), captured_by }
}

/// Native, like the sample order's payment.
fn native() -> CheckoutRequest {
    CheckoutRequest { trade_type: Some(TradeType::Native), ..request() }
}

/// The open order that came of `native()`, its payment on offer.
fn open() -> Order {
    let mut order = order();
    order.checkout = Checkout {
        captured_items: vec![1],
        address_id: Some(1),
        address: Some(address()),
        trade_type: Some(TradeType::Native),
        ..Checkout::default()
    };
    let credential = Some(Credential::CodeUrl("weixin://x".to_owned()));
    order.payments[0].state = PaymentState::Payable { credential };
    order
}

/// The one that came of `request()`: placed directly, without a payment.
fn open_without_payment() -> Order {
    let mut order = open();
    order.checkout.trade_type = None;
    order.payments.clear();
    order
}

/// A desk over this store whose list is `lists`, one after the other (the last for ever).
fn shop(orders: MockOrders, lists: Vec<Vec<ListedItem>>) -> Paydesk {
    let mut gateway = MockGateway::new();
    gateway.expect_compose_prepay().returning(|_| "{}".to_owned());
    gateway.expect_pay_params().returning(|payment| {
        payment.credential().map(|_| PayParams::Native { code_url: "weixin://x".to_owned() })
    });
    let mut desk = desk(orders, gateway, now());
    let mut book = MockBook::new();
    let (mut lists, mut items) = (lists.into_iter(), Vec::new());
    book.expect_checkout_basis().returning(move |_, _, _, _| {
        items = lists.next().unwrap_or_else(|| items.clone());
        let value = CheckoutBasis {
            items: items.clone(),
            address: Some(address()),
            rules: DeliveryRules::default(),
            coupon: None,
        };
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
    desk
}

#[tokio::test]
async fn an_equal_request_under_another_key_gets_the_order_that_is_there() {
    for (open, asked, payment) in
        [(open(), native(), Some(1)), (open_without_payment(), request(), None)]
    {
        let (orders, life) = living(open.clone());
        let desk = shop(orders, vec![vec![item(true)]]);
        let got = desk.check_out(&asked, &keyed("two")).await.unwrap();
        let Checkedout::Reused(offer) = got else { panic!("{got:?}") };
        assert_eq!(offer.order.number, open.number);
        assert_eq!(offer.pay_params.is_some(), payment.is_some());
        let life = life.lock().unwrap();
        assert!(life.events().is_empty(), "no second order, no second payment");
        let key = &life.keys[0];
        assert_eq!((key.order, key.payment, key.reused), (Some(open.id), payment, true));
    }
}

#[tokio::test]
async fn what_differs_in_anything_is_refused_with_the_number_that_is_in_the_way() {
    let mut two = item(true);
    two.quantity = 2;
    let remark = CheckoutRequest { remark: Some("快".to_owned()), ..native() };
    let elsewhere = CheckoutRequest { address_id: 2, ..native() };
    let mut cancelling = open();
    cancelling.status = OrderStatus::Cancelling;
    for (open, items, asked) in [
        (open(), item(true), remark),
        (open(), item(true), elsewhere),
        (open(), item(true), request()),
        (open(), two, native()),
        (cancelling, item(true), native()),
    ] {
        let (orders, life) = living(open.clone());
        let refused = shop(orders, vec![vec![items]]).check_out(&asked, &keyed("two")).await;
        let Err(CheckoutError::CheckoutOpen(number)) = refused else { panic!("{refused:?}") };
        assert_eq!(number, open.number);
        assert!(life.lock().unwrap().written.is_empty());
    }
}

/// The twin of this very request was recorded while we looked.
#[tokio::test]
async fn the_twin_of_a_reuse_is_answered_as_a_repeat() {
    for (open, asked) in [(open(), native()), (open_without_payment(), request())] {
        let (mut orders, _) = store(vec![open.clone()], vec![CommitAnswer::AlreadyCommitted]);
        let mut looked = 0;
        orders.expect_replay().returning(move |_| {
            looked += 1;
            let mut record = keyed("two").record(now());
            (record.order, record.reused) = (Some(open.id), true);
            ready(Ok((looked > 1).then_some(record)))
        });
        let got = shop(orders, vec![vec![item(true)]]).check_out(&asked, &keyed("two")).await;
        assert!(matches!(got, Ok(Checkedout::Replayed { reused: true, .. })), "{got:?}");
    }
}

fn replacing(asked: CheckoutRequest) -> CheckoutRequest {
    CheckoutRequest { replace_open: true, remark: Some("快".to_owned()), ..asked }
}

#[tokio::test]
async fn what_is_replaced_is_cancelled_before_its_lines_are_ordered_again() {
    let answers = vec![CommitAnswer::Committed, CommitAnswer::Committed];
    let (mut orders, written) = store(vec![open_without_payment()], answers);
    orders.expect_replay().returning(|_| ready(Ok(None)));
    let desk = shop(orders, vec![vec![item(true)], vec![item(false)]]);
    let got = desk.check_out(&replacing(request()), &keyed("two")).await.unwrap();
    let Checkedout::Placed(offer) = got else { panic!("{got:?}") };
    let written = written.lock().unwrap();
    let gone = &written[0].order.as_ref().unwrap().order;
    assert_eq!((gone.status, &gone.number), (OrderStatus::Cancelled, &order().number));
    assert_eq!(written[0].audit.cause, "replaced by another checkout");
    assert!(written[0].replay.is_none(), "the key leads to what it asked for");
    assert_ne!(offer.order.number, gone.number);
}

#[tokio::test]
async fn what_takes_longer_to_cancel_than_three_seconds_is_still_in_the_way() {
    let (orders, life) = living(open());
    let mut desk = shop(orders, vec![vec![item(true)]]);
    let clock = Dozing::since(now());
    desk.clock = Arc::<Dozing>::clone(&clock);
    let refused = desk.check_out(&replacing(native()), &keyed("two")).await;
    assert!(matches!(refused, Err(CheckoutError::StillOpen(_))), "{refused:?}");
    assert_eq!(clock.now().millis_since(now()), 3_000);
    let life = life.lock().unwrap();
    assert_eq!(life.order.payments[0].state.status(), PaymentStatus::Closing);
    assert!(life.keys.is_empty());
}

/// A list of so many different teas, in the way of which is the open order.
fn long_list(lines: u16) -> Vec<ListedItem> {
    (1..=lines)
        .map(|no| {
            let mut line = item(true);
            line.id = no.into();
            line.sku.id = SkuId::parse(&format!("tea-{no}")).unwrap();
            line
        })
        .collect()
}

#[tokio::test]
async fn no_order_is_cancelled_for_a_checkout_that_would_be_refused_afterwards() {
    let jsapi = CheckoutRequest { trade_type: Some(TradeType::Jsapi), ..request() };
    for (asked, list, is_refused) in [
        (request(), long_list(LINES_MAX), false),
        (request(), long_list(LINES_MAX + 1), true),
        (jsapi, long_list(1), true),
    ] {
        let (orders, life) = living(open());
        let mut desk = shop(orders, vec![list]);
        let mut door = MockDoor::new();
        door.expect_openid().returning(|_, _| ready(Ok(None)));
        desk.access = Arc::new(door);
        let refused = desk.check_out(&replacing(asked), &keyed("two")).await.unwrap_err();
        if is_refused {
            let before =
                |e: &_| matches!(e, CheckoutError::TooManyLines | CheckoutError::OpenidRequired);
            assert!(before(&refused), "{refused:?}");
        } else {
            assert!(matches!(refused, CheckoutError::StillOpen(_)), "{refused:?}");
        }
        assert_eq!(life.lock().unwrap().written.is_empty(), is_refused);
    }
}

/// What the order in the way holds is there for the checkout that takes its place; what is missing besides
/// is said before anything is cancelled.
#[tokio::test]
async fn what_is_out_of_stock_besides_cancels_nothing() {
    let list = |tea_left, wanted, cups_left| {
        let mut tea = item(true);
        (tea.sku.stock.available, tea.quantity) = (tea_left, wanted);
        let mut cup = item(false);
        (cup.id, cup.sku.id) = (2, SkuId::parse("cup").unwrap());
        cup.sku.stock.available = cups_left;
        vec![tea, cup]
    };
    for (list, missing) in [
        (list(1_000, 1, 0), Some("cup")),
        (list(0, 2, 1), Some("tea")),
        (list(1, 2, 1), None),
        (list(0, 1, 1), None),
    ] {
        let (orders, life) = living(open());
        let desk = shop(orders, vec![list]);
        let refused = desk.check_out(&replacing(request()), &keyed("two")).await.unwrap_err();
        match missing {
            Some(missing) => {
                let CheckoutError::OutOfStock(sku) = refused else { panic!("{refused:?}") };
                assert_eq!(sku.as_str(), missing);
            }
            None => assert!(matches!(refused, CheckoutError::StillOpen(_)), "{refused:?}"),
        }
        assert_eq!(life.lock().unwrap().written.is_empty(), missing.is_some());
    }
}

/// The order that is placed is what its buyer asked for, with the address as it is now.
#[tokio::test]
async fn everything_that_was_asked_for_stands_in_the_order() {
    let (mut orders, written) = store(Vec::new(), vec![CommitAnswer::Committed]);
    orders.expect_replay().returning(|_| ready(Ok(None)));
    let desk = shop(orders, vec![vec![item(false)]]);
    let asked = CheckoutRequest {
        rush: true,
        remark: Some("快".to_owned()),
        expected_total: Some(Fen::new(100)),
        ..request()
    };
    desk.check_out(&asked, &keyed("one")).await.unwrap();
    let written = written.lock().unwrap();
    let placed = &written[0].order.as_ref().unwrap().order;
    let expected = Checkout {
        captured_items: vec![1],
        address_id: Some(1),
        address: Some(address()),
        coupon_id: None,
        rush: true,
        remark: Some("快".to_owned()),
        trade_type: None,
    };
    assert_eq!(placed.checkout, expected);
    assert_eq!(written[0].replay.as_ref().unwrap().order, Some(placed.id));
}
