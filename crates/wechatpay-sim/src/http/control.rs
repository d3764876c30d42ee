//! `/_sandbox`: what tests do to the world, and what they may know about it.
//!
//! MAY NOT be imitated by WeChat Pay's paths, nor sign anything. Errors are `{code, message}`. Unknown members are
//! refused: a misspelt test is worse than a failing one.

mod forms;

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Bytes, Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::{Value, json};

use crate::core::elsewhere::ElsewhereForm;
use crate::core::ledger::ControlRefusal;
use crate::core::listing::ListForm;
use crate::core::notice::Delivery;
use crate::core::pay::PayForm;
use crate::core::pay_params::PayParams;
use crate::core::platform::ReceiptForm;
use crate::core::refund::{RefundElsewhereForm, SettleForm};
use crate::core::scripts;
use crate::core::wire_time::beijing;
use crate::http::control::forms::{ClockForm, ModeForm, NotifyForm, parse};
use crate::http::deliver::send;
use crate::http::guard::guard;
use crate::http::page;
use crate::http::shared::Shared;
use crate::keys::make::certified_key;

type Controlled = Result<HttpResponse, ControlRefusal>;

/// All control routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    let scope = web::scope("/_sandbox")
        .wrap(from_fn(guard))
        .service(web::resource("/").get(page::show))
        .service(web::resource("/credentials").get(credentials))
        .service(web::resource("/pay/{out_trade_no}").post(pay))
        .service(web::resource("/trades").get(newest_trades).post(order_elsewhere))
        .service(web::resource("/trades/{out_trade_no}/qr.svg").get(qr))
        .service(web::resource("/refunds").post(refund_elsewhere))
        .service(web::resource("/refund/{out_refund_no}").post(settle_refund))
        .service(web::resource("/refund/{out_refund_no}/notify").post(notify_refund))
        .service(web::resource("/shipping/{out_trade_no}").get(shipping).post(receive))
        .service(web::resource("/ledger").get(ledger))
        .service(web::resource("/faults").get(faults).put(set_faults))
        .service(web::resource("/faults/counts").get(fault_counts))
        .service(web::resource("/faults/scripts").get(list_scripts))
        .service(web::resource("/faults/scripts/{name}").get(script))
        .service(web::resource("/settings").get(settings).put(set_settings))
        .service(web::resource("/clock").get(clock).put(set_clock))
        .service(web::resource("/mode").get(mode).post(set_mode))
        .service(web::resource("/keys/rotate").post(rotate))
        .service(web::resource("/merchant-keys").post(add_merchant_key))
        .service(web::resource("/merchant-keys/{serial}/revoke").post(revoke_merchant_key))
        .service(web::resource("/notify/{out_trade_no}").post(notify))
        .service(web::resource("/verify-pay-params").post(verify_pay_params))
        .service(web::resource("/reset").post(reset));
    config.service(scope);
}

impl ResponseError for ControlRefusal {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code())
            .json(json!({"code": self.code, "message": self.message}))
    }
}

async fn credentials(shared: Data<Shared>) -> Controlled {
    Ok(HttpResponse::Ok().json(shared.credentials()))
}

async fn pay(shared: Data<Shared>, number: Path<String>, body: Bytes) -> Controlled {
    let form: PayForm = parse(&body)?;
    let trade = shared.visit(|pay, ports| pay.pay(&number, form, ports))?;
    shared.wake.notify_one();
    Ok(HttpResponse::Ok().json(trade))
}

async fn order_elsewhere(shared: Data<Shared>, body: Bytes) -> Controlled {
    let form: ElsewhereForm = parse(&body)?;
    let trade = shared.visit(|pay, ports| pay.order_elsewhere(form, ports))?;
    Ok(HttpResponse::Ok().json(trade))
}

async fn newest_trades(shared: Data<Shared>, request: HttpRequest) -> Controlled {
    let form = Query::<ListForm>::from_query(request.query_string())
        .map_err(|why| ControlRefusal::bad_request(&why.to_string()))?
        .into_inner();
    let listed = shared.visit(|pay, ports| {
        pay.catch_up(ports);
        pay.newest_trades(&form, ports.at.business)
    })?;
    Ok(HttpResponse::Ok().json(listed))
}

/// Whatever stands in the query: a page asks again by another address.
async fn qr(shared: Data<Shared>, number: Path<String>) -> Controlled {
    let code_url = shared.visit(|pay, _| pay.code_url(&number).map(str::to_owned))?;
    let drawn = page::svg(&code_url);
    drawn.map(page::image).ok_or_else(|| ControlRefusal::broken("no QR code holds this code_url"))
}

async fn refund_elsewhere(shared: Data<Shared>, body: Bytes) -> Controlled {
    let form: RefundElsewhereForm = parse(&body)?;
    let refund = shared.visit(|pay, ports| pay.refund_elsewhere(form, ports))?;
    shared.wake.notify_one();
    Ok(HttpResponse::Ok().json(refund))
}

async fn settle_refund(shared: Data<Shared>, number: Path<String>, body: Bytes) -> Controlled {
    let form: SettleForm = parse(&body)?;
    let refund = shared.visit(|pay, ports| pay.settle_refund(&number, form, ports))?;
    Ok(HttpResponse::Ok().json(refund))
}

async fn shipping(shared: Data<Shared>, number: Path<String>) -> Controlled {
    let known = shared.visit(|pay, ports| pay.shipping(&number, ports))?;
    Ok(HttpResponse::Ok().json(known))
}

async fn receive(shared: Data<Shared>, number: Path<String>, body: Bytes) -> Controlled {
    let form: ReceiptForm = parse(&body)?;
    let known = shared.visit(|pay, ports| pay.receive(&number, form, ports))?;
    Ok(HttpResponse::Ok().json(known))
}

async fn ledger(shared: Data<Shared>) -> Controlled {
    let ledger = shared.visit(|pay, ports| {
        pay.catch_up(ports);
        pay.ledger(ports.at.business)
    });
    Ok(HttpResponse::Ok().json(ledger))
}

async fn faults(shared: Data<Shared>) -> Controlled {
    Ok(HttpResponse::Ok().json(shared.visit(|pay, _| pay.faults().script())))
}

async fn set_faults(shared: Data<Shared>, body: Bytes) -> Controlled {
    let rules = scripts::read(&body).map_err(|why| ControlRefusal::bad_request(&why))?;
    shared.visit(|pay, _| pay.set_faults(rules));
    faults(shared).await
}

async fn fault_counts(shared: Data<Shared>) -> Controlled {
    let counts = shared.visit(|pay, _| pay.faults().counts());
    Ok(HttpResponse::Ok().json(json!({"rules": counts})))
}

async fn list_scripts() -> Controlled {
    let listed = scripts::listed().map_err(|why| ControlRefusal::broken(&why))?;
    Ok(HttpResponse::Ok().json(json!({"scripts": listed})))
}

async fn script(name: Path<String>) -> Controlled {
    let script = scripts::built_in(&name).map_err(|why| ControlRefusal::not_found(&why))?;
    Ok(HttpResponse::Ok().json(script))
}

async fn settings(shared: Data<Shared>) -> Controlled {
    Ok(HttpResponse::Ok().json(shared.visit(|pay, _| pay.settings().clone())))
}

async fn set_settings(shared: Data<Shared>, body: Bytes) -> Controlled {
    let change: Value = parse(&body)?;
    shared
        .visit(|pay, ports| {
            let settings = pay.settings().changed(change)?;
            pay.change_settings(settings, ports);
            Ok(())
        })
        .map_err(|why: String| ControlRefusal::bad_request(&why))?;
    settings(shared).await
}

async fn clock(shared: Data<Shared>) -> Controlled {
    let (clock, at) = shared.clock();
    let offset = at.business - at.real;
    let speed = clock.speed();
    Ok(HttpResponse::Ok().json(json!({
        "now": beijing(at.business),
        "offset_s": offset.whole_seconds(),
        "offset_ms": i64::try_from(offset.whole_milliseconds()).unwrap_or(i64::MAX),
        "speed": speed.whole().map_or_else(|| Value::from(speed.text()), Value::from),
    })))
}

async fn set_clock(shared: Data<Shared>, body: Bytes) -> Controlled {
    let form: ClockForm = parse(&body)?;
    shared.change_clock(|clock, real| form.apply(clock, real))?;
    clock(shared).await
}

async fn mode(shared: Data<Shared>) -> Controlled {
    let verification = shared.visit(|pay, _| pay.verification());
    Ok(HttpResponse::Ok().json(json!({"verification": verification})))
}

async fn set_mode(shared: Data<Shared>, body: Bytes) -> Controlled {
    let form: ModeForm = parse(&body)?;
    shared.visit(|pay, _| pay.set_verification(form.verification));
    mode(shared).await
}

async fn rotate(shared: Data<Shared>) -> Controlled {
    let broken = |why: String| ControlRefusal::broken(&why);
    let rotating = shared.clone();
    web::block(move || {
        let key = certified_key("Sandbox platform certificate", rotating.real())
            .map_err(|why| why.to_string())?;
        rotating.add_platform(key).map_err(|why| why.to_string())
    })
    .await
    .map_err(|why| broken(why.to_string()))?
    .map_err(broken)?;
    let now = shared.credentials();
    Ok(HttpResponse::Ok().json(json!({
        "platform_serial": now.platform_serial,
        "platform_certificate_pem": now.platform_certificate_pem,
    })))
}

async fn add_merchant_key(shared: Data<Shared>) -> Controlled {
    let broken = |why: String| ControlRefusal::broken(&why);
    let adding = shared.clone();
    web::block(move || {
        let mchid = adding.credentials().mchid;
        let key = certified_key(&mchid, adding.real()).map_err(|why| why.to_string())?;
        adding.add_merchant(key).map_err(|why| why.to_string())
    })
    .await
    .map_err(|why| broken(why.to_string()))?
    .map_err(broken)?;
    shown_merchant_key(&shared)
}

async fn revoke_merchant_key(shared: Data<Shared>, serial: Path<String>) -> Controlled {
    let revoked = shared.revoke_merchant(&serial);
    if !revoked.map_err(|why| ControlRefusal::broken(&why.to_string()))? {
        return Err(ControlRefusal::not_found("the merchant has no such key that is valid"));
    }
    shown_merchant_key(&shared)
}

/// The key that `credentials` shows by now.
fn shown_merchant_key(shared: &Shared) -> Controlled {
    let now = shared.credentials();
    Ok(HttpResponse::Ok().json(json!({
        "merchant_serial": now.merchant_serial,
        "merchant_private_key_pem": now.merchant_private_key_pem,
        "merchant_certificate_pem": now.merchant_certificate_pem,
    })))
}

async fn notify(
    shared: Data<Shared>,
    client: Data<reqwest::Client>,
    number: Path<String>,
    body: Bytes,
) -> Controlled {
    let form: NotifyForm = parse(&body)?;
    let delivery = shared.visit(|pay, ports| pay.notify_now(&number, form.tamper, ports))?;
    delivered(shared, client, delivery).await
}

async fn notify_refund(
    shared: Data<Shared>,
    client: Data<reqwest::Client>,
    number: Path<String>,
    body: Bytes,
) -> Controlled {
    let form: NotifyForm = parse(&body)?;
    let delivery = shared.visit(|pay, ports| pay.notify_refund_now(&number, form.tamper, ports))?;
    delivered(shared, client, delivery).await
}

/// Makes the attempt and answers what came of it.
async fn delivered(
    shared: Data<Shared>,
    client: Data<reqwest::Client>,
    delivery: Delivery,
) -> Controlled {
    let id = delivery.id;
    send(&shared, &client, delivery).await;
    let attempt = shared.visit(|pay, _| pay.attempt(id));
    attempt
        .map(|attempt| HttpResponse::Ok().json(attempt))
        .ok_or_else(|| ControlRefusal::conflict("reset", "the sandbox was reset meanwhile"))
}

async fn verify_pay_params(shared: Data<Shared>, body: Bytes) -> Controlled {
    let params: PayParams = parse(&body)?;
    let verified =
        shared.visit(|pay, ports| pay.verify_pay_params(&params, ports.at, ports.keyring));
    match verified {
        Ok(_) => Ok(HttpResponse::NoContent().finish()),
        Err(why) => Err(ControlRefusal { status: 400, code: "pay_params_refused", message: why }),
    }
}

async fn reset(shared: Data<Shared>) -> Controlled {
    shared.reset();
    Ok(HttpResponse::NoContent().finish())
}
