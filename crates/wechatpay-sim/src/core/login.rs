//! `GET /sns/jscode2session`: a code becomes an openid (`mini-program.md` §1).
//!
//! Any code is accepted, any number of times; the openid is derived from appid and code, so `alice` is always the same
//! buyer and has another openid under another appid. MAY NOT sign: this is not WeChat Pay but the WeChat platform, and
//! its errors are HTTP 200 with an `errcode`.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::core::WeChatPay;
use crate::core::ports::Ports;
use crate::core::urls::query_value;

impl WeChatPay {
    pub(crate) fn login(&self, query: &str, ports: &mut Ports<'_>) -> Value {
        let value = |name: &str| query_value(query, name).unwrap_or_default();
        let (appid, code) = (value("appid"), value("js_code"));
        let Some(secret) = self.account.app_secrets.get(&appid) else {
            return error(40_013, "invalid appid");
        };
        if *secret != value("secret") {
            return error(40_125, "invalid appsecret");
        }
        if value("grant_type") != "authorization_code" {
            return error(40_002, "invalid grant_type");
        }
        if code.is_empty() {
            return error(40_029, "invalid code");
        }
        let mut key = [0_u8; 16];
        ports.entropy.fill(&mut key);
        json!({"openid": openid(&appid, &code), "session_key": STANDARD.encode(key)})
    }
}

/// The openid of whoever logs in with `code`: 28 characters, as real ones are.
pub fn openid(appid: &str, code: &str) -> String {
    let hash = digest(&SHA256, format!("{appid}\n{code}").as_bytes());
    let text = URL_SAFE_NO_PAD.encode(hash.as_ref());
    format!("o{}", text.get(..27).unwrap_or(&text))
}

fn error(errcode: i32, errmsg: &str) -> Value {
    json!({"errcode": errcode, "errmsg": errmsg})
}

#[cfg(test)]
mod tests {
    use super::openid;

    #[test]
    fn a_code_is_one_buyer_per_appid() {
        assert_eq!(openid("wx1", "alice"), openid("wx1", "alice"));
        assert_ne!(openid("wx1", "alice"), openid("wx1", "bob"));
        assert_ne!(openid("wx1", "alice"), openid("wx2", "alice"));
        assert_eq!(openid("wx1", &"x".repeat(5_000)).len(), 28);
    }
}
