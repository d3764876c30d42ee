//! `GET /orders/{ref}?wait=`: answers as soon as something changes, without anybody sleeping.

use super::front::{Front, everything, idempotency_key};
use domain::OrderId;
use domain::order::OrderStatus;
use domain::ports::{Committed, EventSink};

async fn open() -> (Front, String, OrderId) {
    let front = Front::open().await;
    front.want(1).await;
    let said = front.pay(&idempotency_key(1), everything()).await;
    let number = said.body["order_number"].as_str().unwrap().to_owned();
    let id = *front.fake.lock().orders.keys().next().unwrap();
    (front, number, id)
}

/// Somebody else commits.
fn change(front: &Front, id: OrderId) {
    let mut inner = front.fake.lock();
    inner.orders.get_mut(&id).unwrap().version += 1;
    drop(inner);
    front.bell.committed(&Committed { order: id, version: 3, next_due: None });
}

#[actix_web::test]
async fn a_wait_ends_with_the_change() {
    let (front, number, id) = open().await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let path = format!("/api/mini/orders/{number}?wait=10");
    let loads = front.fake.lock().loads;
    let waiter = front.clone();
    let waiting = actix_web::rt::spawn(async move { waiter.get(&path).await });
    while front.fake.lock().loads < loads + 2 {
        tokio::task::yield_now().await;
    }
    change(&front, id);
    let said = waiting.await.unwrap();
    assert_eq!((said.status, said.body["version"].as_u64()), (200, Some(3)));
    assert!(began.elapsed().as_millis() < 1_000, "the bell, not the second look, told it");
}

#[actix_web::test]
async fn a_change_without_a_bell_is_seen_within_a_second() {
    let (front, number, id) = open().await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let path = format!("/api/mini/orders/{number}?wait=10");
    let loads = front.fake.lock().loads;
    let waiter = front.clone();
    let waiting = actix_web::rt::spawn(async move { waiter.get(&path).await });
    while front.fake.lock().loads < loads + 2 {
        tokio::task::yield_now().await;
    }
    // Another instance commits: no bell rings here.
    front.fake.lock().orders.get_mut(&id).unwrap().version += 1;
    let said = waiting.await.unwrap();
    assert_eq!(said.body["version"].as_u64(), Some(3));
    assert!(began.elapsed().as_millis() <= 1_100);
}

#[actix_web::test]
async fn a_wait_without_a_change_ends_in_time_and_asks_wechat_pay_meanwhile() {
    let (front, number, _) = open().await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let said = front.get(&format!("/api/mini/orders/{number}?wait=3")).await;
    assert_eq!((said.status, said.body["version"].as_u64()), (200, Some(2)));
    assert!((3_000..3_200).contains(&began.elapsed().as_millis()));
    assert!(front.fake.lock().hastened >= 3);
}

#[actix_web::test]
async fn nobody_waits_for_an_order_that_cannot_be_paid_any_more() {
    let (front, number, id) = open().await;
    front.fake.lock().orders.get_mut(&id).unwrap().status = OrderStatus::Cancelled;
    let hastened = front.fake.lock().hastened;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let said = front.get(&format!("/api/mini/orders/{number}?wait=10")).await;
    assert_eq!(said.body["status"], "cancelled");
    assert_eq!(began.elapsed().as_millis(), 0);
    assert_eq!(front.fake.lock().hastened, hastened);
}

#[actix_web::test]
async fn a_wait_is_a_number_from_zero_to_ten() {
    let (front, number, _) = open().await;
    assert_eq!(front.get(&format!("/api/mini/orders/{number}?wait=0")).await.status, 200);
    for bad in ["11", "-1", "x", "", "1.5", "+3"] {
        let said = front.get(&format!("/api/mini/orders/{number}?wait={bad}")).await;
        assert_eq!(said.code(), (400, "validation_failed"), "{bad}");
        assert_eq!(said.body["errors"][0]["field"], "wait");
    }
}
