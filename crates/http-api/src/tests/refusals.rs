//! Every code, as a client meets it: real requests, whole answers, written down in
//! `refusals/answers.txt`.

mod of_orders;
mod of_requests;
mod of_shopping;

use super::front::Said;
use crate::problem::Code;
use expect_test::expect_file;
use std::collections::BTreeSet;

/// What was tried, and the answer.
type Refused = (&'static str, Said);

#[actix_web::test]
async fn every_refusal_is_as_written_down_and_every_code_is_met() {
    let mut met = of_requests::all().await;
    met.extend(of_shopping::all().await);
    met.extend(of_orders::all().await);
    let codes: BTreeSet<String> = met.iter().map(|(_, said)| said.code().1.to_owned()).collect();
    let every: BTreeSet<String> = Code::ALL.iter().map(|code| code.name().to_owned()).collect();
    assert_eq!(codes, every);
    let text: Vec<String> = met.iter().map(|(what, said)| written(what, said)).collect();
    expect_file!["refusals/answers.txt"].assert_eq(&text.join("\n"));
}

/// One answer as it is written down: what was tried, the status, the headers that a client acts
/// on, the body.
fn written(what: &str, said: &Said) -> String {
    assert_eq!(said.header("content-type"), Some("application/problem+json"), "{what}");
    assert_eq!(said.body["request_id"].as_str(), said.header("x-request-id"), "{what}");
    assert_eq!(said.body["status"], said.status, "{what}");
    let mut body = said.body.clone();
    body["request_id"] = serde_json::json!("…");
    let mut text = format!("# {what}\n{}\n", said.status);
    for name in ["allow", "retry-after", "www-authenticate"] {
        if let Some(value) = said.header(name) {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    text.push_str(&serde_json::to_string_pretty(&body).unwrap());
    text.push('\n');
    text
}
