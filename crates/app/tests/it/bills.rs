//! The bills of a sandbox's day, fetched and read by our client over HTTP.
//!
//! Sandbox and client are both written from the documents and share no code, so what they agree on
//! here neither has by accident. Needs no service and no database.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use app::settings::Settings;
use domain::bill::{
    BillDay, BilledRefundStatus, Fee, FundAccount, FundFlowBill, TradeBill, TradeBillKind,
    TradeEntry,
};
use domain::fact::Trade;
use domain::ports::{
    BillAnswer, BillError, BillSource as _, GatewayError, PaymentGateway as _, RefundRequest,
};
use domain::{Fen, OutRefundNo, OutTradeNo, Timestamp};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use store_postgres::StoreClock;
use wechatpay::WechatPay;
use wechatpay_sim::{RunningSandbox, Sandbox, SandboxOptions};

/// What is paid on the day, in fen.
const PAID: [(&str, i64); 3] = [("bill-1", 1), ("bill-2", 990), ("bill-3", 12_345_678)];

/// A sandbox, and our client at it.
struct Desk {
    sandbox: RunningSandbox,
    control: Client,
    client: WechatPay,
}

impl Desk {
    async fn new() -> Desk {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let keys = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sandbox");
        let sandbox = Sandbox::start(SandboxOptions::new(any, keys)).await.unwrap();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
        let settings =
            Settings::for_sandbox(&sandbox, "postgres://localhost/none", nowhere).unwrap();
        let checked = settings.check().unwrap();
        let client = WechatPay::new(&checked.wechat_pay, Arc::new(StoreClock::default())).unwrap();
        Desk { sandbox, control: Client::new(), client }
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}/_sandbox/{path}", self.sandbox.base_url());
        let answer = self.control.request(method, url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap_or(Value::Null)
    }

    /// Moves the sandbox's clock to this Beijing time, `days` after the day.
    async fn clock(&self, day: BillDay, days: i64, time: &str) {
        let date = BillDay::of(day.begins_at().plus_seconds(days * 86_400));
        let now = json!({ "now": format!("{date}T{time}+08:00") });
        self.control(Method::PUT, "clock", now).await;
    }

    /// Three payments, and an order that nobody pays; one payment goes back whole, by us, and a fen
    /// of another by the merchant's console. The day is tomorrow, so that it is all of one day.
    async fn day(&self) -> BillDay {
        let now = self.control(Method::GET, "clock", Value::Null).await;
        let now = Timestamp::parse_rfc3339(now["now"].as_str().unwrap()).unwrap();
        let day = BillDay::of(now.plus_seconds(86_400));
        self.clock(day, 0, "12:00:00").await;
        let notify_url = self.notify_url();
        for (number, fen) in PAID.into_iter().chain([("bill-4", 4)]) {
            let order = json!({ "out_trade_no": number, "total_fen": fen, "notify_url": notify_url,
                "description": "香蕉, 一斤\n`熟`", "attach": "a,`b" });
            self.control(Method::POST, "trades", order).await;
        }
        for (number, _) in PAID {
            self.control(Method::POST, &format!("pay/{number}"), json!({})).await;
        }
        let fact = self.client.query(&number("bill-2")).await.unwrap();
        let Trade::Success(receipt) = fact.trade() else { panic!("{fact:?}") };
        let refund = RefundRequest {
            out_refund_no: OutRefundNo::parse("bill-2-R").unwrap(),
            out_trade_no: number("bill-2"),
            transaction_id: receipt.transaction_id.clone(),
            amount: Fen::new(990),
            total: Fen::new(990),
            reason: "香蕉坏了".to_owned(),
        };
        self.client.refund(&refund).await.unwrap();
        let console =
            json!({ "out_trade_no": "bill-3", "out_refund_no": "bill-3-R", "refund_fen": 1 });
        self.control(Method::POST, "refunds", console).await;
        day
    }

    fn notify_url(&self) -> String {
        format!("{}/nobody/is/here", self.sandbox.base_url())
    }

    async fn trades(&self, day: BillDay, kind: TradeBillKind) -> TradeBill {
        match self.client.trade_bill(day, kind).await {
            Ok(BillAnswer::Published(bill)) => bill,
            other => panic!("{kind:?}: {other:?}"),
        }
    }

    async fn flows(&self, day: BillDay, account: FundAccount) -> FundFlowBill {
        match self.client.fund_flow_bill(day, account).await {
            Ok(BillAnswer::Published(bill)) => bill,
            other => panic!("{account:?}: {other:?}"),
        }
    }
}

fn number(text: &str) -> OutTradeNo {
    OutTradeNo::parse(text).unwrap()
}

/// Number, state and fen of each line.
fn told(bill: &TradeBill) -> Vec<(String, &'static str, i64)> {
    let line = |line: &domain::bill::TradeLine| match &line.entry {
        TradeEntry::Payment(paid) => (line.out_trade_no.to_string(), "paid", paid.total.get()),
        TradeEntry::Revoked(paid) => (line.out_trade_no.to_string(), "revoked", paid.total.get()),
        TradeEntry::Refund(back) => {
            (back.out_refund_no.as_ref().unwrap().to_string(), "back", back.amount.get())
        }
    };
    let mut told: Vec<_> = bill.lines.iter().map(line).collect();
    told.sort();
    told
}

fn lines(of: &[(&str, &'static str, i64)]) -> Vec<(String, &'static str, i64)> {
    of.iter().map(|(number, what, fen)| ((*number).to_owned(), *what, *fen)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bills_of_a_day_are_read_as_it_was() {
    let desk = Desk::new().await;
    let day = desk.day().await;
    desk.clock(day, 1, "18:00:00").await;

    let all = desk.trades(day, TradeBillKind::All).await;
    let payments = [("bill-1", "paid", 1), ("bill-2", "paid", 990), ("bill-3", "paid", 12_345_678)];
    let refunds = [("bill-2-R", "back", 990), ("bill-3-R", "back", 1)];
    let mut both = lines(&[payments.as_slice(), &refunds].concat());
    both.sort();
    assert_eq!(told(&all), both);
    assert_eq!(all.totals.paid, Fen::new(12_346_669));
    assert_eq!(all.totals.refunded, Fen::new(991));
    assert_eq!(told(&desk.trades(day, TradeBillKind::Success).await), lines(&payments));
    let back = desk.trades(day, TradeBillKind::Refund).await;
    assert_eq!(told(&back), lines(&refunds));

    // Each line is of that day, and is what a query by its number says.
    for line in &all.lines {
        assert_eq!(BillDay::of(line.at), day);
        let fact = desk.client.query_by_transaction_id(&line.transaction_id).await;
        let fact = fact.unwrap().unwrap();
        assert_eq!(*fact.out_trade_no(), line.out_trade_no);
        let (Trade::Success(receipt) | Trade::Refunded(receipt)) = fact.trade() else {
            panic!("{fact:?}")
        };
        if let TradeEntry::Payment(paid) = &line.entry {
            assert_eq!((receipt.amount, receipt.success_at), (paid.total, line.at));
        }
    }
    for line in &back.lines {
        let TradeEntry::Refund(refund) = &line.entry else { panic!("{line:?}") };
        let fact = desk.client.query_refund(refund.out_refund_no.as_ref().unwrap()).await.unwrap();
        let domain::fact::RefundAtWechat::Known(said) = fact.refund() else { panic!("{fact:?}") };
        assert_eq!((&said.refund_id, said.amount), (&refund.refund_id, refund.amount));
        assert_eq!(refund.status, BilledRefundStatus::Success);
        assert!(refund.requested_at == Some(line.at) && refund.succeeded_at >= Some(line.at));
    }

    // 0.6 % of 9.90, to five places, and the same given back.
    let fee = |number: &str, what| {
        let mut lines = all.lines.iter().filter(|l| l.out_trade_no.as_str() == number);
        lines.find(|l| matches!(l.entry, TradeEntry::Refund(_)) == what).unwrap().fee
    };
    assert_eq!((fee("bill-2", false), fee("bill-2", true)), (Fee::new(5_940), Fee::new(-5_940)));

    let flows = desk.flows(day, FundAccount::Basic).await;
    for (number, fen) in PAID.into_iter().chain([("bill-2-R", 990), ("bill-3-R", 1)]) {
        let found = |line: &domain::bill::FundFlowLine| {
            line.voucher.as_deref() == Some(number) && line.amount.get() == fen
        };
        assert!(flows.lines.iter().any(found), "{number}: {flows:?}");
    }
    let left = flows.totals.income.minus(flows.totals.expense);
    assert_eq!(flows.lines.last().map(|line| line.balance), left);
    desk.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_form_that_a_bill_is_known_to_take_says_the_same() {
    let desk = Desk::new().await;
    let day = desk.day().await;
    desk.clock(day, 1, "18:00:00").await;
    let kinds = [TradeBillKind::All, TradeBillKind::Success, TradeBillKind::Refund];
    let mut usual = Vec::new();
    for kind in kinds {
        usual.push(desk.trades(day, kind).await);
    }
    let flows = desk.flows(day, FundAccount::Basic).await;
    for change in [
        json!({ "bill_bom": "utf8" }),
        json!({ "bill_line_end": "lf" }),
        json!({ "bill_download_path": "downloadurl" }),
        json!({ "bill_refund_times": "last" }),
        json!({ "bill_layout": "older" }),
    ] {
        desk.control(Method::PUT, "settings", change.clone()).await;
        for (kind, usual) in kinds.into_iter().zip(&usual) {
            let mut bill = desk.trades(day, kind).await;
            if change["bill_layout"] == "older" {
                assert!(bill.lines.iter().all(|line| no_settlement(&line.entry)), "{bill:?}");
                for (line, whole) in bill.lines.iter_mut().zip(&usual.lines) {
                    line.entry = whole.entry.clone();
                }
            }
            assert_eq!(bill, *usual, "{change}, {kind:?}");
        }
        assert_eq!(desk.flows(day, FundAccount::Basic).await, flows, "{change}");
    }
    desk.control(Method::PUT, "settings", json!({ "bill_fees_from": "fees" })).await;
    let fees = desk.flows(day, FundAccount::Fees).await;
    assert!(!fees.lines.is_empty());
    assert!(desk.flows(day, FundAccount::Basic).await.lines.len() < flows.lines.len());
    desk.sandbox.stop().await;
}

/// An old merchant's bill does not say what is settled of a payment.
fn no_settlement(entry: &TradeEntry) -> bool {
    match entry {
        TradeEntry::Payment(paid) | TradeEntry::Revoked(paid) => {
            paid.settled.is_none() && paid.coupon.is_none()
        }
        TradeEntry::Refund(_) => true,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_without_a_bill_says_why() {
    let desk = Desk::new().await;
    let day = desk.day().await;
    let all = TradeBillKind::All;
    let today = desk.client.trade_bill(day, all).await;
    let refused = |answer: &Result<_, _>| {
        matches!(answer, Err(BillError::Gateway(GatewayError::Misconfigured(_))))
    };
    assert!(refused(&today), "{today:?}");
    desk.clock(day, 1, "09:30:00").await;
    assert_eq!(desk.client.trade_bill(day, all).await, Ok(BillAnswer::NotYet));
    assert_eq!(desk.client.fund_flow_bill(day, FundAccount::Basic).await, Ok(BillAnswer::NotYet));
    desk.clock(day, 2, "10:00:00").await;
    let idle = BillDay::of(day.ends_at());
    for how in ["bad_request", "not_found"] {
        desk.control(Method::PUT, "settings", json!({ "bill_empty": how })).await;
        assert_eq!(desk.client.trade_bill(idle, all).await, Ok(BillAnswer::NoneThatDay));
        let operation = desk.client.fund_flow_bill(day, FundAccount::Operation).await;
        assert_eq!(operation, Ok(BillAnswer::NoneThatDay));
    }
    assert_eq!(told(&desk.trades(day, all).await).len(), 5);
    desk.sandbox.stop().await;
}
