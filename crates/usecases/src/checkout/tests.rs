//! Placing against moving numbers and prices.

use super::{Checkedout, CheckoutError, CheckoutRequest};
use crate::Paydesk;
use crate::mocks::{MockBook, MockGateway, MockIds, MockLedger, MockOrders, desk, ready};
use crate::samples::{keyed, now, order, sku};
use domain::Fen;
use domain::buyer::{Address, ListedItem, Selection};
use domain::changeset::{Changeset, Refusal};
use domain::delivery::DeliveryRules;
use domain::ledger::Balances;
use domain::order::PaymentMethod;
use domain::ports::{CheckoutBasis, CommitAnswer, Loaded};
use domain::{OrderId, OrderNumber, UserId};
use std::sync::{Arc, Mutex};

fn buyer() -> UserId {
    order().buyer.unwrap()
}

pub(super) fn request() -> CheckoutRequest {
    CheckoutRequest {
        buyer: buyer(),
        selection: Selection::Everything,
        address_id: 1,
        coupon_id: None,
        rush: false,
        remark: None,
        method: PaymentMethod::Wechat,
        trade_type: None,
        client_ip: None,
        replace_open: false,
        expected_total: None,
    }
}

/// A desk whose list holds one tea, at `prices` one after the other (the last for ever), whose
/// store answers `answers`, and whose random numbers begin with `entropy`.
fn shop(
    prices: Vec<i64>,
    answers: Vec<CommitAnswer>,
    entropy: Vec<u64>,
) -> (Paydesk, Arc<Mutex<Vec<Changeset>>>) {
    let written = Arc::new(Mutex::new(Vec::new()));
    let (kept, mut answers) = (Arc::clone(&written), answers.into_iter());
    let mut orders = MockOrders::new();
    orders.expect_replay().returning(|_| ready(Ok(None)));
    orders.expect_commit().returning(move |changeset| {
        kept.lock().unwrap().push(changeset);
        ready(answers.next().expect("one commit more than was told"))
    });
    let mut book = MockBook::new();
    let (mut prices, mut price) = (prices.into_iter(), 0);
    book.expect_checkout_basis().returning(move |_, _, _, _| {
        price = prices.next().unwrap_or(price);
        let item = ListedItem { id: 1, quantity: 1, sku: sku(price), captured_by: None };
        let text = String::new;
        let address = Address { name: text(), phone: text(), region: text(), detail: text() };
        let value = CheckoutBasis {
            items: vec![item],
            address: Some(address),
            rules: DeliveryRules::default(),
            coupon: None,
        };
        ready(Ok(Loaded { value, store_now: now(), epoch: crate::samples::epoch() }))
    });
    let mut ids = MockIds::new();
    ids.expect_jitter().return_const(0u64);
    ids.expect_call().return_const(1u64);
    let id = OrderId::parse("00000000-0000-0000-0000-000000000001").unwrap();
    ids.expect_order_id().return_const(id);
    let mut entropy = entropy.into_iter();
    ids.expect_order_entropy().returning(move || entropy.next().expect("one number more"));
    let mut desk = desk(orders, MockGateway::new(), now());
    desk.book = Arc::new(book);
    desk.ids = Arc::new(ids);
    (desk, written)
}

fn numbers(written: &[Changeset]) -> Vec<String> {
    written.iter().map(|c| c.order.as_ref().unwrap().order.number.as_str().to_owned()).collect()
}

/// Race R10: the same random number twice in one second.
#[tokio::test]
async fn a_number_that_is_taken_is_drawn_anew_and_nobody_sees_it() {
    let taken = CommitAnswer::GuardRefused(Refusal::NumberTaken);
    let (desk, written) = shop(vec![100], vec![taken, CommitAnswer::Committed], vec![7, 8]);
    let placed = desk.check_out(&request(), &keyed("one")).await.unwrap();
    let Checkedout::Placed(offer) = placed else { panic!("{placed:?}") };
    let written = written.lock().unwrap();
    let numbers = numbers(&written);
    assert_ne!(numbers[0], numbers[1]);
    assert_eq!(offer.order.number.as_str(), numbers[1]);
    assert_eq!(written[0].command_id, written[1].command_id, "one intention");
}

#[tokio::test]
async fn a_price_that_moves_is_priced_again_and_charged_only_if_the_total_stays() {
    let moved = || CommitAnswer::GuardRefused(Refusal::PriceMoved(sku(1).id));
    let (desk, written) = shop(vec![100, 100], vec![moved(), CommitAnswer::Committed], vec![1, 2]);
    assert!(desk.check_out(&request(), &keyed("one")).await.is_ok());
    assert_eq!(written.lock().unwrap().len(), 2);

    let (desk, _) = shop(vec![100, 120], vec![moved()], vec![1]);
    let refused = desk.check_out(&request(), &keyed("one")).await;
    let Err(CheckoutError::PriceChanged(amounts)) = refused else { panic!("{refused:?}") };
    assert_eq!(amounts.total, Fen::new(120), "what it costs now");
}

#[tokio::test]
async fn what_the_buyer_was_shown_is_what_is_charged() {
    let (desk, _) = shop(vec![100], Vec::new(), Vec::new());
    let shown = CheckoutRequest { expected_total: Some(Fen::new(99)), ..request() };
    let refused = desk.check_out(&shown, &keyed("one")).await;
    assert!(matches!(refused, Err(CheckoutError::PriceChanged(_))));
}

#[tokio::test]
async fn an_order_placed_directly_has_fifteen_minutes_and_no_payment() {
    let (desk, written) = shop(vec![100], vec![CommitAnswer::Committed], vec![1]);
    desk.check_out(&request(), &keyed("one")).await.unwrap();
    let written = written.lock().unwrap();
    let order = &written[0].order.as_ref().unwrap().order;
    assert!(order.payments.is_empty());
    assert_eq!(order.pay_deadline, Some(now().plus_seconds(900)));
    assert_eq!(written[0].replay.as_ref().unwrap().payment, None);
}

/// A refusal has no effect: the price is looked at before the older order is cancelled.
#[tokio::test]
async fn a_moved_price_does_not_cancel_the_order_in_the_way() {
    let (orders, life) = crate::samples::living(order());
    let mut desk = desk(orders, MockGateway::new(), now());
    let mut book = MockBook::new();
    book.expect_checkout_basis().returning(|_, _, _, _| {
        let item =
            ListedItem { id: 1, quantity: 1, sku: sku(120), captured_by: Some(order().number) };
        let text = String::new;
        let address = Address { name: text(), phone: text(), region: text(), detail: text() };
        let value = CheckoutBasis {
            items: vec![item],
            address: Some(address),
            rules: DeliveryRules::default(),
            coupon: None,
        };
        ready(Ok(Loaded { value, store_now: now(), epoch: crate::samples::epoch() }))
    });
    desk.book = Arc::new(book);
    let wanted = CheckoutRequest {
        replace_open: true,
        remark: Some("x".into()),
        expected_total: Some(Fen::new(99)),
        ..request()
    };
    let refused = desk.check_out(&wanted, &keyed("one")).await;
    assert!(refused.is_err());
    assert_eq!(life.lock().unwrap().events(), Vec::<&str>::new(), "{refused:?}");
}

/// The twin of this very request was free, settled at once and took the lines off the list.
#[tokio::test]
async fn the_twin_of_a_free_checkout_is_shown_the_order() {
    let mut orders = MockOrders::new();
    let mut asked = 0;
    orders.expect_replay().returning(move |_| {
        asked += 1;
        let mut record = keyed("one").record(now());
        record.order = Some(order().id);
        ready(Ok((asked > 1).then_some(record)))
    });
    orders.expect_load().returning(|_| {
        ready(Ok(Some(Loaded { value: order(), store_now: now(), epoch: crate::samples::epoch() })))
    });
    let mut desk = desk(orders, MockGateway::new(), now());
    let mut book = MockBook::new();
    book.expect_checkout_basis().returning(|_, _, _, _| {
        let text = String::new;
        let address = Address { name: text(), phone: text(), region: text(), detail: text() };
        ready(Ok(Loaded {
            value: CheckoutBasis {
                items: vec![],
                address: Some(address),
                rules: DeliveryRules::default(),
                coupon: None,
            },
            store_now: now(),
            epoch: crate::samples::epoch(),
        }))
    });
    desk.book = Arc::new(book);
    let second = desk.check_out(&request(), &keyed("one")).await;
    assert!(
        matches!(second, Ok(Checkedout::Replayed { .. }) | Err(CheckoutError::InProgress)),
        "{second:?}"
    );
}

#[tokio::test]
async fn what_a_guard_refuses_is_said_to_the_buyer() {
    let out = Refusal::Stock(sku(1).id);
    for (refusal, expected) in
        [(out, "tea is out of stock"), (Refusal::TooManyOpenOrders, "too many unpaid orders")]
    {
        let (desk, _) = shop(vec![100], vec![CommitAnswer::GuardRefused(refusal)], vec![1]);
        let refused = desk.check_out(&request(), &keyed("one")).await.unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
}

#[tokio::test]
async fn lines_that_are_not_the_buyers_are_named() {
    let (desk, _) = shop(vec![100], vec![CommitAnswer::Committed], vec![1]);
    let only = |ids: &[i64]| CheckoutRequest { selection: Selection::of_ids(ids), ..request() };
    let refused = desk.check_out(&only(&[1, 2, 3]), &keyed("one")).await.unwrap_err();
    assert_eq!(refused.to_string(), "not on the purchase list: [2, 3]");
    assert!(desk.check_out(&only(&[1]), &keyed("one")).await.is_ok());
}

/// A list with two teas, of which there are so many.
fn two_of(available: i64, captured_by: Option<OrderNumber>) -> MockBook {
    let mut book = MockBook::new();
    book.expect_checkout_basis().returning(move |_, _, _, _| {
        let mut tea = sku(100);
        tea.stock.available = available;
        let captured_by = captured_by.clone();
        let item = ListedItem { id: 1, quantity: 2, sku: tea, captured_by };
        let text = String::new;
        let address = Address { name: text(), phone: text(), region: text(), detail: text() };
        let rules = DeliveryRules::default();
        let value =
            CheckoutBasis { items: vec![item], address: Some(address), rules, coupon: None };
        ready(Ok(Loaded { value, store_now: now(), epoch: crate::samples::epoch() }))
    });
    book
}

/// What all want is locked by whoever may get it.
#[tokio::test]
async fn what_is_known_to_be_gone_is_refused_without_a_commit() {
    let (mut desk, written) = shop(Vec::new(), Vec::new(), Vec::new());
    desk.book = Arc::new(two_of(1, None));
    let refused = desk.check_out(&request(), &keyed("k")).await;
    assert!(matches!(refused, Err(CheckoutError::OutOfStock(id)) if id == sku(100).id));
    assert!(written.lock().unwrap().is_empty(), "nothing was asked of the row that all want");

    let (mut desk, written) = shop(Vec::new(), vec![CommitAnswer::Committed], vec![1]);
    desk.book = Arc::new(two_of(2, None));
    assert!(desk.check_out(&request(), &keyed("k")).await.is_ok(), "the last two");
    assert_eq!(written.lock().unwrap().len(), 1);
}

/// Whether the list could be bought from a wallet that holds so much, once the order in the way is gone:
/// that one holds one tea.
async fn could_be_bought(available: i64, wallet: i64) -> Result<(), CheckoutError> {
    let (orders, _) = crate::samples::living(order());
    let mut desk = desk(orders, MockGateway::new(), now());
    desk.book = Arc::new(two_of(available, Some(order().number)));
    let mut ledger = MockLedger::new();
    ledger
        .expect_balances()
        .returning(move |_| ready(Ok(Some(Balances { wallet, ..Balances::default() }))));
    desk.ledger = Arc::new(ledger);
    let wanted = CheckoutRequest { method: PaymentMethod::Wallet, ..request() };
    let quote = desk.read_for(&wanted).await?.priced((None, false), now())?;
    desk.could_be_placed(&wanted, &quote).await
}

#[tokio::test]
async fn nobodys_order_makes_way_for_what_could_not_be_bought_then() {
    assert!(could_be_bought(1, 200).await.is_ok(), "with the one that the other order holds");
    let short = could_be_bought(0, 200).await;
    assert!(matches!(short, Err(CheckoutError::OutOfStock(_))), "{short:?}");
    let poor = could_be_bought(1, 199).await;
    assert!(matches!(poor, Err(CheckoutError::InsufficientBalance)), "{poor:?}");
}
