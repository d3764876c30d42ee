//! Story 7: a success for a number that we do not know: another system of the same merchant named our
//! notify URL. It is not acknowledged, stored, and shown to a person; and never refunded by us.

use crate::demo::signer::Signer;
use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::until_answered;
use crate::playground::api::local_client;
use crate::playground::stopwatch::unix_seconds;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

pub(super) const STORY: Story = Story {
    number: 7,
    title: "a success for an unknown number",
    title_zh: "收到未知单号的付款成功通知",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

const PREPAY: &str = "/v3/pay/transactions/native";

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    let number = format!("ERP{}", unix_seconds());
    prepay_elsewhere(stage, &number).await?;
    telling.step(format!("another system of this merchant orders {number}, with our notify URL"));
    stage.sandbox.pay(&number).await?;
    let ledger = until_answered(stage, &number, 1).await?;
    let attempt = &ledger.attempts(&number)[0];
    refused(attempt)?;
    telling.step(r#"its buyer pays; our answer: 503 {"code":"FAIL"}"#);
    refused(&stage.sandbox.notify(&number, None).await?)?;
    telling.step("WeChat Pay sends it again: the same answer");

    let lines = stage.service_log()?;
    let is_alarm = |line: &&Value| {
        line["level"] == "ERROR"
            && line["payment.out_trade_no"] == number.as_str()
            && line["message"].as_str().is_some_and(|text| text.starts_with("notify.orphan"))
    };
    let alarms = lines.iter().filter(is_alarm).count();
    ensure!(alarms > 0, "no ERROR notify.orphan for {number} in the service's log");
    let cases = stage.open_cases().await?;
    let ours: Vec<&Value> = cases.iter().filter(|case| case["subject"] == *number).collect();
    ensure!(ours.len() == 1, "{} open cases about {number}", ours.len());
    ensure!(ours[0]["kind"] == "unknown_order", "the case is {}", ours[0]);
    telling.step(format!("one case is open: {}", ours[0]["detail"]));
    Ok(Seen {
        by_wechat_pay: "1 payment of another system, its notifications answered 503 FAIL"
            .to_owned(),
        by_paydesk: format!("{alarms} ERROR lines notify.orphan, 1 open case unknown_order"),
        outcome: "not acknowledged, one open case".to_owned(),
    })
}

fn refused(attempt: &Value) -> Result<()> {
    let (status, answer) = (&attempt["status"], attempt["answer"].as_str().unwrap_or_default());
    let said: Value = serde_json::from_str(answer).unwrap_or(Value::Null);
    ensure!(*status == 503 && said["code"] == "FAIL", "it was answered {status} {answer}");
    Ok(())
}

/// What another system does: a prepay signed with the merchant's key, straight at WeChat Pay.
async fn prepay_elsewhere(stage: &Stage, number: &str) -> Result<()> {
    let merchant = stage.sandbox.credentials().await?;
    let body = json!({
        "appid": merchant.appid,
        "mchid": merchant.mchid,
        "description": "an order of another system",
        "out_trade_no": number,
        "attach": "erp",
        "notify_url": stage.notify_url(),
        "amount": {"total": 100, "currency": "CNY"},
    });
    let body = body.to_string();
    let authorization = Signer::of(&merchant)?.authorization("POST", PREPAY, &body)?;
    let request = local_client()?
        .post(format!("{}{PREPAY}", stage.sandbox.base()))
        .header("Authorization", authorization)
        .header("Accept", "application/json")
        .header("Content-Type", "application/json")
        .header("User-Agent", "erp")
        .body(body);
    let answer = request.send().await?;
    let (status, said) = (answer.status(), answer.text().await?);
    ensure!(status.is_success(), "the prepay of the other system was answered {status}: {said}");
    Ok(())
}
