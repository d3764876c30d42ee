//! What a payer's WeChat app does with what it was given: opens the cashier, and pays.

use crate::marks::Mark;
use crate::node::{Said, transport_order_of};
use crate::time::{MILLI, SECOND, micros};
use crate::world::World;
use domain::UserId;
use domain::payment::PaymentState;
use domain::ports::PayParams;
use std::sync::Arc;
use wechatpay_sim::core::pay::{PayForm, PayOutcome};
use wechatpay_sim::core::pay_params::{
    AppParams, H5Params, JsapiParams, NativeParams, PayParams as Shown,
};

/// The number that the parameters pay, if the app opens for them.
pub(crate) fn number_of(world: &World, said: &Said) -> Option<String> {
    let shown = match said.pay_params.clone()? {
        PayParams::Native { code_url } => Shown::Native(NativeParams { code_url }),
        PayParams::H5 { h5_url } => Shown::H5(H5Params { h5_url }),
        PayParams::Jsapi { app_id, time_stamp, nonce_str, package, sign_type, pay_sign } => {
            let app_id = app_id.as_str().to_owned();
            Shown::Jsapi(JsapiParams {
                app_id,
                time_stamp,
                nonce_str,
                package,
                sign_type,
                pay_sign,
            })
        }
        PayParams::App { appid, partner_id, prepay_id, package, nonce_str, time_stamp, sign } => {
            Shown::App(AppParams {
                appid: appid.as_str().to_owned(),
                partnerid: partner_id.as_str().to_owned(),
                prepayid: prepay_id,
                package,
                noncestr: nonce_str,
                timestamp: time_stamp,
                sign,
            })
        }
    };
    world.wechat.open_cashier(&shown, world.now()).ok()
}

/// Pays with what was offered. Whether money moved.
pub(crate) fn pay(world: &World, said: &Said, coupon: bool) -> bool {
    let Some(number) = number_of(world, said) else {
        world.chronicle.say(
            || "payer".to_owned(),
            said.seen.as_ref().map(|seen| seen.number.as_str()),
            || "the cashier does not open".to_owned(),
        );
        return false;
    };
    let deadline = said.seen.as_ref().and_then(|seen| seen.deadline).map(micros);
    if deadline.is_some_and(|at| at.saturating_sub(world.kernel.now()) < 3 * SECOND) {
        world.chronicle.sometimes(Mark::PaidInLastSecond);
    }
    let paid = pay_number(world, &number, coupon);
    match said.pay_params {
        Some(PayParams::H5 { .. }) if paid => world.chronicle.sometimes(Mark::PaidInBrowser),
        Some(PayParams::App { .. }) if paid => world.chronicle.sometimes(Mark::PaidInApp),
        _ => {}
    }
    paid
}

/// Pays a number as soon as WeChat Pay has it, whether or not anybody was told.
pub(super) async fn pay_as_soon_as_ordered(world: Arc<World>, buyer: UserId) {
    for _ in 0..200 {
        world.kernel.sleep(10 * MILLI).await;
        let created = world.oracle.look(|seen| {
            let orders = seen.orders.values().filter(|order| order.buyer == Some(buyer));
            let mut payments = orders.flat_map(|order| &order.payments);
            let created = payments.find(|payment| payment.state == PaymentState::Created)?;
            Some(created.out_trade_no().as_str().to_owned())
        });
        let Some(number) = created else { continue };
        if world.wechat.truth(|truth| truth.ordered.contains_key(&number)) {
            pay_number(&world, &number, false);
            return;
        }
    }
}

/// Pays a number, also a closed one. Whether money moved.
pub(super) fn pay_unfaithfully(world: &World, number: &str) -> bool {
    pay_as(world, number, PayForm { unfaithful: true, ..PayForm::default() })
}

/// Pays a number. Whether money moved.
pub(crate) fn pay_number(world: &World, number: &str, coupon: bool) -> bool {
    let coupon_fen = if coupon { 100 } else { 0 };
    pay_as(world, number, PayForm { coupon_fen, ..PayForm::default() })
}

fn pay_as(world: &World, number: &str, form: PayForm) -> bool {
    let coupon = form.coupon_fen > 0;
    let order = transport_order_of(number);
    match world.wechat.pay(number, form, world.now()) {
        Ok(paid) => {
            world.chronicle.say(
                || "payer".to_owned(),
                Some(order),
                || format!("PAYS {number}: {} fen, {}", paid.total_fen, paid.transaction_id),
            );
            if coupon {
                world.chronicle.sometimes(Mark::CouponLowersPayerTotal);
            }
            if world.wechat.truth(|truth| truth.unfaithful.contains(number)) {
                world.chronicle.sometimes(Mark::PaidAfterClose);
            }
            let both = world.wechat.truth(|truth| {
                truth.paid.keys().filter(|paid| transport_order_of(paid) == order).count() > 1
            });
            if both {
                world.chronicle.sometimes(Mark::BothPaymentsPaid);
            }
            if !world.oracle.is_open(number) {
                world.chronicle.sometimes(Mark::OldPaymentPaidAfterSwitch);
            }
            world.oracle.paid(number);
            true
        }
        Err(why) => {
            world.chronicle.say(
                || "payer".to_owned(),
                Some(order),
                || format!("cannot pay {number}: {}", why.message),
            );
            false
        }
    }
}

/// Tries to pay and fails: wrong password, no money.
pub(crate) fn fail(world: &World, said: &Said) {
    let Some(number) = number_of(world, said) else { return };
    let form = PayForm { outcome: PayOutcome::Fail, ..PayForm::default() };
    let _refused = world.wechat.pay(&number, form, world.now());
}
