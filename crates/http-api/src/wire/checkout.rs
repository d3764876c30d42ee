//! Quotes and offers.

use super::amounts::WireAmounts;
use super::names::{WirePaidStatus, WireTradeType};
use super::pay_params::WirePayParams;
use domain::presentation::{GIVE_UP_AFTER_S, POLL_AFTER_MS};
use domain::pricing::PricedLine;
use serde::Serialize;
use usecases::{Offer, Quote};
use utoipa::ToSchema;

/// What a checkout would cost now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quote)]
pub(crate) struct WireQuote {
    lines: Vec<WireQuoteLine>,
    amounts: WireAmounts,
}

/// One line of a quote.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuoteLine)]
struct WireQuoteLine {
    sku_id: String,
    title: String,
    quantity: u32,
    unit_price_fen: i64,
    amount_fen: i64,
    discount_fen: i64,
}

impl WireQuote {
    /// The twin.
    pub(crate) fn of(quote: &Quote) -> WireQuote {
        WireQuote {
            lines: quote.breakdown.lines.iter().map(WireQuoteLine::of).collect(),
            amounts: WireAmounts::of(&quote.breakdown.amounts),
        }
    }
}

impl WireQuoteLine {
    fn of(line: &PricedLine) -> WireQuoteLine {
        WireQuoteLine {
            sku_id: line.sku_id.as_str().to_owned(),
            title: line.title.clone(),
            quantity: line.quantity,
            unit_price_fen: line.unit_price.get(),
            amount_fen: line.amount.get(),
            discount_fen: line.discount.get(),
        }
    }
}

/// A payment to be made, or made.
#[derive(Serialize, ToSchema)]
#[schema(as = Offer)]
pub(crate) struct WireOffer {
    order_number: String,
    /// Null when nothing is owed.
    #[schema(required = true)]
    out_trade_no: Option<String>,
    #[schema(required = true, format = DateTime)]
    expires_at: Option<String>,
    amount_fen: i64,
    #[schema(required = true)]
    trade_type: Option<WireTradeType>,
    /// Absent (202) while WeChat Pay's answer is not known; null when nothing is left to pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<WirePayParams>)]
    pay_params: Option<Option<WirePayParams>>,
    payment_status: WirePaidStatus,
    /// Whether this is the open order of an equal request.
    reused: bool,
    poll: WirePoll,
}

/// Where and how often to look whether it was paid.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Poll)]
struct WirePoll {
    url: String,
    /// Null when nothing is expected.
    #[schema(required = true)]
    poll_after_ms: Option<u32>,
    give_up_after_s: u32,
}

impl WireOffer {
    /// The twin.
    pub(crate) fn of(offer: Offer, reused: bool) -> WireOffer {
        let is_unknown = offer.is_unknown();
        let Offer { order, out_trade_no, pay_params } = offer;
        let payment = out_trade_no.as_ref().and_then(|number| order.payment(number));
        WireOffer {
            order_number: order.number.as_str().to_owned(),
            expires_at: payment.map(|p| p.terms.time_expire.to_rfc3339()),
            amount_fen: order.amounts.total.get(),
            trade_type: payment.and_then(|p| p.terms.trade_type()).map(WireTradeType::of),
            pay_params: (!is_unknown).then(|| pay_params.map(WirePayParams::of)),
            payment_status: WirePaidStatus::of(order.payment_status()),
            reused,
            poll: WirePoll {
                url: format!("/api/mini/orders/{}", order.number),
                poll_after_ms: order.is_payable().then_some(POLL_AFTER_MS),
                give_up_after_s: GIVE_UP_AFTER_S,
            },
            out_trade_no: out_trade_no.map(|number| number.as_str().to_owned()),
        }
    }
}
