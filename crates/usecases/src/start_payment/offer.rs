//! What a payer is offered, and who asks for it.

use crate::TransactError;
use domain::OutTradeNo;
use domain::order::Order;
use domain::payment::{Payment, PaymentNo};
use domain::ports::{PayParams, WechatRefusal};

/// What a payer can be offered for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The order as it is now.
    pub order: Order,
    /// The payment on offer; `None` when there is none.
    pub out_trade_no: Option<OutTradeNo>,
    /// What the payer's client is called with; `None` when WeChat Pay's answer is not known yet,
    /// or nothing is left to pay.
    pub pay_params: Option<PayParams>,
}

/// Why nothing can be offered.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// The order cannot be paid any more.
    #[error("the order cannot be paid any more")]
    NotPayable,
    /// Another payment took the place of this one while it was being ordered.
    #[error("another payment took its place")]
    Replaced,
    /// WeChat Pay refused.
    #[error("WeChat Pay refused: {0}")]
    WechatRefused(WechatRefusal),
    /// Come back with the same request.
    #[error(transparent)]
    Transact(#[from] TransactError),
}

/// Who asks for an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The request that recorded the payment: nobody else has called WeChat Pay.
    Starter,
    /// Another one.
    Other,
    /// WeChat Pay says that another payment of the order was paid: nothing is offered before that
    /// is known.
    Blocked,
}

/// Which payment is asked for, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) no: PaymentNo,
    pub(crate) caller: Caller,
}

impl Offer {
    /// Whether WeChat Pay's answer is still being found out. Not so when nothing can be paid any
    /// more: a settled or cancelled order is shown as it is.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        let payment = self.out_trade_no.as_ref().and_then(|number| self.order.payment(number));
        self.pay_params.is_none() && payment.is_some_and(Payment::is_open)
    }
}

impl Asked {
    /// The payment that this request recorded just now.
    pub(crate) fn starter(no: PaymentNo) -> Asked {
        Asked { no, caller: Caller::Starter }
    }

    /// A payment that was there.
    pub(crate) fn other(no: PaymentNo) -> Asked {
        Asked { no, caller: Caller::Other }
    }
}
