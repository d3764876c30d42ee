//! Calls to WeChat Pay.

use super::{meters, value};
use crate::metrics::Metered;
use domain::fact::{Evidence, PaymentFact, RefundAtWechat, RefundFact, Trade};
use domain::names::{Mchid, TransactionId};
use domain::payment::{Credential, Payment, Terms};
use domain::ports::{
    AbnormalRequest, GatewayError, PayParams, PaymentGateway, PortFuture, RefundRequest,
    WechatRefusal,
};
use domain::{Fen, OutRefundNo, OutTradeNo};
use std::collections::VecDeque;
use std::future::ready;
use std::sync::{Arc, Mutex};
use testkit::sample;

/// Answers every query with the next of these.
struct Script(Mutex<VecDeque<Result<PaymentFact, GatewayError>>>);

impl PaymentGateway for Script {
    fn compose_prepay(&self, _terms: &Terms) -> String {
        "composed".to_owned()
    }

    fn prepay<'a>(
        &'a self,
        _payment: &'a Payment,
    ) -> PortFuture<'a, Result<Credential, GatewayError>> {
        panic!("nothing is ordered")
    }

    fn query<'a>(
        &'a self,
        _number: &'a OutTradeNo,
    ) -> PortFuture<'a, Result<PaymentFact, GatewayError>> {
        Box::pin(ready(self.0.lock().unwrap().pop_front().unwrap()))
    }

    fn close<'a>(&'a self, _number: &'a OutTradeNo) -> PortFuture<'a, Result<(), GatewayError>> {
        Box::pin(ready(Ok(())))
    }

    fn refund<'a>(
        &'a self,
        _request: &'a RefundRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        Box::pin(ready(Err(GatewayError::Retryable(WechatRefusal::default()))))
    }

    fn query_refund<'a>(
        &'a self,
        number: &'a OutRefundNo,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        Box::pin(ready(Ok(refund_fact(number))))
    }

    fn apply_abnormal<'a>(
        &'a self,
        _request: &'a AbnormalRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        Box::pin(ready(Err(GatewayError::Refused(WechatRefusal::default()))))
    }

    fn pay_params(&self, _payment: &Payment) -> Option<PayParams> {
        None
    }
}

fn refund_fact(number: &OutRefundNo) -> RefundFact {
    let evidence = Evidence::Query { request_id: None };
    RefundFact::attested(evidence, Mchid::new("1"), number.clone(), RefundAtWechat::NotExist)
}

#[tokio::test]
async fn refunds_are_passed_on_and_counted_as_themselves() {
    let meters = meters();
    let metered = Metered::gateway(Arc::new(Script(Mutex::default())), &meters);
    let request = RefundRequest {
        out_refund_no: OutRefundNo::stored("R-1".to_owned()),
        out_trade_no: OutTradeNo::parse("P1234567890").unwrap(),
        transaction_id: TransactionId::new("T-1"),
        amount: Fen::new(1),
        total: Fen::new(1),
        reason: String::new(),
    };
    let later = Err(GatewayError::Retryable(WechatRefusal::default()));
    assert_eq!(metered.refund(&request).await, later);
    let number = &request.out_refund_no;
    assert_eq!(metered.query_refund(number).await, Ok(refund_fact(number)));
    let calls = |kind: &str, outcome: &str| {
        let labels = format!("{{kind=\"{kind}\",outcome=\"{outcome}\"}}");
        value(&meters, &format!("paydesk_wechat_calls_total{labels}"))
    };
    assert_eq!(calls("refund", "retryable"), Some(1.0));
    assert_eq!(calls("query_refund", "ok"), Some(1.0));
}

#[tokio::test]
async fn every_outcome_is_counted_once_and_passed_on() {
    let number = OutTradeNo::parse("P1234567890").unwrap();
    let success = Trade::Success(sample::receipt("T-1", Fen::new(100)));
    let refusal = WechatRefusal::default;
    let answers = [
        ("ok", Ok(sample::fact_of(&number, success))),
        ("refused", Err(GatewayError::Refused(refusal()))),
        ("retryable", Err(GatewayError::Retryable(refusal()))),
        ("unknown", Err(GatewayError::OutcomeUnknown("lost".to_owned()))),
        ("misconfigured", Err(GatewayError::Misconfigured(refusal()))),
        ("untrusted", Err(GatewayError::Untrusted("forged".to_owned()))),
    ];
    let script = answers.iter().map(|(_, answer)| answer.clone()).collect();
    let inner: Arc<dyn PaymentGateway> = Arc::new(Script(Mutex::new(script)));
    let meters = meters();
    let metered = Metered::gateway(inner, &meters);
    let refused = "paydesk_wechat_calls_total{kind=\"prepay\",outcome=\"misconfigured\"}";
    assert_eq!(value(&meters, refused), Some(0.0), "there before the first one");
    for (outcome, answer) in answers {
        let series = format!("paydesk_wechat_calls_total{{kind=\"query\",outcome=\"{outcome}\"}}");
        assert_eq!(value(&meters, &series).unwrap_or(0.0), 0.0);
        assert_eq!(metered.query(&number).await, answer);
        assert_eq!(value(&meters, &series), Some(1.0), "{outcome}");
    }
    assert_eq!(metered.close(&number).await, Ok(()));
    let took = |kind: &str| {
        let series = format!("paydesk_wechat_call_duration_seconds_count{{kind=\"{kind}\"}}");
        value(&meters, &series)
    };
    assert_eq!((took("query"), took("close"), took("prepay")), (Some(6.0), Some(1.0), None));
}
