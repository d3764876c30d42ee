//! `POST /api/mini/wechat-pay/notify` and `/refund-notify`, and the self-check: WeChat Pay calls us.
//!
//! May not parse anything: raw bytes and headers go to the use case, whose signature check comes
//! first. May not be cut short: a notification is worked on to its end even when WeChat Pay hangs
//! up or our answer is due.

use crate::answer;
use crate::call::{Answer, Call};
use crate::problem::{Problem, notice_status};
use crate::request_id::{OwnBody, plain};
use crate::watch::NoticeOutcome;
use crate::wire::health::Health;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use domain::ports::RawNotice;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use usecases::NoticeAnswer;
use utoipa::ToSchema;

/// The most bytes of a notification.
pub(crate) const NOTICE_MAX: usize = 32 * 1024;
/// WeChat Pay waits 5 s; after this we say "send it again" and go on by ourselves.
const ANSWER_WITHIN: Duration = Duration::from_millis(3_500);

/// What WeChat Pay is told when it should not count on us.
#[derive(Serialize, ToSchema)]
pub(crate) struct Fail {
    /// `FAIL`.
    code: &'static str,
    message: &'static str,
}

/// Takes a payment notification (API v3).
#[utoipa::path(post, path = "/api/mini/wechat-pay/notify", tag = "wechat_pay",
    operation_id = "payment_notice",
    request_body(content = String, content_type = "application/json",
        description = "as WeChat Pay sends it; its signature is over these bytes"),
    responses((status = 204, description = "durable, or known"),
        (status = 400, description = "cannot be decrypted or read", body = Fail),
        (status = 401, description = "not trusted", body = Fail),
        (status = 413, description = "more than 32 KiB", body = Fail),
        (status = 503, description = "send it again", body = Fail)))]
pub(crate) async fn notify(call: Call) -> Answer {
    take(call).await
}

/// Takes a refund notification (API v3).
#[utoipa::path(post, path = "/api/mini/wechat-pay/refund-notify", tag = "wechat_pay",
    operation_id = "refund_notice",
    request_body(content = String, content_type = "application/json",
        description = "as WeChat Pay sends it; its signature is over these bytes"),
    responses((status = 204, description = "durable, or known"),
        (status = 400, description = "cannot be decrypted or read", body = Fail),
        (status = 401, description = "not trusted", body = Fail),
        (status = 413, description = "more than 32 KiB", body = Fail),
        (status = 503, description = "send it again", body = Fail)))]
pub(crate) async fn refund_notify(call: Call) -> Answer {
    take(call).await
}

/// Takes a notification about whatever it is: a merchant's console may name either door for both.
async fn take(mut call: Call) -> Answer {
    // WeChat Pay's own id of this sending: what its support asks for.
    if let Some(id) = plain(call.req.headers(), &HeaderName::from_static("request-id")) {
        tracing::Span::current().record("wechat.request_id", id);
    }
    let watch = Arc::clone(&call.state.watch);
    let body = match call.raw(NOTICE_MAX).await {
        Ok(body) => body,
        Err(problem) => {
            watch.noticed(NoticeOutcome::UNREAD);
            return Ok(unread(&problem));
        }
    };
    let Ok(permit) = Arc::clone(&call.state.notices).try_acquire_owned() else {
        tracing::warn!("notify.busy: too many notifications at once");
        watch.noticed(NoticeOutcome::BUSY);
        return Ok(answered(&NoticeAnswer::TryAgain));
    };
    let header = |name: &str| {
        call.req.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let raw = RawNotice {
        timestamp: header("Wechatpay-Timestamp"),
        nonce: header("Wechatpay-Nonce"),
        signature: header("Wechatpay-Signature"),
        serial: header("Wechatpay-Serial"),
        body: body.to_vec(),
    };
    let (paydesk, request_id) = (Arc::clone(&call.state.paydesk), call.request_id.to_string());
    let task = call.state.start(async move {
        let answer = paydesk.ingest_notice(&raw, &request_id).await;
        drop(permit);
        answer
    });
    let answer = match tokio::time::timeout(ANSWER_WITHIN, task).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            tracing::error!(error = %error, "a notification's task ended badly");
            NoticeAnswer::TryAgain
        }
        Err(_still_working) => {
            tracing::warn!("notify.late: the answer was due before it was known");
            watch.noticed(NoticeOutcome::LATE);
            return Ok(answered(&NoticeAnswer::TryAgain));
        }
    };
    watch.noticed(NoticeOutcome::of(&answer));
    Ok(answered(&answer))
}

/// The self-check of the notify URL.
#[utoipa::path(get, path = "/api/mini/wechat-pay/health", tag = "wechat_pay",
    operation_id = "notify_health", responses((status = 200, body = Health)))]
pub(crate) async fn health(_call: Call) -> Answer {
    Ok(answer::ok(&Health { status: "ok" }))
}

fn answered(answer: &NoticeAnswer) -> HttpResponse {
    match notice_status(answer) {
        (status, None) => HttpResponse::build(status).finish(),
        (status, Some(message)) => fail(status, message),
    }
}

/// The body could not be read.
fn unread(problem: &Problem) -> HttpResponse {
    fail(problem.status(), "the body was not read")
}

fn fail(status: StatusCode, message: &'static str) -> HttpResponse {
    let mut response = HttpResponse::build(status).json(Fail { code: "FAIL", message });
    response.extensions_mut().insert(OwnBody);
    response
}
