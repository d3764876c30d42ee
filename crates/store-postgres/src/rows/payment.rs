//! The row of a payment.

use super::{Instant, corrupt, number};
use crate::words::Word as _;
use domain::fact::Receipt;
use domain::names::{Appid, ClientIp, Mchid, Openid, TransactionId};
use domain::payment::{
    Channel, ClosingCause, Credential, Payment, PaymentState, PaymentStatus, SurplusCause, Terms,
};
use domain::ports::StoreError;
use domain::{Fen, OutTradeNo};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One row of `payments`.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct PaymentRow {
    order_id: Uuid,
    payment_no: i64,
    mchid: String,
    appid: String,
    out_trade_no: String,
    trade_type: String,
    payer_openid: Option<String>,
    client_ip: Option<String>,
    amount_fen: i64,
    description: String,
    attach: String,
    time_expire: Instant,
    prepay_body: String,
    status: String,
    prepay_id: Option<String>,
    code_url: Option<String>,
    h5_url: Option<String>,
    closing_cause: Option<String>,
    closed_at: Option<Instant>,
    reject_code: Option<String>,
    reject_proven: Option<bool>,
    surplus_cause: Option<String>,
    transaction_id: Option<String>,
    receipt_appid: Option<String>,
    paid_fen: Option<i64>,
    currency: Option<String>,
    payer_total_fen: Option<i64>,
    receipt_openid: Option<String>,
    success_at: Option<Instant>,
    refund_reserved_fen: i64,
    created_at: Instant,
}

impl PaymentRow {
    pub(crate) fn of(order_id: Uuid, payment: &Payment, refund_reserved: Fen) -> PaymentRow {
        let terms = &payment.terms;
        let mut row = PaymentRow {
            order_id,
            payment_no: i64::from(payment.no),
            mchid: terms.mchid.as_str().to_owned(),
            appid: terms.appid.as_str().to_owned(),
            out_trade_no: terms.out_trade_no.as_str().to_owned(),
            trade_type: terms.channel.word().to_owned(),
            payer_openid: terms.payer.as_ref().map(|p| p.as_str().to_owned()),
            client_ip: terms.client_ip.map(ClientIp::text),
            amount_fen: terms.amount.get(),
            description: terms.description.clone(),
            attach: terms.attach.clone(),
            time_expire: Instant(terms.time_expire),
            prepay_body: payment.prepay_body.clone(),
            status: payment.state.status().word().to_owned(),
            prepay_id: None,
            code_url: None,
            h5_url: None,
            closing_cause: None,
            closed_at: None,
            reject_code: None,
            reject_proven: None,
            surplus_cause: None,
            transaction_id: None,
            receipt_appid: None,
            paid_fen: None,
            currency: None,
            payer_total_fen: None,
            receipt_openid: None,
            success_at: None,
            refund_reserved_fen: refund_reserved.get(),
            created_at: Instant(payment.created_at),
        };
        row.put_state(&payment.state);
        row
    }

    fn put_state(&mut self, state: &PaymentState) {
        match state {
            PaymentState::Created | PaymentState::Unknown => {}
            PaymentState::Payable { credential } => match credential {
                Some(Credential::PrepayId(id)) => self.prepay_id = Some(id.clone()),
                Some(Credential::CodeUrl(url)) => self.code_url = Some(url.clone()),
                Some(Credential::H5Url(url)) => self.h5_url = Some(url.clone()),
                None => {}
            },
            PaymentState::Closing { why } => self.closing_cause = Some(why.word().to_owned()),
            PaymentState::Closed { why, at } => {
                self.closing_cause = Some(why.word().to_owned());
                self.closed_at = Some(Instant(*at));
            }
            PaymentState::Rejected { code, proven } => {
                self.reject_code = Some(code.clone());
                self.reject_proven = Some(*proven);
            }
            PaymentState::Paid { receipt } => self.put_receipt(receipt),
            PaymentState::Surplus { receipt, why } => {
                self.surplus_cause = Some(why.word().to_owned());
                if let Some(receipt) = receipt {
                    self.put_receipt(receipt);
                }
            }
        }
    }

    fn put_receipt(&mut self, receipt: &Receipt) {
        self.transaction_id = Some(receipt.transaction_id.as_str().to_owned());
        self.receipt_appid = Some(receipt.appid.as_str().to_owned());
        self.paid_fen = Some(receipt.amount.get());
        self.currency = Some(receipt.currency.clone());
        self.payer_total_fen = receipt.payer_total.map(Fen::get);
        self.receipt_openid = receipt.payer.as_ref().map(|p| p.as_str().to_owned());
        self.success_at = Some(Instant(receipt.success_at));
    }

    pub(crate) fn into_payment(self) -> Result<Payment, StoreError> {
        let state = self.state()?;
        let client_ip = self.client_ip()?;
        let out_trade_no = OutTradeNo::parse(&self.out_trade_no)
            .ok_or_else(|| corrupt("payments.out_trade_no has an impossible shape"))?;
        Ok(Payment {
            no: number(self.payment_no, "payment_no")?,
            terms: Terms {
                out_trade_no,
                channel: Channel::read(&self.trade_type)?,
                mchid: Mchid::new(self.mchid),
                appid: Appid::new(self.appid),
                payer: self.payer_openid.map(Openid::new),
                client_ip,
                amount: Fen::new(self.amount_fen),
                description: self.description,
                attach: self.attach,
                time_expire: self.time_expire.0,
            },
            prepay_body: self.prepay_body,
            state,
            created_at: self.created_at.0,
        })
    }

    fn state(&self) -> Result<PaymentState, StoreError> {
        Ok(match PaymentStatus::read(&self.status)? {
            PaymentStatus::Created => PaymentState::Created,
            PaymentStatus::Unknown => PaymentState::Unknown,
            PaymentStatus::Payable => PaymentState::Payable { credential: self.credential() },
            PaymentStatus::Closing => PaymentState::Closing { why: self.closing_cause()? },
            PaymentStatus::Closed => PaymentState::Closed {
                why: self.closing_cause()?,
                at: self.closed_at.ok_or_else(|| corrupt("closed without closed_at"))?.0,
            },
            PaymentStatus::Rejected => PaymentState::Rejected {
                code: self.reject_code.clone().unwrap_or_default(),
                proven: self.reject_proven.unwrap_or_default(),
            },
            PaymentStatus::Paid => PaymentState::Paid {
                receipt: self.receipt()?.ok_or_else(|| corrupt("paid without a receipt"))?,
            },
            PaymentStatus::Surplus => PaymentState::Surplus {
                receipt: self.receipt()?,
                why: SurplusCause::read(self.surplus_cause.as_deref().unwrap_or_default())?,
            },
        })
    }

    fn credential(&self) -> Option<Credential> {
        let prepay_id = self.prepay_id.clone().map(Credential::PrepayId);
        let code_url = || self.code_url.clone().map(Credential::CodeUrl);
        let h5_url = || self.h5_url.clone().map(Credential::H5Url);
        prepay_id.or_else(code_url).or_else(h5_url)
    }

    fn client_ip(&self) -> Result<Option<ClientIp>, StoreError> {
        let unread = || corrupt("payments.client_ip is no address");
        let read = |text: &String| ClientIp::parse(text).ok_or_else(unread);
        self.client_ip.as_ref().map(read).transpose()
    }

    fn closing_cause(&self) -> Result<ClosingCause, StoreError> {
        ClosingCause::read(self.closing_cause.as_deref().unwrap_or_default())
    }

    fn receipt(&self) -> Result<Option<Receipt>, StoreError> {
        let Some(transaction_id) = &self.transaction_id else { return Ok(None) };
        let missing = || corrupt("a receipt with holes");
        Ok(Some(Receipt {
            transaction_id: TransactionId::new(transaction_id.clone()),
            appid: Appid::new(self.receipt_appid.clone().ok_or_else(missing)?),
            amount: Fen::new(self.paid_fen.ok_or_else(missing)?),
            currency: self.currency.clone().ok_or_else(missing)?,
            payer_total: self.payer_total_fen.map(Fen::new),
            payer: self.receipt_openid.clone().map(Openid::new),
            success_at: self.success_at.ok_or_else(missing)?.0,
        }))
    }
}
