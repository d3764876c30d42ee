//! Login codes.

use std::sync::Arc;

use domain::names::Appid;
use domain::ports::{LoginError, LoginGateway as _};
use secrecy::SecretString;
use wechatpay::{DEFAULT_PLATFORM_BASE_URL, MiniProgramLogin, MiniProgramSettings, WireResponse};

use crate::support::*;

async fn login(
    code: &str,
    answer: Option<(u16, &str)>,
) -> (Result<String, LoginError>, Arc<Script>) {
    let wechat = Arc::new(Script::default());
    if let Some((status, body)) = answer {
        let body = body.as_bytes().to_vec();
        wechat.answer(WireResponse { status, body, ..Default::default() });
    } else {
        wechat.lose();
    }
    let secret = SecretString::from("s&cret");
    let login = MiniProgramLogin::over(Appid::new("wx1"), secret, wechat.clone());
    let openid =
        login.openid(code).await.map(|(appid, openid)| format!("{appid} {}", openid.as_str()));
    (openid, wechat)
}

#[tokio::test]
async fn a_code_gives_an_openid() {
    let body = r#"{"openid":"oUpF8","session_key":"never read","unionid":"u"}"#;
    let (openid, wechat) = login("a&b", Some((200, body))).await;
    assert_eq!(openid, Ok("wx1 oUpF8".to_owned()));
    let target =
        "/sns/jscode2session?appid=wx1&secret=s%26cret&js_code=a%26b&grant_type=authorization_code";
    assert_eq!(wechat.targets(), [target]);
    assert_eq!(format!("{:?}", wechat.seen()), "[WireRequest(GET /sns/jscode2session)]");
}

#[tokio::test]
async fn codes_are_blamed_only_for_their_own_faults() {
    for errcode in [40029, 41008, 40163, 40226] {
        let body = format!(r#"{{"errcode":{errcode},"errmsg":"x"}}"#);
        assert_eq!(login("c", Some((200, &body))).await.0, Err(LoginError::Refused(errcode)));
    }
    for errcode in [-1, 45011, 40013, 40125, 7] {
        let body = format!(r#"{{"errcode":{errcode},"openid":"o"}}"#);
        let (refused, _) = login("c", Some((200, &body))).await;
        assert!(matches!(refused, Err(LoginError::Unavailable(_))), "{errcode}: {refused:?}");
    }
}

#[tokio::test]
async fn an_answer_without_an_openid_is_no_login() {
    for (status, body) in
        [(200, "{}"), (200, ""), (200, r#"{"openid":""}"#), (500, r#"{"openid":"o"}"#), (302, "")]
    {
        let (refused, _) = login("c", Some((status, body))).await;
        assert!(matches!(refused, Err(LoginError::Unavailable(_))), "{body}: {refused:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_not_asked_for_again() {
    let (refused, wechat) = login("c", None).await;
    assert!(matches!(refused, Err(LoginError::Unavailable(_))));
    assert_eq!(wechat.seen().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_a_code_is_not_sent() {
    for code in ["", "a b", "店", &"a".repeat(257)] {
        let (refused, wechat) = login(code, Some((200, r#"{"openid":"o"}"#))).await;
        assert_eq!(refused, Err(LoginError::Refused(40029)));
        assert!(wechat.seen().is_empty());
    }
}

#[tokio::test]
async fn another_secret_is_used_from_the_next_call_on() {
    let wechat = Arc::new(Script::default());
    let secret = SecretString::from("s&cret");
    let login = MiniProgramLogin::over(Appid::new("wx1"), secret, wechat.clone());
    let [same, other] = ["s&cret", "an&other"].map(|it| login.renew(SecretString::from(it)));
    assert!(!same && other);
    wechat.lose();
    drop(login.openid("071").await);
    assert!(wechat.targets()[0].contains("&secret=an%26other&"), "{:?}", wechat.targets());
}

#[test]
fn settings_name_their_mistakes_without_the_secret() {
    let good = MiniProgramSettings {
        appid: Appid::new("wx1"),
        app_secret: SecretString::from("canary"),
        platform_base_url: DEFAULT_PLATFORM_BASE_URL.to_owned(),
        timeout_ms: 5_000,
        connect_timeout_ms: 3_000,
    };
    assert_eq!(good.check(), Ok(()));
    assert!(!format!("{good:?}").contains("canary"));
    assert!(MiniProgramLogin::new(good.clone()).is_ok());
    let bad = MiniProgramSettings {
        appid: Appid::new(""),
        platform_base_url: "http://api.weixin.qq.com".to_owned(),
        timeout_ms: 0,
        ..good
    };
    assert_eq!(bad.check().unwrap_err().len(), 3);
}
