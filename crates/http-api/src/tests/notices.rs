//! `POST /api/mini/wechat-pay/notify`: raw bytes in, WeChat Pay's own words out.

use super::fake::Gate;
use super::front::Front;
use crate::wechatpay_notify::NOTICE_MAX;
use actix_web::test::TestRequest;
use domain::ports::NoticeError;
use serde_json::json;
use std::sync::Arc;

const PATH: &str = "/api/mini/wechat-pay/notify";

fn notice(body: &'static [u8]) -> TestRequest {
    TestRequest::post().uri(PATH).set_payload(body)
}

#[actix_web::test]
async fn bytes_go_to_the_use_case_as_they_came_without_a_content_type_or_headers() {
    // Either door takes either kind.
    for path in [PATH, "/api/mini/wechat-pay/refund-notify"] {
        let front = Front::open().await;
        let raw = TestRequest::post().uri(path).set_payload(&b"{ \"raw\" :1}\n"[..]);
        let said = front.ask(raw).await;
        assert_eq!((said.status, said.text.as_str()), (204, ""));
        assert!(said.header("x-request-id").is_some());
        assert_eq!(front.fake.lock().committed.len(), 1);
    }
}

#[actix_web::test]
async fn what_is_not_accepted_is_answered_with_fail() {
    let front = Front::open().await;
    let table = [
        (NoticeError::Untrusted("signature"), 401, "not trusted"),
        (NoticeError::Probe, 401, "not trusted"),
        (NoticeError::Malformed("json"), 400, "malformed"),
        (NoticeError::KeysUnavailable, 503, "keys unavailable, send again"),
    ];
    for (error, status, message) in table {
        front.fake.lock().notice = Some(error);
        let said = front.ask(notice(b"anything at all")).await;
        assert_eq!(said.status, status);
        assert_eq!(said.body, json!({"code": "FAIL", "message": message}));
        assert_eq!(said.header("content-type"), Some("application/json"));
    }
    front.fake.lock().notice = None;
    front.fake.lock().down = true;
    let said = front.ask(notice(b"{ \"raw\" :1}\n")).await;
    assert_eq!(said.status, 503, "believed, but not stored");
    assert_eq!(said.body, json!({"code": "FAIL", "message": "send again"}));
}

#[actix_web::test]
async fn a_notification_is_refused_one_byte_beyond_its_limit() {
    let front = Front::open().await;
    front.fake.lock().notice = Some(NoticeError::Probe);
    let sized = |size: usize| TestRequest::post().uri(PATH).set_payload(vec![b'x'; size]);
    assert_eq!(front.ask(sized(NOTICE_MAX)).await.status, 401);
    let said = front.ask(sized(NOTICE_MAX + 1)).await;
    assert_eq!((said.status, said.body["code"].as_str()), (413, Some("FAIL")));
}

#[actix_web::test]
async fn a_bug_in_a_notifications_task_is_503_and_not_a_lost_connection() {
    let front = Front::open().await;
    // The fake opener panics on bytes that it does not expect.
    let said = front.ask(notice(b"other bytes")).await;
    assert_eq!((said.status, said.body["code"].as_str()), (503, Some("FAIL")));
}

#[actix_web::test]
async fn when_the_answer_is_due_it_is_503_and_the_work_goes_on() {
    let front = Front::open().await;
    let gate = Arc::new(Gate::default());
    front.fake.lock().gate = Some(Arc::clone(&gate));
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let said = front.ask(notice(b"{ \"raw\" :1}\n")).await;
    assert_eq!(said.status, 503);
    assert!((3_500..3_510).contains(&began.elapsed().as_millis()));
    assert_eq!(said.body, json!({"code": "FAIL", "message": "send again"}));
    assert!(front.fake.lock().committed.is_empty());
    gate.opened.notify_one();
    while front.fake.lock().committed.is_empty() {
        tokio::task::yield_now().await;
    }
}

#[actix_web::test]
async fn the_self_check_is_open_to_everybody() {
    let front = Front::open().await;
    let said = front.ask(TestRequest::get().uri("/api/mini/wechat-pay/health")).await;
    assert_eq!((said.status, said.body), (200, json!({"status": "ok"})));
}
