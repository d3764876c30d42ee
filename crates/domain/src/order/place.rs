//! Placing an order: everything that must be durable before WeChat Pay is called.

use crate::changeset::Guard;
use crate::names::{Appid, Mchid, Openid};
use crate::order::{
    Checkout, Event, Order, OrderLine, OrderStatus, PaymentMethod, Purpose, SettledBy, Settlement,
    StockOutcome,
};
use crate::payment::{Payment, PaymentState, Terms, TradeType};
use crate::pricing::Breakdown;
use crate::stock::{Hold, HoldStatus};
use crate::{OrderId, OrderNumber, OutTradeNo, Timestamp, UserId};
use std::collections::BTreeMap;

/// The most unpaid orders one buyer may have.
pub const OPEN_ORDERS_MAX: u32 = 5;

/// An order for goods, to be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Its id.
    pub id: OrderId,
    /// Its number.
    pub number: OrderNumber,
    /// Whose it is.
    pub buyer: UserId,
    /// What it costs.
    pub breakdown: Breakdown,
    /// What was asked for.
    pub checkout: Checkout,
    /// The instant until which it can be paid.
    pub pay_deadline: Timestamp,
    /// The first payment; `None` when it is to be asked for later.
    pub payment: Option<NewPayment>,
}

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
    /// Which deployment of ours this is.
    pub deployment_id: String,
}

/// Why an order cannot be placed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlacementRefusal {
    /// JSAPI needs to know who pays.
    #[error("the payer's openid is not known")]
    PayerUnknown,
    /// More lines than an order may have.
    #[error("too many lines")]
    TooManyLines,
}

impl Placement {
    /// What happens when this order is placed at `now`. The prepay body of the payment, if there
    /// is one, is written by `compose`.
    ///
    /// # Errors
    /// When something that the order needs is missing.
    pub fn decide(
        &self,
        now: Timestamp,
        compose: &dyn Fn(&Terms) -> String,
    ) -> Result<Vec<Event>, PlacementRefusal> {
        let lines = self.lines()?;
        let free = self.breakdown.amounts.total == crate::Fen::ZERO;
        let payment = if free { None } else { self.first_payment(now, &lines, compose)? };
        let holds = lines.iter().map(hold_for).collect();
        let order = Order {
            id: self.id,
            number: self.number.clone(),
            purpose: Purpose::Goods,
            buyer: Some(self.buyer),
            merchant_ref: None,
            status: OrderStatus::PendingPayment,
            payment_method: if free { PaymentMethod::Free } else { PaymentMethod::Wechat },
            converting: false,
            lines,
            amounts: self.breakdown.amounts,
            checkout: self.checkout.clone(),
            metadata: BTreeMap::new(),
            holds,
            payments: payment.into_iter().collect(),
            refunds: Vec::new(),
            settlement: None,
            cancel_cause: None,
            version: 0,
            created_at: now,
            pay_deadline: Some(self.pay_deadline),
            paid_at: None,
            cancelled_at: None,
        };
        let mut events = vec![Event::Placed(Box::new(order))];
        if free {
            let settlement = Settlement { by: SettledBy::Free, amount: crate::Fen::ZERO, at: now };
            events.push(Event::Settled { settlement, stock: StockOutcome::Committed });
        }
        Ok(events)
    }

    /// What must still be true of shared rows when it commits.
    #[must_use]
    pub fn guards(&self) -> Vec<Guard> {
        let mut guards: Vec<Guard> = self
            .breakdown
            .lines
            .iter()
            .map(|line| Guard::PriceVersion {
                sku_id: line.sku_id.clone(),
                price_version: line.price_version,
            })
            .collect();
        guards.push(Guard::OpenOrdersBelow { buyer: self.buyer, max: OPEN_ORDERS_MAX });
        guards
    }

    fn lines(&self) -> Result<Vec<OrderLine>, PlacementRefusal> {
        if self.breakdown.lines.len() > usize::from(LINES_MAX) {
            return Err(PlacementRefusal::TooManyLines);
        }
        let lines = (1..=LINES_MAX).zip(&self.breakdown.lines);
        Ok(lines
            .map(|(line_no, priced)| OrderLine {
                line_no,
                sku_id: priced.sku_id.clone(),
                title: priced.title.clone(),
                quantity: priced.quantity,
                unit_price: priced.unit_price,
                amount: priced.amount,
                discount: priced.discount,
            })
            .collect())
    }

    fn first_payment(
        &self,
        now: Timestamp,
        lines: &[OrderLine],
        compose: &dyn Fn(&Terms) -> String,
    ) -> Result<Option<Payment>, PlacementRefusal> {
        let Some(new) = &self.payment else { return Ok(None) };
        if new.trade_type == TradeType::Jsapi && new.payer.is_none() {
            return Err(PlacementRefusal::PayerUnknown);
        }
        let terms = Terms {
            out_trade_no: OutTradeNo::of_payment(&self.number, 1),
            trade_type: new.trade_type,
            mchid: new.mchid.clone(),
            appid: new.appid.clone(),
            payer: if new.trade_type == TradeType::Jsapi { new.payer.clone() } else { None },
            amount: self.breakdown.amounts.total,
            description: describe(lines),
            attach: format!("pd1.{}.{}", new.deployment_id, self.number),
            time_expire: self.pay_deadline,
        };
        let prepay_body = compose(&terms);
        let state = PaymentState::Created;
        Ok(Some(Payment { no: 1, terms, prepay_body, state, created_at: now }))
    }
}

/// The most lines of one order.
pub const LINES_MAX: u16 = 200;
/// WeChat Pay shows at most this many characters (v3 §7.1).
const DESCRIPTION_MAX: usize = 127;

fn hold_for(line: &OrderLine) -> Hold {
    Hold {
        line_no: line.line_no,
        sku_id: line.sku_id.clone(),
        quantity: line.quantity,
        status: HoldStatus::Held,
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
    use crate::Fen;
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
