//! Who you are and what you may do. Every route says whom it lets in (`routes.rs`); what it does
//! not say is refused.
//!
//! May not keep or log a credential: only its SHA-256 goes further.

use crate::problem::{Code, Problem};
use crate::state::ApiState;
use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::UserId;
use domain::ports::{ApiKeyRecord, IdSource, Role};
use ring::digest::{SHA256, digest};
use ring::hmac;

/// What a buyer's token begins with.
const BUYER_PREFIX: &str = "pt_";
/// What an API key begins with.
const KEY_PREFIX: &str = "pk_";
/// 256 bits in base64url.
const SECRET_LENGTH: usize = 43;

/// Whom a route lets in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    /// Everybody.
    Anyone,
    /// Buyers, by the token from login.
    Buyer,
    /// API keys with any of these roles.
    Key(&'static [Role]),
}

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) enum Principal {
    /// Nobody asked.
    Anyone,
    /// A buyer.
    Buyer(UserId),
    /// A backend or an operator.
    Key(ApiKeyRecord),
}

impl Principal {
    /// Its name in idempotency scopes and audit.
    pub(crate) fn name(&self) -> String {
        match self {
            Principal::Anyone => "anyone".to_owned(),
            Principal::Buyer(buyer) => format!("buyer:{buyer}"),
            Principal::Key(key) if key.roles == [Role::Service] && key.person.is_none() => {
                format!("service:{}", key.id)
            }
            // Whoever made a key for themselves is the same person with it (`domain`, refunds).
            Principal::Key(key) => match &key.person {
                Some(person) => format!("operator:{person}/{}", key.id),
                None => format!("operator:{}", key.id),
            },
        }
    }
}

/// A secret that was just made. Has no `Debug`: it is shown once, on purpose.
pub struct Minted {
    /// What its owner sends.
    pub plain: String,
    /// The hash under which [`domain::ports::Access`] stores it.
    pub hash: [u8; 32],
}

fn mint(prefix: &str, ids: &dyn IdSource) -> Minted {
    let plain = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(ids.secret()));
    let hash = sha256(&plain);
    Minted { plain, hash }
}

/// A buyer's new token.
pub(crate) fn mint_buyer_token(ids: &dyn IdSource) -> Minted {
    mint(BUYER_PREFIX, ids)
}

/// API keys.
#[derive(Clone, Copy, Debug)]
pub struct ApiKey;

impl ApiKey {
    /// A new key.
    #[must_use]
    pub fn mint(ids: &dyn IdSource) -> Minted {
        mint(KEY_PREFIX, ids)
    }

    /// The hash of a key that was made before; `None` when it does not look like one.
    #[must_use]
    pub fn hash_of(plain: &str) -> Option<[u8; 32]> {
        is_secret(plain, KEY_PREFIX).then(|| sha256(plain))
    }
}

/// Lets the caller in, or says why not.
pub(crate) async fn admit(
    req: &HttpRequest,
    state: &ApiState,
    who: Who,
) -> Result<Principal, Problem> {
    match who {
        Who::Anyone => Ok(Principal::Anyone),
        Who::Buyer => buyer(bearer(req, BUYER_PREFIX)?, state).await,
        Who::Key(roles) => {
            let record = api_key(bearer(req, KEY_PREFIX)?, state).await?;
            if record.roles.iter().any(|role| roles.contains(role)) {
                return Ok(Principal::Key(record));
            }
            Err(Problem::new(Code::Forbidden, "the key does not have the role for this"))
        }
    }
}

async fn buyer(token_hash: [u8; 32], state: &ApiState) -> Result<Principal, Problem> {
    let found = state.run(async move |paydesk| {
        let session = paydesk.access.session(token_hash).await?;
        Ok::<_, Problem>(session.map(|session| (session, paydesk.clock.now())))
    });
    match found.await?? {
        Some((session, now)) if now < session.expires_at => Ok(Principal::Buyer(session.buyer)),
        Some(_expired) => Err(Problem::unauthenticated("the token has expired: log in again")),
        None => Err(Problem::unauthenticated("the token is not known: log in again")),
    }
}

async fn api_key(key_hash: [u8; 32], state: &ApiState) -> Result<ApiKeyRecord, Problem> {
    let found = state.run(async move |paydesk| paydesk.access.api_key(key_hash).await);
    found.await??.ok_or_else(|| Problem::unauthenticated("the API key is not known"))
}

/// HMAC-SHA256 (hex) of `text` under the secret that the caller sent. The same caller gets the same for the same; who
/// has all that we keep, which is that secret's hash, cannot even try what `text` may have been.
pub(crate) fn mac_by_credential(req: &HttpRequest, text: &str) -> Result<String, Problem> {
    let value = req.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret = value.and_then(secret).ok_or_else(Problem::internal)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    Ok(hex::encode(hmac::sign(&key, text.as_bytes())))
}

/// The hash of the bearer's secret, when it is one of this kind.
fn bearer(req: &HttpRequest, prefix: &str) -> Result<[u8; 32], Problem> {
    let mut values = req.headers().get_all(AUTHORIZATION);
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Problem::unauthenticated("send one Authorization: Bearer header"));
    };
    let secret = value.to_str().ok().and_then(secret);
    match secret.filter(|secret| is_secret(secret, prefix)) {
        Some(secret) => Ok(sha256(secret)),
        None => Err(Problem::unauthenticated("not a credential for this")),
    }
}

fn secret(header: &str) -> Option<&str> {
    let (scheme, secret) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim())
}

/// Whether it looks like one, before anybody is asked.
fn is_secret(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == SECRET_LENGTH
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    })
}

fn sha256(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    // SHA-256 has 32 bytes.
    for (to, from) in hash.iter_mut().zip(digest(&SHA256, text.as_bytes()).as_ref()) {
        *to = *from;
    }
    hash
}
