//! Starting a payment of an order that exists: the first one of an order placed directly, another
//! way to pay, or a new number after WeChat Pay refused one.
//!
//! At most one payment is open at a time. What it replaces is closed; a payment that arrives there
//! all the same is settled or refunded by `settle.rs` like any other.

use crate::names::{Appid, ClientIp, Mchid, Openid};
use crate::order::{Circumstances, Decision, Event, Order, OrderLine, OrderStatus, Rejection};
use crate::payment::{
    Channel, ClosingCause, PAYMENTS_MAX, Payment, PaymentState, Terms, TradeType,
};
use crate::{Fen, OrderNumber, OutTradeNo, Timestamp};

/// WeChat Pay would push a `time_expire` that is nearer than this into the future (v3 §7.1.1), so
/// nothing is ordered there any more.
pub const PREPAY_MARGIN_S: i64 = 60;

/// WeChat Pay shows at most this many characters of a description (v3 §7.1).
pub(super) const DESCRIPTION_MAX: usize = 127;

/// A payment to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// How the payer pays.
    pub trade_type: TradeType,
    /// The merchant.
    pub mchid: Mchid,
    /// The application the payer is in.
    pub appid: Appid,
    /// The payer, for JSAPI.
    pub payer: Option<Openid>,
    /// Where the payer's client is, for H5.
    pub client_ip: Option<ClientIp>,
    /// Which deployment of ours this is.
    pub deployment_id: String,
}

/// What a payment is for.
pub(super) struct Purchase<'a> {
    pub(super) number: &'a OrderNumber,
    pub(super) lines: &'a [OrderLine],
    pub(super) total: Fen,
    pub(super) time_expire: Timestamp,
}

impl NewPayment {
    /// Whether JSAPI lacks its payer.
    #[must_use]
    pub fn lacks_payer(&self) -> bool {
        self.trade_type == TradeType::Jsapi && self.payer.is_none()
    }

    /// Whether H5 lacks where its payer is.
    #[must_use]
    pub fn lacks_client_ip(&self) -> bool {
        self.trade_type == TradeType::H5 && self.client_ip.is_none()
    }

    /// The payment as it is recorded before WeChat Pay is called.
    pub(super) fn record(
        &self,
        no: u8,
        purchase: &Purchase<'_>,
        now: Timestamp,
        compose: &dyn Fn(&Terms) -> String,
    ) -> Payment {
        let terms = Terms {
            out_trade_no: OutTradeNo::of_payment(purchase.number, no),
            channel: Channel::Wechat(self.trade_type),
            mchid: self.mchid.clone(),
            appid: self.appid.clone(),
            payer: self.payer_of_terms(),
            client_ip: self.client_ip_of_terms(),
            amount: purchase.total,
            description: describe(purchase.lines),
            attach: format!("pd1.{}.{}", self.deployment_id, purchase.number),
            time_expire: purchase.time_expire,
        };
        let prepay_body = compose(&terms);
        Payment { no, terms, prepay_body, state: PaymentState::Created, created_at: now }
    }

    /// Whether `payment` is what is asked for, so that it can be offered again.
    fn equals(&self, payment: &Payment) -> bool {
        let Terms { channel, mchid, appid, payer, client_ip, .. } = &payment.terms;
        *channel == Channel::Wechat(self.trade_type)
            && *mchid == self.mchid
            && *appid == self.appid
            && *payer == self.payer_of_terms()
            && *client_ip == self.client_ip_of_terms()
    }

    fn payer_of_terms(&self) -> Option<Openid> {
        if self.trade_type == TradeType::Jsapi { self.payer.clone() } else { None }
    }

    fn client_ip_of_terms(&self) -> Option<ClientIp> {
        self.client_ip.filter(|_| self.trade_type == TradeType::H5)
    }
}

impl Order {
    pub(super) fn start_payment(
        &self,
        new: &NewPayment,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        let now = given.now;
        let deadline = self.deadline_of_new(given).ok_or(Rejection::NotPayable)?;
        if new.lacks_payer() {
            return Err(Rejection::PayerUnknown);
        }
        if new.lacks_client_ip() {
            return Err(Rejection::WayNotOffered);
        }
        if self.open_payment().is_some_and(|open| new.equals(open) && self.is_offered(open, given))
        {
            return Ok(Decision::AlreadyApplied);
        }
        let last = self.payments.iter().map(|payment| payment.no).max().unwrap_or(0);
        let no = last.checked_add(1).filter(|no| *no <= PAYMENTS_MAX);
        let no = no.ok_or(Rejection::TooManyPayments)?;
        let purchase = Purchase {
            number: &self.number,
            lines: &self.lines,
            total: self.amounts.total,
            time_expire: deadline,
        };
        let mut events: Vec<Event> =
            self.close_open_payments(ClosingCause::Superseded, None).collect();
        let payment = new.record(no, &purchase, now, given.compose);
        events.push(Event::PaymentStarted(Box::new(payment)));
        Ok(Decision::Record(events))
    }
}

impl Order {
    /// Until when a payment that is started now can be paid; `None` when none is started.
    fn deadline_of_new(&self, given: &Circumstances<'_>) -> Option<Timestamp> {
        if self.awaits_cash() {
            let owes = self.amounts.total > Fen::ZERO;
            return owes.then(|| given.now.plus_seconds(given.pay_within_s));
        }
        let waits = self.status == OrderStatus::PendingPayment && self.settlement.is_none();
        let deadline = self.pay_deadline.filter(|_| waits)?;
        (given.pace.after(deadline, -PREPAY_MARGIN_S) > given.now).then_some(deadline)
    }

    /// Whether an open payment is offered again. Cash on delivery has no deadline of its own: what
    /// would soon be closed makes way for one that has its whole time.
    fn is_offered(&self, open: &Payment, given: &Circumstances<'_>) -> bool {
        let margin_s = PREPAY_MARGIN_S.saturating_mul(2);
        !self.awaits_cash()
            || given.pace.after(open.terms.time_expire, margin_s.saturating_neg()) > given.now
    }
}

/// What the payer reads in the bill: the first title, and how many more there are.
fn describe(lines: &[OrderLine]) -> String {
    let title = lines.first().map_or("", |l| l.title.as_str());
    let tail = match lines.len() {
        0 | 1 => String::new(),
        n => format!(" 等{n}种商品"),
    };
    let room = DESCRIPTION_MAX.saturating_sub(tail.chars().count());
    title.chars().take(room).collect::<String>() + &tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::SkuId;

    fn line(title: &str) -> OrderLine {
        OrderLine {
            line_no: 1,
            sku_id: SkuId::parse("a").unwrap(),
            title: title.to_owned(),
            quantity: 1,
            unit_price: Fen::new(1),
            amount: Fen::new(1),
            discount: Fen::ZERO,
        }
    }

    #[test]
    fn a_description_fits_the_bill() {
        assert_eq!(describe(&[line("茶")]), "茶");
        let long = describe(&[line(&"茶".repeat(200)), line("b")]);
        assert_eq!(long.chars().count(), DESCRIPTION_MAX);
        assert!(long.ends_with(" 等2种商品"));
    }
}
