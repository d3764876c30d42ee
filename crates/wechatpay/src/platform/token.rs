//! The access token of a mini program (`POST /cgi-bin/stable_token`, mini-program §2.1), in normal mode: WeChat gives the
//! one that is good now, so that several processes need not agree on anything.
//!
//! Never logged and in no error; leaves this module in its secrecy type. Never asked for by force: that would end
//! the token of every other process.

use std::sync::Arc;

use domain::names::Appid;
use domain::ports::{Clock, ShippingError};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Said, post, read};
use crate::app_secret::AppSecret;
use crate::transport::Transport;
use crate::wire::platform::{TokenAskedWire, TokenWire};

/// Where tokens are had.
const STABLE_TOKEN: &str = "/cgi-bin/stable_token";
/// A token is held until so long before its end, in milliseconds: WeChat gives another one from then on, and both are
/// good for as long.
const HELD_BEFORE_END_MS: u64 = 300_000;
/// The most seconds that a token is good for.
const EXPIRES_IN_MAX_S: u64 = 7_200;
/// The most characters of a token; they have about 140, and WeChat asks for room for 512.
const TOKEN_MAX: usize = 1_024;

/// Whose token, and by which secret.
pub(super) struct Identity {
    pub(super) appid: Appid,
    pub(super) app_secret: AppSecret,
}

/// Holds the token while it is good.
pub(super) struct Tokens {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    /// Locked while one is asked for: who comes meanwhile waits for the answer instead of asking.
    held: tokio::sync::Mutex<Option<Held>>,
}

struct Held {
    token: SecretString,
    /// By the clock that nobody sets.
    until_millis: u64,
}

impl Tokens {
    pub(super) fn new(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Tokens {
        Tokens { transport, clock, held: tokio::sync::Mutex::new(None) }
    }

    /// A token that is good, as far as we know.
    pub(super) async fn token(&self, of: &Identity) -> Result<SecretString, ShippingError> {
        let mut held = self.held.lock().await;
        let now = self.clock.running_millis();
        if let Some(Held { token, .. }) = held.as_ref().filter(|held| now < held.until_millis) {
            return Ok(token.clone());
        }
        *held = None;
        let (token, expires_in_s) = self.ask(of).await?;
        let good_ms = expires_in_s.min(EXPIRES_IN_MAX_S).saturating_mul(1_000);
        let until_millis = now.saturating_add(good_ms.saturating_sub(HELD_BEFORE_END_MS));
        *held = Some(Held { token: token.clone(), until_millis });
        Ok(token)
    }

    /// This token was refused. If another one is held by now, that one stays.
    pub(super) async fn forget(&self, refused: &SecretString) {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|held| is_same(&held.token, refused)) {
            *held = None;
        }
    }

    async fn ask(&self, of: &Identity) -> Result<(SecretString, u64), ShippingError> {
        let app_secret = of.app_secret.now();
        let asked = TokenAskedWire {
            grant_type: "client_credential",
            appid: of.appid.as_str(),
            secret: app_secret.expose_secret(),
            force_refresh: false,
        };
        let request = post(STABLE_TOKEN.to_owned(), &asked)?;
        let answer = self.transport.send(request).await;
        let answer = answer.map_err(|error| ShippingError::Later(error.to_string()))?;
        let wire: TokenWire = match read(&answer)? {
            Said::Yes(wire) => wire,
            Said::No(errcode) => {
                // There is no "nothing new" here: whatever it is, it is no token.
                super::errors::refused(errcode)?;
                return Err(ShippingError::Later(format!("errcode {errcode}")));
            }
        };
        let text = wire.access_token.unwrap_or_default();
        let is_token =
            (1..=TOKEN_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !is_token {
            return Err(ShippingError::Later("the answer has no token".to_owned()));
        }
        Ok((SecretString::from(text), wire.expires_in.unwrap_or(0)))
    }
}

fn is_same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}
