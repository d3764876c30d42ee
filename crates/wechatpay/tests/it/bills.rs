//! Bills as the application gets them: the question, the link, the hash, and every way in which
//! there is none.

use std::io::Write as _;

use domain::Fen;
use domain::bill::{BillDay, FundAccount, FundFlowBill, TradeBill, TradeBillKind};
use domain::ports::{BillAnswer, BillError, BillSource as _, GatewayError};
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::json;
use wechatpay::{DOWNLOAD_MAX, Host, Purpose, Settings, TransportError, WireResponse};

use crate::support::*;

const TRADES: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,\
交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,\
商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n\
`2026-11-21 10:00:04,`wxd678efh567hg6787,`1900000109,`0,`,`4200002026112100000000000001,`T20261121000001,\
`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`JSAPI,`SUCCESS,`OTHERS,`CNY,`1.00,`0.00,`0,`0,`0.00,`0.00,`,`,`香蕉,`,`0.00600,\
`0.60%,`1.00,`0.00,`\r\n\
总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n\
`1,`1.00,`0.00,`0.00,`0.00600,`1.00,`0.00\r\n";
const FLOWS: &str = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,\
资金变更提交申请人,备注,业务凭证号\n\
`2026-11-21 10:00:05,`4200002026112100000000000001,`1,`交易,`交易,`收入,`1.00,`1.00,`system,`,`T20261121000001\n\
资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\n`1,`1,`1.00,`0,`0.00\n";
const LINK: &str =
    "https://api.mch.weixin.qq.com/v3/billdownload/file?token=6XIv5TUPto%2B7&tartype=gzip";
const TARGET: &str = "/v3/billdownload/file?token=6XIv5TUPto%2B7&tartype=gzip";

fn day() -> BillDay {
    BillDay::parse("2026-11-21").unwrap()
}

fn packed(bill: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bill).unwrap();
    encoder.finish().unwrap()
}

/// The signed answer that announces this bill.
fn announced(bill: &[u8], link: &str) -> WireResponse {
    let hash = hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, bill));
    let body = json!({ "hash_type": "SHA1", "hash_value": hash, "download_url": link });
    signed(PUBLIC_KEY, 200, &body.to_string())
}

/// A file, which nobody signed.
fn file(body: Vec<u8>) -> WireResponse {
    WireResponse { status: 200, body, ..WireResponse::default() }
}

type Trades = Result<BillAnswer<TradeBill>, BillError>;

async fn trades(world: &World) -> Trades {
    world.client.trade_bill(day(), TradeBillKind::All).await
}

/// What becomes of a bill that is announced and comes as this file.
async fn fetched(bill: &str, link: &str, file: WireResponse) -> (Trades, World) {
    let world = world(&settings());
    world.wechat.answer(announced(bill.as_bytes(), link));
    world.wechat.answer(file);
    (trades(&world).await, world)
}

#[tokio::test]
async fn a_bill_is_asked_for_followed_and_read() {
    let (bill, world) = fetched(TRADES, LINK, file(packed(TRADES.as_bytes()))).await;
    let Ok(BillAnswer::Published(bill)) = bill else { panic!("{bill:?}") };
    assert_eq!((bill.lines.len(), bill.totals.paid), (1, Fen::new(100)));
    assert_eq!(bill.lines[0].out_trade_no.as_str(), NUMBER);
    let question = "/v3/bill/tradebill?bill_date=2026-11-21&bill_type=ALL&tar_type=GZIP";
    assert_eq!(world.wechat.targets(), [question, TARGET]);
    let [question, download] = &world.wechat.seen()[..] else { panic!() };
    assert_eq!(question.purpose, Purpose::Call);
    assert_eq!(download.purpose, Purpose::Download(Host::First));
    assert_eq!(download.body, "");
    // The download is signed too, over its own path and query.
    let authorization = &download.headers["Authorization"];
    assert!(authorization.starts_with("WECHATPAY2-SHA256-RSA2048 mchid=\"1900000109\""));
    let message = format!("GET\n{TARGET}\n{NOW}\n{:032X}\n\n", 2);
    let expected = format!("signature=\"{}\"", signature("merchant", message.as_bytes()));
    assert!(authorization.contains(&expected), "{authorization}");
    assert!(!download.headers["User-Agent"].is_empty());
}

#[tokio::test]
async fn each_kind_of_bill_has_its_question() {
    for (kind, name) in [
        (TradeBillKind::All, "ALL"),
        (TradeBillKind::Success, "SUCCESS"),
        (TradeBillKind::Refund, "REFUND"),
    ] {
        let world = world(&settings());
        assert!(world.client.trade_bill(day(), kind).await.is_err());
        let question =
            format!("/v3/bill/tradebill?bill_date=2026-11-21&bill_type={name}&tar_type=GZIP");
        assert_eq!(world.wechat.targets(), [question]);
    }
    for (account, name) in [
        (FundAccount::Basic, "BASIC"),
        (FundAccount::Operation, "OPERATION"),
        (FundAccount::Fees, "FEES"),
    ] {
        let world = world(&settings());
        world.wechat.answer(announced(FLOWS.as_bytes(), LINK));
        world.wechat.answer(file(packed(FLOWS.as_bytes())));
        let bill = world.client.fund_flow_bill(day(), account).await;
        let Ok(BillAnswer::Published(FundFlowBill { lines, totals })) = bill else {
            panic!("{bill:?}")
        };
        assert_eq!((lines.len(), totals.income), (1, Fen::new(100)));
        let question =
            format!("/v3/bill/fundflowbill?bill_date=2026-11-21&account_type={name}&tar_type=GZIP");
        assert_eq!(world.wechat.targets()[0], question);
    }
}

#[tokio::test]
async fn a_file_that_was_unpacked_on_the_way_is_the_same_bill() {
    let (packed, _) = fetched(TRADES, LINK, file(packed(TRADES.as_bytes()))).await;
    let (plain, _) = fetched(TRADES, LINK, file(TRADES.as_bytes().to_vec())).await;
    assert!(plain.is_ok(), "{plain:?}");
    assert_eq!(plain, packed);
}

#[tokio::test]
async fn a_link_leads_to_the_host_that_it_names_and_to_none_but_ours() {
    let with_backup =
        Settings { backup_base_url: Some("https://api2.wechatpay.cn".to_owned()), ..settings() };
    let world_of = world(&with_backup);
    world_of.wechat.answer(announced(TRADES.as_bytes(), "https://api2.wechatpay.cn/v3/b?token=1"));
    world_of.wechat.answer(file(TRADES.as_bytes().to_vec()));
    assert!(trades(&world_of).await.is_ok());
    let download = &world_of.wechat.seen()[1];
    assert_eq!(
        (download.purpose, &*download.target),
        (Purpose::Download(Host::Backup), "/v3/b?token=1")
    );

    for link in [
        "https://api2.wechatpay.cn/v3/b?token=1",
        "http://api.mch.weixin.qq.com/v3/b?token=1",
        "https://api.mch.weixin.qq.com:444/v3/b?token=1",
        "https://api.mch.weixin.qq.com.evil.example/v3/b?token=1",
        "https://api.mch.weixin.qq.com@evil.example/v3/b?token=1",
        "/v3/b?token=1",
        "",
    ] {
        let (bill, world) = fetched(TRADES, link, file(TRADES.as_bytes().to_vec())).await;
        assert_eq!(bill, Err(BillError::ForeignLink), "{link}");
        assert_eq!(world.wechat.seen().len(), 1, "nothing signed was sent to {link}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_the_one_announced_is_not_read() {
    let other = TRADES.replace("`1.00", "`2.00");
    let damaged = Err(BillError::Damaged("its SHA-1 is another one"));
    for body in [packed(other.as_bytes()), other.into_bytes(), Vec::new()] {
        assert_eq!(fetched(TRADES, LINK, file(body)).await.0, damaged);
    }
    let torn = packed(TRADES.as_bytes())[..200].to_vec();
    let damaged = Err(BillError::Damaged("it cannot be unpacked"));
    assert_eq!(fetched(TRADES, LINK, file(torn)).await.0, damaged);
}

#[tokio::test]
async fn a_bill_that_cannot_be_read_says_where_and_names_nobody() {
    let bill = TRADES.replace("`JSAPI,`SUCCESS", "`JSAPI,`PAID");
    let (answer, _) = fetched(&bill, LINK, file(packed(bill.as_bytes()))).await;
    let error = answer.unwrap_err();
    let said = "the bill cannot be read: line 2, 交易状态: is no state that we know";
    assert_eq!(error.to_string(), said);
    assert!(!format!("{error:?}").contains("oUpF8"), "{error:?}");
    let bill = TRADES.replace("1900000109", "1900000110");
    let (answer, _) = fetched(&bill, LINK, file(packed(bill.as_bytes()))).await;
    assert!(matches!(answer, Err(BillError::Malformed(_))), "{answer:?}");
}

#[tokio::test]
async fn an_empty_day_and_a_bill_in_the_making_are_answers_by_their_code_alone() {
    for (status, code, answer) in [
        (400, "NO_STATEMENT_EXIST", BillAnswer::NoneThatDay),
        (404, "NO_STATEMENT_EXIST", BillAnswer::NoneThatDay),
        (400, "NOSTATEMENTEXIST", BillAnswer::NoneThatDay),
        (400, "STATEMENT_CREATING", BillAnswer::NotYet),
        (404, "STATEMENT_CREATING", BillAnswer::NotYet),
    ] {
        let world = world(&settings());
        world.wechat.answer(error(status, code, "账单文件不存在"));
        assert_eq!(trades(&world).await, Ok(answer), "{status} {code}");
    }
}

#[tokio::test]
async fn every_other_refusal_is_what_it_is_to_a_query() {
    for (status, code, name) in [
        (400, "PARAM_ERROR", "Misconfigured"),
        (400, "INVALID_REQUEST", "OutcomeUnknown"),
        (401, "SIGN_ERROR", "Misconfigured"),
        (403, "NO_AUTH", "Misconfigured"),
        (404, "", "OutcomeUnknown"),
        (404, "RESOURCE_NOT_EXISTS", "OutcomeUnknown"),
        (429, "FREQUENCY_LIMITED", "Retryable"),
        (500, "SYSTEM_ERROR", "OutcomeUnknown"),
        (500, "NO_STATEMENT_EXIST", "OutcomeUnknown"),
        (302, "STATEMENT_CREATING", "OutcomeUnknown"),
    ] {
        // Of the question, and of the file.
        let asked = world(&settings());
        asked.wechat.answer(error(status, code, "…"));
        let (fetched, _) = fetched(TRADES, LINK, error(status, code, "…")).await;
        for answer in [trades(&asked).await, fetched] {
            let Err(BillError::Gateway(error)) = answer else {
                panic!("{status} {code}: {answer:?}")
            };
            assert!(format!("{error:?}").starts_with(name), "{status} {code}: {error:?}");
        }
    }
    let (answer, _) = fetched(TRADES, LINK, WireResponse { status: 206, ..file(Vec::new()) }).await;
    assert!(
        matches!(answer, Err(BillError::Gateway(GatewayError::OutcomeUnknown(_)))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn an_announcement_that_is_not_signed_or_cannot_be_read_leads_nowhere() {
    let hash = "a9993e364706816aba3e25717850c26c9cd0d89d";
    for body in [
        json!({ "hash_type": "SHA1", "hash_value": hash }),
        json!({ "hash_type": "SHA256", "hash_value": hash, "download_url": LINK }),
        json!({ "hash_type": "SHA1", "hash_value": &hash[1..], "download_url": LINK }),
        json!({ "hash_type": "SHA1", "hash_value": format!("{hash}00"), "download_url": LINK }),
        json!({ "hash_type": "SHA1", "hash_value": "", "download_url": LINK }),
        json!([]),
    ] {
        let world = world(&settings());
        world.wechat.answer(signed(PUBLIC_KEY, 200, &body.to_string()));
        let answer = trades(&world).await;
        let Err(BillError::Gateway(GatewayError::OutcomeUnknown(why))) = answer else {
            panic!("{body}: {answer:?}")
        };
        assert!(why.contains("REQ-1-0"), "{why}");
        assert_eq!(world.wechat.seen().len(), 1);
    }
    let world = world(&settings());
    let mut unsigned = announced(TRADES.as_bytes(), LINK);
    unsigned.headers.clear();
    world.wechat.answer(unsigned);
    let answer = trades(&world).await;
    assert!(matches!(answer, Err(BillError::Gateway(GatewayError::Untrusted(_)))), "{answer:?}");
    assert_eq!(world.wechat.seen().len(), 1);
}

#[tokio::test]
async fn a_hash_in_either_case_is_the_same_hash() {
    let mut world = world(&settings());
    let hash = hex::encode_upper(digest(&SHA1_FOR_LEGACY_USE_ONLY, TRADES.as_bytes()));
    let body = json!({ "hash_type": "SHA1", "hash_value": hash, "download_url": LINK });
    world.wechat.answer(signed(PUBLIC_KEY, 200, &body.to_string()));
    world.wechat.answer(file(TRADES.as_bytes().to_vec()));
    assert!(trades(&world).await.is_ok());
    world = crate::support::world(&settings());
    world.wechat.answer(announced(TRADES.as_bytes(), LINK));
    world.wechat.lose();
    let answer = trades(&world).await;
    assert!(
        matches!(answer, Err(BillError::Gateway(GatewayError::OutcomeUnknown(_)))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_file_that_is_too_long_is_told_from_one_that_was_lost() {
    let world = world(&settings());
    world.wechat.answer(announced(TRADES.as_bytes(), LINK));
    world.wechat.fail(TransportError::too_long());
    assert_eq!(trades(&world).await, Err(BillError::TooLarge { bytes_max: DOWNLOAD_MAX }));
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_corrected_for_a_download_too() {
    let world = world(&settings());
    world.wechat.answer(announced(TRADES.as_bytes(), LINK));
    let mut blamed =
        error(401, "SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟");
    blamed.headers.insert("date".to_owned(), "Sat, 21 Nov 2026 03:00:07 GMT".to_owned());
    world.wechat.answer(blamed);
    world.wechat.answer(file(TRADES.as_bytes().to_vec()));
    assert!(trades(&world).await.is_ok());
    let [_, first, second] = &world.wechat.seen()[..] else { panic!() };
    assert_eq!((&first.target, first.purpose), (&second.target, second.purpose));
    assert!(second.headers["Authorization"].contains(&format!("timestamp=\"{}\"", NOW + 3_600)));
}
