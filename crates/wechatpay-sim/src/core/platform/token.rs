//! `POST /cgi-bin/stable_token` (`mini-program.md` §2.1).
//!
//! Normal mode gives the token of now; in its last five minutes another one, and both are good until the older ends. By
//! force another one at once, and the older ends; within 30 s of the last time force does nothing. Time is the
//! sandbox clock's. MAY NOT say of a token of the past more than that it is not good.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{Asked, Errcode, text};
use crate::core::WeChatPay;
use crate::core::ports::Ports;

/// How long a token is good.
const LIFE: Duration = Duration::hours(2);
/// For so long before its end there is a newer one.
const OVERLAP: Duration = Duration::minutes(5);
/// Force is used at most so often.
const FORCE_SPACING: Duration = Duration::seconds(30);
/// Characters of a token.
const LENGTH: usize = 136;
/// So many tokens of an appid are remembered; what is older was never good.
const REMEMBERED: usize = 8;

/// All tokens, by appid.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens {
    of: BTreeMap<String, OfAppid>,
}

#[derive(Debug, Clone, Default)]
struct OfAppid {
    /// The newest last.
    issued: Vec<Issued>,
    forced_at: Option<OffsetDateTime>,
}

#[derive(Debug, Clone)]
struct Issued {
    token: String,
    expires_at: OffsetDateTime,
    /// Whether force ended it.
    is_ended: bool,
}

impl Tokens {
    /// Whose token it is, if it is good.
    pub(super) fn appid_of(&self, token: &str, now: OffsetDateTime) -> Result<&str, Errcode> {
        if token.is_empty() {
            return Err(Errcode::NO_TOKEN);
        }
        let of = |(appid, tokens)| find(tokens, token).map(|issued| (appid, issued));
        let found = self.of.iter().find_map(of);
        let (appid, issued): (&String, &Issued) = found.ok_or(Errcode::INVALID_TOKEN)?;
        if issued.is_ended {
            return Err(Errcode::WRONG_TOKEN);
        }
        if now >= issued.expires_at {
            return Err(Errcode::EXPIRED_TOKEN);
        }
        Ok(appid)
    }
}

fn find<'a>(tokens: &'a OfAppid, token: &str) -> Option<&'a Issued> {
    tokens.issued.iter().find(|issued| issued.token == token)
}

impl OfAppid {
    /// The token to give, if there is one that is good for more than the overlap.
    fn lasting(&self, now: OffsetDateTime) -> Option<&Issued> {
        let newest = self.issued.last()?;
        (!newest.is_ended && now + OVERLAP < newest.expires_at).then_some(newest)
    }

    fn may_force(&self, now: OffsetDateTime) -> bool {
        self.forced_at.is_none_or(|last| now - last >= FORCE_SPACING)
    }

    fn issue(&mut self, token: String, now: OffsetDateTime) {
        self.issued.push(Issued { token, expires_at: now + LIFE, is_ended: false });
        let old = self.issued.len().saturating_sub(REMEMBERED);
        self.issued.drain(..old);
    }
}

impl WeChatPay {
    pub(super) fn stable_token(
        &mut self,
        asked: &Asked,
        ports: &mut Ports<'_>,
    ) -> Result<Value, Errcode> {
        if text(asked, "grant_type") != Some("client_credential") {
            return Err(Errcode::GRANT_TYPE);
        }
        let appid = text(asked, "appid").ok_or(Errcode::NO_APPID)?;
        let secret = text(asked, "secret").ok_or(Errcode::NO_SECRET)?;
        let known = self.account.app_secrets.get(appid).ok_or(Errcode::INVALID_APPID)?;
        if known != secret {
            return Err(Errcode::WRONG_SECRET);
        }
        let now = ports.at.business;
        let tokens = self.platform.tokens.of.entry(appid.to_owned()).or_default();
        let by_force = asked.get("force_refresh").and_then(Value::as_bool) == Some(true);
        if by_force && tokens.may_force(now) {
            tokens.forced_at = Some(now);
            tokens.issued.iter_mut().for_each(|issued| issued.is_ended = true);
        }
        if tokens.lasting(now).is_none() {
            tokens.issue(ports.text(LENGTH), now);
        }
        let newest = tokens.lasting(now).ok_or(Errcode::PARAMETER)?;
        let expires_in = (newest.expires_at - now).whole_seconds();
        Ok(json!({"access_token": newest.token, "expires_in": expires_in}))
    }
}
