//! The other side: WeChat Pay itself, as the sandbox's pure core, with the ports that make it cheap
//! and repeatable, and what is true of it.

mod booked;
mod elsewhere;
mod keys;
mod tags;
mod truth;
mod wire;

pub use booked::BookedRefund;
pub use elsewhere::Origin;
pub use keys::Keys;
pub use truth::{Paid, Truth};
pub use wire::{Asked, asked_of};

use crate::kernel::Bell;
use crate::setup::Setup;
use crate::tape::mix;
use crate::time::offset;
use domain::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use wechatpay_sim::core::WeChatPay;
use wechatpay_sim::core::exchange::{ApiRequest, Exchange};
use wechatpay_sim::core::faults::{Faults, Script};
use wechatpay_sim::core::ledger::ControlRefusal;
use wechatpay_sim::core::notice::{AttemptEnd, AttemptId, Delivery};
use wechatpay_sim::core::pay::PayForm;
use wechatpay_sim::core::pay_params::PayParams;
use wechatpay_sim::core::ports::{Entropy, Moment, Ports};
use wechatpay_sim::core::refund::RefundedBy;
use wechatpay_sim::core::settings::Settings;
use wechatpay_sim::core::tamper::Tamper;
use wechatpay_sim::core::trade::{LIFE, TradeState};

/// WeChat Pay.
pub struct WeChat {
    keys: Keys,
    bell: Bell,
    /// Refunds of which a request is held back on its way.
    held_back: Mutex<BTreeSet<String>>,
    inside: Mutex<Inside>,
}

/// What WeChat Pay holds under a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing: it was not ordered, or not yet.
    Unknown,
    /// It can be paid.
    Open,
    /// It is paid or closed, or can be paid against the rules only.
    Ended,
}

struct Inside {
    core: WeChatPay,
    entropy: Numbers,
    truth: Truth,
    /// To be sent, with what each is about.
    ready: Vec<(About, Delivery)>,
}

/// What a notification is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The payment's number.
    pub number: String,
    /// The refund's, where it is about one.
    pub refund: Option<String>,
}

/// A refund, as WeChat Pay has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrueRefund {
    /// Our number of it.
    pub out_refund_no: String,
    /// The payment's.
    pub out_trade_no: String,
    /// How much, in fen.
    pub refund_fen: i64,
    /// `PROCESSING`, `SUCCESS`, `ABNORMAL` or `CLOSED`.
    pub status: &'static str,
    /// Whether somebody made it beside us.
    pub is_elsewhere: bool,
    /// Since when.
    pub since: time::OffsetDateTime,
}

/// Nonces and numbers from the seed.
struct Numbers {
    root: u64,
    count: u64,
}

impl Entropy for Numbers {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.count = self.count.wrapping_add(1);
            let drawn = mix(self.root ^ mix(self.count)).to_le_bytes();
            chunk.iter_mut().zip(drawn).for_each(|(to, from)| *to = from);
        }
    }
}

impl WeChat {
    /// WeChat Pay with our merchant and no orders.
    #[must_use]
    pub fn new(setup: &Setup, keys: Keys) -> WeChat {
        let settings = Settings {
            verification: keys.verification(),
            close_unknown: setup.close_unknown,
            spelling: setup.spelling,
            resend_body: setup.resend_body,
            refund_takes_ms: setup.refund_takes_ms,
            refund_too_soon: setup.refund_too_soon,
            ..Settings::default()
        };
        let settings = setup.bills.unwrap_or_default().written(settings);
        let inside = Inside {
            core: WeChatPay::new(keys.account(), settings),
            entropy: Numbers { root: mix(setup.seed ^ 0x5eed), count: 0 },
            truth: Truth::default(),
            ready: Vec::new(),
        };
        WeChat {
            keys,
            bell: Bell::default(),
            held_back: Mutex::default(),
            inside: Mutex::new(inside),
        }
    }

    /// Its keys, and ours.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Answers a request, as `rule` falsifies it where there is one.
    pub fn handle(&self, request: &ApiRequest, rule: Option<&Value>, now: Timestamp) -> Exchange {
        let mut inside = self.inside();
        if let Some(rule) = rule {
            inside.core.set_faults(faults(rule));
        }
        let exchange = inside.with(&self.keys, now, |core, ports| core.handle(request, ports));
        if rule.is_some() {
            inside.core.set_faults(Faults::default());
        }
        inside.truth.answered(request, &exchange);
        exchange
    }

    /// The buyer pays `number`.
    ///
    /// # Errors
    /// What the app would say.
    pub fn pay(&self, number: &str, form: PayForm, now: Timestamp) -> Result<Paid, ControlRefusal> {
        let mut inside = self.inside();
        let coupon_fen = form.coupon_fen;
        let pays = form.outcome == wechatpay_sim::core::pay::PayOutcome::Success;
        let paid = inside.with(&self.keys, now, |core, ports| core.pay(number, form, ports))?;
        let paid = inside.truth.paid(&paid, coupon_fen, pays, now);
        // Its notification is due at once.
        inside.gather(&self.keys, now);
        drop(inside);
        self.bell.ring();
        Ok(paid)
    }

    /// A request for this refund is held back on its way.
    pub(crate) fn hold_back(&self, out_refund_no: &str) {
        let mut held_back = self.held_back.lock().unwrap_or_else(PoisonError::into_inner);
        held_back.insert(out_refund_no.to_owned());
    }

    /// Whether a request for this refund is, or was, held back.
    pub(crate) fn holds_back(&self, out_refund_no: &str) -> bool {
        let held_back = self.held_back.lock().unwrap_or_else(PoisonError::into_inner);
        held_back.contains(out_refund_no)
    }

    /// Signs with a new platform certificate from now on, if there is another. Whether there was.
    pub fn rotate(&self) -> bool {
        let mut inside = self.inside();
        let used = inside.certificates();
        let rotates = (1..Keys::CERTIFICATES).contains(&used);
        if rotates {
            inside.core.add_platform_certificate(keys::certificate(used.saturating_add(1)));
        }
        rotates
    }

    /// Whether it has another certificate to sign with.
    #[must_use]
    pub fn can_rotate(&self) -> bool {
        (1..Keys::CERTIFICATES).contains(&self.inside().certificates())
    }

    /// Takes our key of this number, and seals notifications with the APIv3 key of the same number from now on.
    pub(crate) fn know_ours(&self, number: u32) {
        let mut inside = self.inside();
        inside.core.add_merchant_certificate(&keys::our_serial(number));
        inside.core.replace_api_v3_key(keys::api_v3_key(number));
    }

    /// Takes our key of this number no longer.
    pub(crate) fn revoke_ours(&self, number: u32) {
        let _could = self.inside().core.revoke_merchant_certificate(&keys::our_serial(number));
    }

    /// Whether it takes this key of ours no longer.
    pub(crate) fn has_revoked(&self, serial: &str) -> bool {
        self.inside().core.account().revoked_serials.contains(serial)
    }

    /// The number that the cashier opens for these parameters.
    ///
    /// # Errors
    /// Why it does not.
    pub fn open_cashier(&self, params: &PayParams, now: Timestamp) -> Result<String, String> {
        let mut inside = self.inside();
        inside.core.verify_pay_params(params, moment(now), self.keys.keyring())
    }

    /// When it next does something by itself.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.inside().core.next_due().map(Timestamp::from_offset)
    }

    /// What it sends now, with what each is about.
    pub fn due(&self, now: Timestamp) -> Vec<(About, Delivery)> {
        let mut inside = self.inside();
        inside.gather(&self.keys, now);
        std::mem::take(&mut inside.ready)
    }

    /// Rings when there may be something to send.
    #[must_use]
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// What became of a delivery.
    pub fn record(&self, id: AttemptId, end: AttemptEnd) {
        self.inside().core.record(id, end);
    }

    /// Sends the notification of `number` once more, falsified.
    ///
    /// # Errors
    /// When there is none.
    pub fn notify(
        &self,
        number: &str,
        tamper: Option<Tamper>,
        now: Timestamp,
    ) -> Result<Delivery, ControlRefusal> {
        let notify =
            |core: &mut WeChatPay, ports: &mut Ports<'_>| core.notify_now(number, tamper, ports);
        self.inside().with(&self.keys, now, notify)
    }

    /// Sends the newest notification of a refund once more.
    ///
    /// # Errors
    /// When there is none.
    pub fn notify_refund(
        &self,
        out_refund_no: &str,
        now: Timestamp,
    ) -> Result<Delivery, ControlRefusal> {
        let notify = |core: &mut WeChatPay, ports: &mut Ports<'_>| {
            core.notify_refund_now(out_refund_no, None, ports)
        };
        self.inside().with(&self.keys, now, notify)
    }

    /// Everything that is true, as the sandbox tells it.
    #[must_use]
    pub fn ledger(&self, now: Timestamp) -> Value {
        self.inside().core.ledger(offset(now))
    }

    /// Whether somebody could still pay a number.
    #[must_use]
    pub fn standing(&self, number: &str, now: Timestamp) -> Standing {
        let inside = self.inside();
        let Some(trade) = inside.core.trade_of(number) else { return Standing::Unknown };
        let is_young = offset(now) < trade.created_at + LIFE;
        let is_open = trade.state == TradeState::NotPay && is_young && !trade.unfaithful;
        if is_open { Standing::Open } else { Standing::Ended }
    }

    /// Every refund that it has.
    #[must_use]
    pub fn refunds(&self) -> Vec<TrueRefund> {
        let inside = self.inside();
        let refunds = inside.core.refunds().map(|refund| TrueRefund {
            out_refund_no: refund.form.out_refund_no.clone(),
            out_trade_no: refund.out_trade_no.clone(),
            refund_fen: refund.money.refund_fen,
            status: refund.status().name(),
            is_elsewhere: refund.made_by == RefundedBy::Elsewhere,
            since: refund.changes.last().map_or(refund.created_at, |(at, _)| *at),
        });
        refunds.collect()
    }

    /// Looks at what is true.
    pub fn truth<T>(&self, look: impl FnOnce(&Truth) -> T) -> T {
        look(&self.inside().truth)
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// How many platform certificates there were so far; 0 where it signs with its public key.
    fn certificates(&self) -> u32 {
        u32::try_from(self.core.account().platform_certificates.len()).unwrap_or(u32::MAX)
    }

    /// Takes what is due, each with what it is about.
    fn gather(&mut self, keys: &Keys, now: Timestamp) {
        for delivery in self.with(keys, now, WeChatPay::due) {
            let about = self.core.notice_subject(delivery.id).map(|subject| About {
                number: subject.out_trade_no.clone(),
                refund: subject.out_refund_no.clone(),
            });
            self.ready.push((about.unwrap_or_default(), delivery));
        }
    }

    fn with<T>(
        &mut self,
        keys: &Keys,
        now: Timestamp,
        visit: impl FnOnce(&mut WeChatPay, &mut Ports<'_>) -> T,
    ) -> T {
        let Inside { core, entropy, .. } = self;
        visit(core, &mut Ports { at: moment(now), keyring: keys.keyring(), entropy })
    }
}

fn moment(now: Timestamp) -> Moment {
    Moment { real: offset(now), business: offset(now) }
}

/// One rule that acts once.
fn faults(rule: &Value) -> Faults {
    let script = serde_json::from_value::<Script>(serde_json::json!({ "rules": [rule] }));
    let read = script.map_err(|why| why.to_string()).and_then(Faults::read);
    read.unwrap_or_default()
}
