//! The WeChat platform's shipping-information management (发货信息管理服务, mini-program §3) for one mini program:
//! `domain`'s [`ShippingManagement`] over its access token.
//!
//! Answers are not signed: nothing here says anything about money. The platform answers 200 whatever happened, and
//! `errcode` says what; [`errors`] says what that means. The token stands in the query, so no URL is ever logged;
//! neither is a body: it names a payer.

mod errors;
mod record;
mod token;
mod upload;

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use domain::names::{Appid, TransactionId};
use domain::ports::{Clock, PortFuture, ShippingError, ShippingManagement};
use domain::shipping_info::{ShippingInfo, ShippingRecord};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app_secret::AppSecret;
use crate::login::MiniProgramSettings;
use crate::settings::SettingsErrors;
use crate::target::encoded;
use crate::transport::{HttpTransport, Method, Purpose, Transport, WireRequest, WireResponse};
use crate::wire::platform::{EndWire, ManagedAskedWire, ManagedWire, OrderAskedWire};
use errors::Meaning;
use token::{Identity, Tokens};

/// Where one asks whether one is managed.
const IS_TRADE_MANAGED: &str = "/wxa/sec/order/is_trade_managed";
/// How long that is believed, in milliseconds: a day, as WeChat says.
const MANAGED_MS: u64 = 86_400_000;
/// How long it is believed that nothing has to be told, in milliseconds. Not a day: whoever becomes managed meanwhile
/// would have money frozen that nobody reports on.
const UNMANAGED_MS: u64 = 600_000;

/// Shipping management of one mini program.
pub struct MiniProgramShipping {
    identity: Identity,
    tokens: Tokens,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    managed: tokio::sync::Mutex<Option<Managed>>,
}

#[derive(Clone, Copy)]
struct Managed {
    is_managed: bool,
    /// By the clock that nobody sets.
    until_millis: u64,
}

/// An answer of the platform.
enum Said<T> {
    /// `errcode` is 0 or absent.
    Yes(T),
    /// What it is instead.
    No(i64),
}

impl MiniProgramShipping {
    /// Over HTTPS. Asks for no token before it is needed.
    ///
    /// # Errors
    /// Every mistake in the settings.
    pub fn new(
        settings: MiniProgramSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<MiniProgramShipping, SettingsErrors> {
        settings.check().map_err(SettingsErrors)?;
        let transport = HttpTransport::new(
            &settings.platform_base_url,
            None,
            Duration::from_millis(settings.timeout_ms),
            Duration::from_millis(settings.connect_timeout_ms),
        )
        .map_err(|error| SettingsErrors(vec![error.to_string()]))?;
        let MiniProgramSettings { appid, app_secret, .. } = settings;
        Ok(MiniProgramShipping::over((appid, app_secret), Arc::new(transport), clock))
    }

    /// Over a transport of the caller's: tests and the simulation. `identity` is the appid and its secret.
    #[must_use]
    pub fn over(
        identity: (Appid, SecretString),
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> MiniProgramShipping {
        let (appid, app_secret) = identity;
        MiniProgramShipping {
            identity: Identity { appid, app_secret: AppSecret::new(app_secret) },
            tokens: Tokens::new(Arc::clone(&transport), Arc::clone(&clock)),
            transport,
            clock,
            managed: tokio::sync::Mutex::new(None),
        }
    }

    /// Uses this secret from now on; whether it is another one than before. The token in hand is used while the
    /// platform takes it: it ends those of a secret that was reset.
    pub fn renew(&self, app_secret: SecretString) -> bool {
        self.identity.app_secret.renew(app_secret)
    }

    /// Asks with our token. One that is refused did nothing: it is renewed, not by force, and the call repeated,
    /// once.
    async fn call<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Said<T>, ShippingError> {
        let token = self.tokens.token(&self.identity).await?;
        match self.ask(path, body, &token).await? {
            Said::No(errcode) if errors::meaning(errcode) == Meaning::TokenRefused => {
                tracing::info!(errcode, path, "the access token was refused; it is renewed");
                self.tokens.forget(&token).await;
                let token = self.tokens.token(&self.identity).await?;
                self.ask(path, body, &token).await
            }
            said @ (Said::Yes(_) | Said::No(_)) => Ok(said),
        }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        token: &SecretString,
    ) -> Result<Said<T>, ShippingError> {
        let target = format!("{path}?access_token={}", encoded(token.expose_secret()));
        let answer = self.transport.send(post(target, body)?).await;
        read(&answer.map_err(|error| ShippingError::Later(error.to_string()))?)
    }

    async fn ask_whether_managed(&self) -> Result<bool, ShippingError> {
        let asked = ManagedAskedWire { appid: self.identity.appid.as_str() };
        let managed = match self.call::<ManagedWire>(IS_TRADE_MANAGED, &asked).await? {
            Said::Yes(wire) => wire.is_trade_managed,
            Said::No(errcode) => errors::refused(errcode).map(|()| None)?,
        };
        managed.ok_or_else(|| ShippingError::Later("the answer does not say".to_owned()))
    }
}

impl ShippingManagement for MiniProgramShipping {
    fn appid(&self) -> &Appid {
        &self.identity.appid
    }

    fn is_managed(&self) -> PortFuture<'_, Result<bool, ShippingError>> {
        Box::pin(async move {
            let mut managed = self.managed.lock().await;
            let now = self.clock.running_millis();
            if let Some(known) = managed.filter(|known| now < known.until_millis) {
                return Ok(known.is_managed);
            }
            let is_managed = self.ask_whether_managed().await?;
            let good_ms = if is_managed { MANAGED_MS } else { UNMANAGED_MS };
            *managed = Some(Managed { is_managed, until_millis: now.saturating_add(good_ms) });
            Ok(is_managed)
        })
    }

    fn tell<'a>(&'a self, info: &'a ShippingInfo) -> PortFuture<'a, Result<(), ShippingError>> {
        Box::pin(async move {
            match self.call::<EndWire>(upload::UPLOAD, &upload::body(info)).await? {
                Said::Yes(_) => Ok(()),
                Said::No(errcode) => errors::refused(errcode),
            }
        })
    }

    fn record<'a>(
        &'a self,
        transaction_id: &'a TransactionId,
    ) -> PortFuture<'a, Result<Option<ShippingRecord>, ShippingError>> {
        Box::pin(async move {
            let asked = OrderAskedWire { transaction_id: transaction_id.as_str() };
            match self.call(record::GET_ORDER, &asked).await? {
                Said::Yes(wire) => record::read(transaction_id, wire).map(Some),
                Said::No(errcode) if errors::meaning(errcode) == Meaning::NotKnown => Ok(None),
                Said::No(errcode) => {
                    errors::refused(errcode)?;
                    Err(ShippingError::Later(format!("errcode {errcode}")))
                }
            }
        })
    }
}

/// A request of ours: JSON as it is, in UTF-8, which the platform shows to buyers letter by letter.
fn post(target: String, body: &impl Serialize) -> Result<WireRequest, ShippingError> {
    let body = serde_json::to_string(body)
        .map_err(|_unwritable| ShippingError::Later("the request cannot be written".to_owned()))?;
    let headers = BTreeMap::from([
        ("Accept", "application/json".to_owned()),
        ("Content-Type", "application/json".to_owned()),
    ]);
    Ok(WireRequest { method: Method::Post, target, purpose: Purpose::Call, headers, body })
}

/// The platform answers 200 whatever happened.
fn read<T: DeserializeOwned>(answer: &WireResponse) -> Result<Said<T>, ShippingError> {
    if answer.status != 200 {
        return Err(ShippingError::Later(format!("HTTP {}", answer.status)));
    }
    let unreadable = |_error| ShippingError::Later("the answer cannot be read".to_owned());
    let end: EndWire = serde_json::from_slice(&answer.body).map_err(unreadable)?;
    if end.errcode != 0 {
        return Ok(Said::No(end.errcode));
    }
    serde_json::from_slice(&answer.body).map(Said::Yes).map_err(unreadable)
}
