//! Every refusal, word for word (`bodies.txt`), and what none of them may say.

use super::*;
use domain::case::CaseRefusal;
use domain::changeset::Refusal;
use domain::order::Rejection;
use domain::ports::{LoginError, NoticeError, StoreError};
use domain::{Fen, OutRefundNo};
use expect_test::expect_file;
use std::collections::BTreeSet;
use usecases::{
    ActError, CaseError, CheckoutError, LoginRefused, NoticeAnswer, OfferError, PutError,
    QuoteError, SyncError, TransactError,
};

/// What must never be shown.
const SECRET: &str = "SELECT openid FROM /srv/paydesk.rs:12";

fn tea() -> SkuId {
    SkuId::parse("tea").unwrap()
}

fn number() -> OrderNumber {
    OrderNumber::parse("P2026112110000000000000000000").unwrap()
}

fn refund() -> OutRefundNo {
    OutRefundNo::parse("R-1").unwrap()
}

fn secret() -> String {
    SECRET.to_owned()
}

fn refusal() -> WechatRefusal {
    WechatRefusal {
        http_status: 403,
        code: "NO_AUTH".to_owned(),
        message: "商户号该产品权限未开通".to_owned(),
        request_id: Some("08F7".to_owned()),
    }
}

fn amounts() -> Amounts {
    Amounts { items: Fen::new(200), total: Fen::new(200), ..Amounts::default() }
}

fn of_use_cases() -> Vec<Problem> {
    let transact = |error: TransactError| Problem::from(error);
    vec![
        QuoteError::AddressInvalid.into(),
        QuoteError::ListEmpty.into(),
        QuoteError::ItemsNotFound(vec![3, 5]).into(),
        QuoteError::NotOnSale(tea()).into(),
        QuoteError::BelowCost(tea()).into(),
        QuoteError::TooLarge.into(),
        QuoteError::CouponNotUsable.into(),
        QuoteError::Store(StoreError::Unavailable(secret())).into(),
        QuoteError::Store(StoreError::Corrupt(secret())).into(),
        CheckoutError::KeyReused.into(),
        CheckoutError::InProgress.into(),
        CheckoutError::PriceChanged(amounts()).into(),
        CheckoutError::PackageChanged(amounts()).into(),
        CheckoutError::OutOfStock(tea()).into(),
        CheckoutError::CheckoutOpen(number()).into(),
        CheckoutError::StillOpen(number()).into(),
        CheckoutError::TooManyOpenOrders.into(),
        CheckoutError::InsufficientBalance.into(),
        CheckoutError::OpenidRequired.into(),
        CheckoutError::TooManyLines.into(),
        OfferError::NotPayable.into(),
        OfferError::WechatRefused(refusal()).into(),
        transact(TransactError::NotFound),
        transact(TransactError::VersionMoved),
        transact(TransactError::Rejected(Rejection::NotCancellable)),
        transact(TransactError::Rejected(Rejection::WrongState)),
        transact(TransactError::Rejected(Rejection::NotDue)),
        transact(TransactError::Rejected(Rejection::TooManyPackages)),
        transact(TransactError::Rejected(Rejection::NotPayable)),
        transact(TransactError::Rejected(Rejection::TooManyPayments)),
        transact(TransactError::Rejected(Rejection::PayerUnknown)),
        transact(TransactError::Rejected(Rejection::CashDiffers)),
        transact(TransactError::Rejected(Rejection::PaymentInProgress)),
        ActError::KeyReused.into(),
        ActError::InProgress.into(),
        ActError::Transact(TransactError::NotFound).into(),
        transact(TransactError::Busy(secret())),
        transact(TransactError::Refused(Refusal::Stock(tea()))),
        transact(TransactError::Refused(Refusal::TransactionTaken)),
        transact(TransactError::Refused(Refusal::Balance(domain::ledger::BuyerAccount::Wallet))),
        transact(TransactError::Refused(Refusal::TransferTaken(secret()))),
        usecases::SpendError::NotFound.into(),
        usecases::SpendError::TooFew.into(),
        usecases::SpendError::KeyReused.into(),
        transact(TransactError::Refused(Refusal::Fenced)),
        transact(TransactError::Refused(Refusal::RefundNumberTaken)),
        transact(TransactError::Refused(Refusal::EffectTaken(secret()))),
        transact(TransactError::Rejected(Rejection::NotRefundable)),
        transact(TransactError::Rejected(Rejection::RefundExceedsPaid)),
        transact(TransactError::Rejected(Rejection::LineUnknown(7))),
        transact(TransactError::Rejected(Rejection::TooManyRefunds)),
        transact(TransactError::Rejected(Rejection::NeedsAnother)),
        transact(TransactError::Rejected(Rejection::RefundNumberTaken(refund()))),
        transact(TransactError::Rejected(Rejection::RefundUnknown(refund()))),
        CaseError::NotFound.into(),
        CaseError::Refused(CaseRefusal::Over).into(),
        CaseError::Refused(CaseRefusal::NothingToRetry).into(),
        CaseError::KeyReused.into(),
        SyncError::NotFound.into(),
        SyncError::Unheard.into(),
        SyncError::Transact(TransactError::Rejected(Rejection::WrongState)).into(),
        LoginRefused::Login(LoginError::Refused(40029)).into(),
        LoginRefused::Login(LoginError::Unavailable(secret())).into(),
        PutError::VersionRequired.into(),
        PutError::VersionMoved.into(),
    ]
}

fn of_requests() -> Vec<Problem> {
    vec![
        Problem::invalid([FieldError::new("remark", "too_long", "at most 200 characters")]),
        Problem::new(Code::IdempotencyKeyMissing, "no key"),
        Problem::unauthenticated("no credential"),
        Problem::new(Code::Forbidden, "no role"),
        Problem::method_not_allowed("GET, PUT"),
        Problem::request_timeout(),
        Problem::body_too_large(7),
        Problem::new(Code::HeadersTooLarge, "at most 7 bytes"),
        Problem::unsupported_media_type("send application/json"),
        Problem::new(Code::TooManyAddresses, "at most 50 addresses"),
        Problem::new(Code::PurchaseListFull, "at most 200 lines"),
        Problem::new(Code::BuyerUnknown, "nobody who has logged in here"),
        Problem::new(Code::CouponLimitReached, "see per_user_limit: spent ones count"),
        Problem::not_ready(vec![crate::wire::health::Check { name: "database", ok: false }]),
    ]
}

fn pretty(problem: &Problem, audience: Audience) -> String {
    let body: serde_json::Value = serde_json::from_str(&problem.body("r-1", audience)).unwrap();
    let mut text = serde_json::to_string_pretty(&body).unwrap();
    for (name, value) in &problem.more.headers {
        text.push_str(&format!("\n{name}: {}", value.to_str().unwrap()));
    }
    text.push('\n');
    text
}

#[test]
fn every_body_is_as_written_down_and_every_code_has_one() {
    let problems = [of_use_cases(), of_requests()].concat();
    let seen: BTreeSet<Code> = problems.iter().map(|problem| problem.code).collect();
    let all: BTreeSet<Code> = Code::ALL.iter().copied().collect();
    assert_eq!(all.difference(&seen).collect::<Vec<_>>(), Vec::<&Code>::new());
    let bodies: Vec<String> =
        problems.iter().map(|problem| pretty(problem, Audience::Public)).collect();
    expect_file!["./bodies.txt"].assert_eq(&bodies.join("\n"));
}

#[test]
fn nothing_of_another_layer_is_shown() {
    for problem in of_use_cases() {
        for audience in [Audience::Public, Audience::Merchant] {
            let text = pretty(&problem, audience);
            for secret in ["SELECT", "openid FROM", "/srv", ".rs:"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }
}

#[test]
fn only_merchants_read_what_wechat_pay_said() {
    let problem = Problem::from(OfferError::WechatRefused(refusal()));
    assert!(!pretty(&problem, Audience::Public).contains("NO_AUTH"));
    let body: serde_json::Value =
        serde_json::from_str(&problem.body("r-1", Audience::Merchant)).unwrap();
    assert_eq!(
        body["wechat"],
        serde_json::json!({"code": "NO_AUTH", "message": "商户号该产品权限未开通",
            "request_id": "08F7"})
    );
}

#[test]
fn a_code_has_the_status_of_the_contract() {
    let status = |code: Code| code.status().as_u16();
    for code in Code::ALL {
        let expected = match code.name() {
            "validation_failed" | "idempotency_key_missing" => 400,
            "unauthenticated" | "login_refused" => 401,
            "forbidden" => 403,
            "not_found" => 404,
            "method_not_allowed" => 405,
            "request_timeout" => 408,
            "version_conflict" => 412,
            "body_too_large" => 413,
            "unsupported_media_type" => 415,
            "precondition_required" => 428,
            "headers_too_large" => 431,
            "address_invalid"
            | "purchase_list_empty"
            | "item_not_found"
            | "price_below_cost"
            | "amount_too_large"
            | "too_many_lines"
            | "cod_amount_differs"
            | "buyer_unknown"
            | "idempotency_key_reused" => 422,
            "internal_error" => 500,
            "wechat_refused" => 502,
            "wechat_unavailable" | "try_again" | "not_ready" => 503,
            _all_others => 409,
        };
        assert_eq!(status(*code), expected, "{code:?}");
    }
}

#[test]
fn wechat_pay_is_answered_by_the_table() {
    let untrusted = NoticeError::Untrusted("signature");
    let table = [
        (NoticeAnswer::Acknowledged, 204),
        (NoticeAnswer::Refused(untrusted), 401),
        (NoticeAnswer::Refused(NoticeError::Probe), 401),
        (NoticeAnswer::Refused(NoticeError::Malformed("json")), 400),
        (NoticeAnswer::Refused(NoticeError::KeysUnavailable), 503),
        (NoticeAnswer::Orphan, 503),
        (NoticeAnswer::TryAgain, 503),
    ];
    for (answer, status) in table {
        let (got, message) = notice_status(&answer);
        assert_eq!(got.as_u16(), status, "{answer:?}");
        assert_eq!(message.is_none(), status == 204, "{answer:?}");
    }
}
