//! Paying from the wallet: debit, settlement, goods and list in one commit, or none of it.
//!
//! Whether the wallet holds enough is not decided here: the ledger refuses the commit when it does not.

use crate::fact::Receipt;
use crate::names::{Appid, Mchid, TransactionId};
use crate::order::{
    Circumstances, Decision, Event, Order, OrderStatus, Purpose, Rejection, SettledBy, Settlement,
    StockOutcome,
};
use crate::payment::{Channel, ClosingCause, Payment, PaymentState, Terms, WALLET_PAYMENT};
use crate::{Fen, OrderNumber, OutTradeNo, Timestamp};

/// A payment from the wallet, to be recorded under the merchant's names: refunds are kept by them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletPayment {
    /// The merchant.
    pub mchid: Mchid,
    /// The application.
    pub appid: Appid,
}

impl WalletPayment {
    /// The payment of all that `number` costs, as it is recorded before it is paid.
    pub(super) fn record(&self, number: &OrderNumber, total: Fen, now: Timestamp) -> Payment {
        let terms = Terms {
            out_trade_no: OutTradeNo::of_wallet(number),
            channel: Channel::Wallet,
            mchid: self.mchid.clone(),
            appid: self.appid.clone(),
            payer: None,
            client_ip: None,
            amount: total,
            description: String::new(),
            attach: String::new(),
            time_expire: now,
        };
        Payment {
            no: WALLET_PAYMENT,
            terms,
            prepay_body: String::new(),
            state: PaymentState::Created,
            created_at: now,
        }
    }
}

/// That `payment` is paid from the wallet and settles its order. Its receipt is our own: the ledger's
/// transfer has the payment's number.
pub(super) fn paid(payment: &Payment, stock: StockOutcome, now: Timestamp) -> [Event; 2] {
    let Terms { out_trade_no, appid, amount, .. } = &payment.terms;
    let receipt = Receipt {
        transaction_id: TransactionId::new(out_trade_no.as_str()),
        appid: appid.clone(),
        amount: *amount,
        currency: "CNY".to_owned(),
        payer_total: None,
        payer: None,
        success_at: now,
    };
    let by = SettledBy::Wallet { payment_no: payment.no };
    let settlement = Settlement { by, amount: *amount, at: now };
    [Event::PaymentPaid { no: payment.no, receipt }, Event::Settled { settlement, stock }]
}

impl Order {
    /// Payments at WeChat Pay that are open are closed; money that arrives there is surplus.
    pub(super) fn pay_from_wallet(
        &self,
        wallet: &WalletPayment,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        if let Some(Settlement { by: SettledBy::Wallet { .. }, .. }) = &self.settlement {
            return Ok(Decision::AlreadyApplied);
        }
        let waits = self.status == OrderStatus::PendingPayment && self.settlement.is_none();
        let is_due = self.pay_deadline.is_some_and(|deadline| deadline <= given.now);
        let of_goods = self.purpose == Purpose::Goods && self.buyer.is_some();
        if !waits || is_due || !of_goods {
            return Err(Rejection::NotPayable);
        }
        let payment = wallet.record(&self.number, self.amounts.total, given.now);
        let mut events: Vec<Event> =
            self.close_open_payments(ClosingCause::Superseded, None).collect();
        let settled = paid(&payment, given.stock, given.now);
        events.push(Event::PaymentStarted(Box::new(payment)));
        events.extend(settled);
        Ok(Decision::Record(events))
    }
}
