//! The sides of [`Fake`] that play WeChat, the clock and chance.

use super::fake::{Fake, Gate, ready};
use domain::card::Card;
use domain::fact::{Evidence, PaymentFact, RefundAtWechat, RefundFact, RefundStatement};
use domain::names::{Appid, Mchid, Openid, TransactionId};
use domain::payment::{Credential, Payment, Terms};
use domain::ports::*;
use domain::{OrderId, OutRefundNo, OutTradeNo, Timestamp, UserId};
use uuid::Uuid;

impl PaymentGateway for Fake {
    fn compose_prepay(&self, terms: &Terms) -> String {
        terms.out_trade_no.to_string()
    }

    fn prepay<'a>(
        &'a self,
        _payment: &'a Payment,
    ) -> PortFuture<'a, Result<Credential, GatewayError>> {
        let refusal = self.lock().prepay.clone();
        ready(refusal.map_or_else(|| Ok(Credential::PrepayId("p1".to_owned())), Err))
    }

    fn query<'a>(
        &'a self,
        out_trade_no: &'a OutTradeNo,
    ) -> PortFuture<'a, Result<PaymentFact, GatewayError>> {
        let Some(trade) = self.lock().queried.clone() else {
            return ready(Err(GatewayError::OutcomeUnknown("not asked here".to_owned())));
        };
        let (evidence, mchid) = (Evidence::Query { request_id: None }, Mchid::new("1900000109"));
        ready(Ok(PaymentFact::attested(evidence, mchid, out_trade_no.clone(), trade, None)))
    }

    fn close<'a>(
        &'a self,
        _out_trade_no: &'a OutTradeNo,
    ) -> PortFuture<'a, Result<(), GatewayError>> {
        ready(Ok(()))
    }

    fn refund<'a>(
        &'a self,
        _request: &'a RefundRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        ready(Err(GatewayError::OutcomeUnknown("not asked here".to_owned())))
    }

    fn query_refund<'a>(
        &'a self,
        out_refund_no: &'a OutRefundNo,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        let unheard = || GatewayError::OutcomeUnknown("not asked here".to_owned());
        let inner = self.lock();
        let said = inner.refund_queried.and_then(|progress| {
            let order =
                inner.orders.values().find(|order| order.refund(out_refund_no).is_some())?;
            let refund = order.refund(out_refund_no)?;
            let payment = order.payments.iter().find(|p| p.no == refund.payment_no)?;
            Some(RefundStatement {
                refund_id: refund.refund_id()?.clone(),
                transaction_id: TransactionId::new("T-1"),
                out_trade_no: payment.out_trade_no().clone(),
                amount: refund.amount,
                progress,
            })
        });
        let (evidence, mchid) = (Evidence::Query { request_id: None }, Mchid::new("1900000109"));
        let fact = said.map(|said| {
            let refund = RefundAtWechat::Known(said);
            RefundFact::attested(evidence, mchid, out_refund_no.clone(), refund)
        });
        ready(fact.ok_or_else(unheard))
    }

    fn apply_abnormal<'a>(
        &'a self,
        request: &'a AbnormalRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        let figures = match &request.card {
            Card::OfUser(card) => card.account.reveal().get(12..).map(str::to_owned),
            Card::OfMerchant => None,
        };
        let mut inner = self.lock();
        inner.cards.push(figures);
        let unheard = || GatewayError::OutcomeUnknown("not asked here".to_owned());
        ready(Err(inner.applied.clone().unwrap_or_else(unheard)))
    }

    fn pay_params(&self, payment: &Payment) -> Option<PayParams> {
        let id = match payment.credential()? {
            Credential::PrepayId(id) | Credential::CodeUrl(id) | Credential::H5Url(id) => {
                id.clone()
            }
        };
        Some(PayParams::Native { code_url: id })
    }
}

impl NoticeOpener for Fake {
    fn open<'a>(
        &'a self,
        raw: &'a RawNotice,
        _now: Timestamp,
    ) -> PortFuture<'a, Result<Notice, NoticeError>> {
        let gate = self.lock().gate.clone();
        let refused = self.lock().notice.clone();
        Box::pin(async move {
            Gate::pass(gate).await;
            if let Some(refused) = refused {
                return Err(refused);
            }
            assert_eq!(raw.body, b"{ \"raw\" :1}\n", "byte for byte");
            Ok(Notice {
                event_id: "EV-1".to_owned(),
                event_type: "OTHER".to_owned(),
                fact_hash: "h".to_owned(),
                body: NoticeBody::Other,
            })
        })
    }
}

impl LoginGateway for Fake {
    fn openid<'a>(&'a self, code: &'a str) -> PortFuture<'a, Result<(Appid, Openid), LoginError>> {
        let gate = self.lock().gate.clone();
        let refused = self.lock().login.clone();
        Box::pin(async move {
            Gate::pass(gate).await;
            refused.map_or_else(|| Ok((Appid::new("wx1"), Openid::new(code))), Err)
        })
    }
}

impl Clock for Fake {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.lock().now_s)
    }

    fn real(&self) -> Timestamp {
        self.now()
    }

    fn sleep_millis(&self, _millis: u64) -> PortFuture<'_, ()> {
        ready(())
    }
}

impl IdSource for Fake {
    fn order_id(&self, _now: Timestamp) -> OrderId {
        OrderId::new(Uuid::from_u128(u128::from(self.lock().draw())))
    }

    fn user_id(&self, _now: Timestamp) -> UserId {
        UserId::new(Uuid::from_u128(u128::from(self.lock().draw())))
    }

    fn order_entropy(&self) -> u64 {
        self.lock().draw()
    }

    fn call(&self) -> u64 {
        self.lock().draw()
    }

    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&self.lock().draw().to_be_bytes());
        secret
    }

    fn jitter(&self, _bound: u64) -> u64 {
        0
    }
}
