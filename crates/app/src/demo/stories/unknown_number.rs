//! Story 7: a success for a number that we do not know: another system of the same merchant named our
//! notify URL. It is not acknowledged, stored, and shown to a person; and never refunded by us.

use crate::demo::signer::Signer;
use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::until_answered;
use crate::playground::api::local_client;
use crate::playground::json::text;
use crate::playground::stopwatch::unix_seconds;
use anyhow::{Result, bail, ensure};
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
    let case = the_case(&cases, &number)?;
    telling.step(format!("one case is open: {}", text(case, "/detail")?));
    Ok(Seen {
        by_wechat_pay: "1 payment of another system, its notifications answered 503 FAIL"
            .to_owned(),
        by_paydesk: format!("{alarms} ERROR lines notify.orphan, 1 open case unknown_order"),
        outcome: "not acknowledged, one open case".to_owned(),
    })
}

/// However often the notification came, one open case is about it.
fn the_case<'a>(cases: &'a [Value], number: &str) -> Result<&'a Value> {
    let about: Vec<&Value> = cases.iter().filter(|case| case["subject"] == number).collect();
    let [case] = about[..] else { bail!("{} open cases are about {number}, not 1", about.len()) };
    ensure!(case["kind"] == "unknown_order", "the case is {case}");
    Ok(case)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn case(kind: &str, subject: &str) -> Value {
        json!({"id": "1", "kind": kind, "subject": subject, "status": "open", "detail": "a payment",
            "order_number": null, "opened_at": "2026-11-21T10:00:00Z"})
    }

    #[test]
    fn exactly_one_case_of_the_right_kind_is_expected() {
        let other = case("surplus", "P1");
        let right = case("unknown_order", "ERP1");
        assert!(the_case(&[other.clone(), right.clone()], "ERP1").is_ok());
        assert!(the_case(&[other], "ERP1").is_err(), "none");
        assert!(the_case(&[right.clone(), right], "ERP1").is_err(), "two");
        assert!(the_case(&[case("surplus", "ERP1")], "ERP1").is_err(), "another kind");
    }

    #[test]
    fn only_503_fail_is_a_refusal_that_makes_wechat_pay_send_it_again() {
        let fail = r#"{"code":"FAIL","message":"try again"}"#;
        assert!(refused(&json!({"status": 503, "answer": fail})).is_ok());
        assert!(refused(&json!({"status": 204, "answer": ""})).is_err());
        assert!(refused(&json!({"status": 503, "answer": "busy"})).is_err());
        assert!(refused(&json!({"status": null, "answer": "could not connect"})).is_err());
    }
}
