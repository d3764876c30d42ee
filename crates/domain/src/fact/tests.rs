//! Facts say what was attested, in WeChat Pay's words.

use super::*;

fn receipt() -> Receipt {
    Receipt {
        transaction_id: TransactionId::new("T-1"),
        appid: Appid::new("wx1"),
        amount: Fen::new(1),
        currency: "CNY".to_owned(),
        payer_total: None,
        payer: None,
        success_at: Timestamp::from_seconds(0),
    }
}

fn evidence() -> Evidence {
    Evidence::Notification { event_id: "EV-1".to_owned() }
}

#[test]
fn a_payment_fact_is_what_was_attested() {
    let number = OutTradeNo::parse("P-00001").unwrap();
    let trade = Trade::Success(receipt());
    let attach = Some("pd1".to_owned());
    let mchid = Mchid::new("19");
    let fact =
        PaymentFact::attested(evidence(), mchid.clone(), number.clone(), trade.clone(), attach);
    assert_eq!((fact.evidence(), fact.mchid()), (&evidence(), &mchid));
    assert_eq!((fact.out_trade_no(), fact.trade()), (&number, &trade));
    assert_eq!((fact.attach(), fact.trade_type(), fact.epoch()), (Some("pd1"), None, None));
    let epoch = Epoch::new("00000001.0");
    let fact = fact.paid_by(Some(TradeType::Native)).asked_on(&epoch);
    assert_eq!((fact.trade_type(), fact.epoch()), (Some(TradeType::Native), Some(&epoch)));
    assert_eq!(fact.when_asked(), None);
    assert_eq!(fact.asked_at(receipt().success_at).when_asked(), Some(receipt().success_at));
}

#[test]
fn a_refund_fact_is_what_was_attested() {
    let number = OutRefundNo::parse("R-1").unwrap();
    let said = RefundStatement {
        refund_id: RefundId::new("W-1"),
        transaction_id: TransactionId::new("T-1"),
        out_trade_no: OutTradeNo::parse("P-00001").unwrap(),
        amount: Fen::new(1),
        progress: RefundProgress::Processing,
    };
    let fact = |refund| RefundFact::attested(evidence(), Mchid::new("19"), number.clone(), refund);
    let known = fact(RefundAtWechat::Known(said.clone()));
    assert_eq!((known.evidence(), known.mchid()), (&evidence(), &Mchid::new("19")));
    assert_eq!(known.out_refund_no(), &number);
    assert_eq!(known.refund(), &RefundAtWechat::Known(said.clone()));
    assert_eq!(known.statement(), Some(&said));
    assert_eq!(fact(RefundAtWechat::NotExist).statement(), None);
}

#[test]
fn states_have_wechat_pays_words() {
    let trades = [
        Trade::Success(receipt()),
        Trade::NotPaid,
        Trade::Closed,
        Trade::Refunded(receipt()),
        Trade::NotExist,
    ];
    let words = ["SUCCESS", "NOTPAY", "CLOSED", "REFUND", "ORDER_NOT_EXIST"];
    assert_eq!(trades.map(|trade| trade.name()), words);
    let at = Timestamp::from_seconds(0);
    let said = |progress| {
        RefundAtWechat::Known(RefundStatement {
            refund_id: RefundId::new("W-1"),
            transaction_id: TransactionId::new("T-1"),
            out_trade_no: OutTradeNo::parse("P-00001").unwrap(),
            amount: Fen::new(1),
            progress,
        })
    };
    let refunds = [
        said(RefundProgress::Processing),
        said(RefundProgress::Succeeded { at }),
        said(RefundProgress::Abnormal),
        said(RefundProgress::Closed),
        RefundAtWechat::NotExist,
    ];
    let words = ["PROCESSING", "SUCCESS", "ABNORMAL", "CLOSED", "RESOURCE_NOT_EXISTS"];
    assert_eq!(refunds.map(|refund| refund.name()), words);
}
