//! The stable token: held, renewed, asked for by one at a time, and never seen.

use super::*;
use domain::ports::PortFuture;
use std::sync::Mutex;
use wechatpay::{Transport, WireRequest};

const OK: &str = r#"{"errcode":0,"errmsg":"ok"}"#;

fn ok() -> Value {
    serde_json::from_str(OK).unwrap()
}

#[tokio::test]
async fn a_token_is_asked_for_in_normal_mode() {
    let mini = mini();
    mini.gives_token("T1");
    mini.answers(&ok());
    mini.tell().await.unwrap();
    let asked = r#"{"grant_type":"client_credential","appid":"wx1","secret":"s&cret","force_refresh":false}"#;
    assert_eq!(mini.body(0), asked);
}

#[tokio::test]
async fn a_token_is_held_until_five_minutes_before_its_end() {
    let mini = mini();
    mini.gives_token("T1");
    for later in [0, 6_899] {
        mini.clock.set(NOW + later);
        mini.answers(&ok());
        mini.tell().await.unwrap();
    }
    mini.clock.set(NOW + 6_900);
    mini.gives_token("T2");
    mini.answers(&ok());
    mini.tell().await.unwrap();
    let asked: Vec<String> = mini.targets().iter().map(|target| last(target)).collect();
    assert_eq!(asked, ["stable_token", "T1", "T1", "stable_token", "T2"]);
}

/// The token of a call, or the name of the call that has none.
fn last(target: &str) -> String {
    target.rsplit(['=', '/']).next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_token_near_its_end_serves_the_call_that_it_was_asked_for() {
    let mini = mini();
    for _ in 0..2 {
        mini.answers(&json!({"access_token": "T1", "expires_in": 300}));
        mini.answers(&ok());
        mini.tell().await.unwrap();
    }
    assert_eq!(mini.targets().len(), 4, "and is not held");
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_call_repeated_once() {
    for errcode in [40_001, 40_014, 42_001, 41_001] {
        let mini = mini();
        mini.gives_token("T1");
        mini.refuses(errcode);
        mini.gives_token("T&2");
        mini.answers(&ok());
        assert_eq!(mini.tell().await, Ok(()), "{errcode}");
        let asked: Vec<String> = mini.targets().iter().map(|target| last(target)).collect();
        assert_eq!(asked, ["stable_token", "T1", "stable_token", "T%262"]);
        assert_eq!(mini.body(1), mini.body(3), "byte for byte");
        assert!(mini.body(2).contains(r#""force_refresh":false"#), "never by force");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_again_is_not_asked_for_again() {
    let mini = mini();
    mini.gives_token("T1");
    mini.refuses(40_001);
    mini.gives_token("T1");
    mini.refuses(40_001);
    assert_eq!(mini.tell().await, Err(ShippingError::Misconfigured { errcode: 40_001 }));
    assert_eq!(mini.targets().len(), 4);
}

#[tokio::test]
async fn without_a_token_nothing_is_told() {
    let later = [-1, 45_009, 45_011, 7, 10_060_023];
    let misconfigured =
        [40_001, 40_002, 40_013, 40_125, 40_164, 41_002, 41_004, 43_002, 89_503, 89_506, 89_507];
    for errcode in later.into_iter().chain(misconfigured) {
        let mini = mini();
        mini.refuses(errcode);
        let said = mini.tell().await;
        if later.contains(&errcode) {
            assert!(matches!(said, Err(ShippingError::Later(_))), "{errcode}: {said:?}");
        } else {
            assert_eq!(said, Err(ShippingError::Misconfigured { errcode }));
        }
        assert_eq!(mini.targets().len(), 1, "{errcode}");
    }
}

#[tokio::test]
async fn what_is_no_token_is_not_sent() {
    let long = "t".repeat(1_025);
    for body in [json!({}), json!({"access_token": ""}), json!({"access_token": "a b"})]
        .into_iter()
        .chain([json!({"access_token": long, "expires_in": 7200})])
    {
        let mini = mini();
        mini.answers(&body);
        assert!(matches!(mini.tell().await, Err(ShippingError::Later(_))), "{body}");
        assert_eq!(mini.targets().len(), 1);
    }
}

#[tokio::test]
async fn a_lost_token_is_asked_for_again_by_the_next_call_only() {
    let mini = mini();
    mini.loses();
    assert!(matches!(mini.tell().await, Err(ShippingError::Later(_))));
    assert_eq!(mini.targets().len(), 1);
    mini.gives_token("T1");
    mini.answers(&ok());
    assert_eq!(mini.tell().await, Ok(()));
}

#[tokio::test]
async fn another_secret_asks_for_the_next_token() {
    let mini = mini();
    mini.gives_token("T1");
    mini.answers(&ok());
    mini.tell().await.unwrap();
    let [same, other] = ["s&cret", "another"].map(|it| mini.shipping.renew(SecretString::from(it)));
    assert!(!same && other);
    // The platform ended the token of the one before.
    mini.refuses(40_001);
    mini.gives_token("T2");
    mini.answers(&ok());
    assert_eq!(mini.tell().await, Ok(()));
    assert!(mini.body(3).contains(r#""secret":"another""#), "{}", mini.body(3));
}

/// A platform that takes its time, so that calls overlap.
struct Slow(Mutex<Vec<String>>);

impl Transport for Slow {
    fn send(&self, request: WireRequest) -> PortFuture<'_, Result<WireResponse, TransportError>> {
        self.0.lock().unwrap().push(last(&request.target));
        Box::pin(async move {
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            let body = match request.target.as_str() {
                "/cgi-bin/stable_token" => r#"{"access_token":"T1","expires_in":7200}"#,
                _ => OK,
            };
            let body = body.as_bytes().to_vec();
            Ok(WireResponse { status: 200, body, ..WireResponse::default() })
        })
    }
}

#[tokio::test]
async fn one_asks_for_a_token_and_the_others_wait_for_it() {
    let platform = Arc::new(Slow(Mutex::new(Vec::new())));
    let identity = (Appid::new("wx1"), SecretString::from("secret"));
    let clock = Arc::new(TestClock::at(NOW));
    let shipping = MiniProgramShipping::over(identity, platform.clone(), clock);
    let told = info();
    let (a, b, c) = tokio::join!(shipping.tell(&told), shipping.tell(&told), shipping.tell(&told));
    assert_eq!((a, b, c), (Ok(()), Ok(()), Ok(())));
    assert_eq!(*platform.0.lock().unwrap(), ["stable_token", "T1", "T1", "T1"]);
}

#[tokio::test]
async fn no_secret_is_seen_in_what_is_shown() {
    let mini = mini();
    mini.gives_token("CANARY");
    mini.refuses(42_001);
    mini.gives_token("CANARY");
    mini.refuses(42_001);
    let said = mini.tell().await.unwrap_err();
    let shown = format!("{said:?} {said} {:?}", mini.platform.seen());
    for secret in ["CANARY", "canary", "s&cret", "oUpF8"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
