//! What has to be done now and then though nobody asks: WeChat Pay's keys are kept fresh, so that
//! no call and no notification waits for them, and durations are added to their buckets.

use crate::metrics::Meters;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use wechatpay::WechatPay;

/// How often the age of the keys is looked at. Most looks ask nobody.
const KEYS_EVERY: Duration = Duration::from_secs(15);
/// How long a duration is kept by itself when nobody scrapes.
const METERS_EVERY: Duration = Duration::from_secs(5);

pub(super) fn start(wechat_pay: &Arc<WechatPay>, meters: &Arc<Meters>, stop: &CancellationToken) {
    let wechat_pay = Arc::clone(wechat_pay);
    let keys = async move {
        let mut ticks = tokio::time::interval(KEYS_EVERY);
        loop {
            ticks.tick().await;
            wechat_pay.keep_keys_fresh().await;
        }
    };
    let handle = meters.handle();
    let upkeep = async move {
        let mut ticks = tokio::time::interval(METERS_EVERY);
        loop {
            ticks.tick().await;
            handle.run_upkeep();
        }
    };
    super::in_background(keys, stop.clone());
    super::in_background(upkeep, stop.clone());
}
