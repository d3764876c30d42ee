//! Turns a mini program's login code into an openid (`jscode2session`, mini-program §1).
//!
//! Asks once per code: a code is single use, so nothing is sent twice. The URL carries the app
//! secret: it is never logged and appears in no error. `session_key` is never read.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use domain::names::{Appid, Openid};
use domain::ports::{LoginError, LoginGateway, PortFuture};
use secrecy::{ExposeSecret as _, SecretString};

use crate::app_secret::AppSecret;
use crate::settings::{self, SettingsErrors};
use crate::target::encoded;
use crate::transport::{HttpTransport, Method, Purpose, Transport, WireRequest, WireResponse};
use crate::wire::login::SessionWire;

/// WeChat's codes that blame the login code: invalid, missing, used, or blocked as risky.
const CODE_REFUSED: [i64; 4] = [40029, 41008, 40163, 40226];
/// What we answer for a code that cannot be one, without asking: "invalid js_code".
const INVALID_CODE: i64 = 40029;
/// The most characters of a login code; real ones have 32.
const CODE_MAX: usize = 256;
/// `payer.openid` has at most 128 characters.
const OPENID_MAX: usize = 128;

/// What a [`MiniProgramLogin`] needs.
#[derive(Clone, Debug)]
pub struct MiniProgramSettings {
    /// The mini program.
    pub appid: Appid,
    /// Its secret (AppSecret).
    pub app_secret: SecretString,
    /// The WeChat platform's host, without a path.
    pub platform_base_url: String,
    /// For a whole call.
    pub timeout_ms: u64,
    /// For connecting.
    pub connect_timeout_ms: u64,
}

impl MiniProgramSettings {
    /// Whether one can log in with this.
    ///
    /// # Errors
    /// Every mistake, in words that quote no secret.
    pub fn check(&self) -> Result<(), Vec<String>> {
        let mut mistakes = Vec::new();
        if self.appid.as_str().is_empty() {
            mistakes.push("appid is empty".to_owned());
        }
        if self.app_secret.expose_secret().is_empty() {
            mistakes.push("app_secret is empty".to_owned());
        }
        settings::check_base_url("platform_base_url", &self.platform_base_url, &mut mistakes);
        settings::check_timeouts(self.timeout_ms, self.connect_timeout_ms, &mut mistakes);
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    }
}

/// Login by a mini program's code.
pub struct MiniProgramLogin {
    appid: Appid,
    app_secret: AppSecret,
    transport: Arc<dyn Transport>,
}

impl MiniProgramLogin {
    /// Over HTTPS.
    ///
    /// # Errors
    /// Every mistake in the settings.
    pub fn new(settings: MiniProgramSettings) -> Result<MiniProgramLogin, SettingsErrors> {
        settings.check().map_err(SettingsErrors)?;
        let transport = HttpTransport::new(
            &settings.platform_base_url,
            None,
            Duration::from_millis(settings.timeout_ms),
            Duration::from_millis(settings.connect_timeout_ms),
        )
        .map_err(|error| SettingsErrors(vec![error.to_string()]))?;
        Ok(MiniProgramLogin::over(settings.appid, settings.app_secret, Arc::new(transport)))
    }

    /// Over a transport of the caller's: tests and the simulation.
    #[must_use]
    pub fn over(
        appid: Appid,
        app_secret: SecretString,
        transport: Arc<dyn Transport>,
    ) -> MiniProgramLogin {
        MiniProgramLogin { appid, app_secret: AppSecret::new(app_secret), transport }
    }

    /// Uses this secret from now on; whether it is another one than before.
    pub fn renew(&self, app_secret: SecretString) -> bool {
        self.app_secret.renew(app_secret)
    }

    fn request(&self, code: &str) -> WireRequest {
        let target = format!(
            "/sns/jscode2session?appid={}&secret={}&js_code={}&grant_type=authorization_code",
            encoded(self.appid.as_str()),
            encoded(self.app_secret.now().expose_secret()),
            encoded(code)
        );
        let headers = BTreeMap::from([("Accept", "application/json".to_owned())]);
        let purpose = Purpose::Call;
        WireRequest { method: Method::Get, target, purpose, headers, body: String::new() }
    }
}

impl LoginGateway for MiniProgramLogin {
    fn openid<'a>(&'a self, code: &'a str) -> PortFuture<'a, Result<(Appid, Openid), LoginError>> {
        Box::pin(async move {
            let possible = (1..=CODE_MAX).contains(&code.len());
            if !possible || !code.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(LoginError::Refused(INVALID_CODE));
            }
            let answer = self.transport.send(self.request(code)).await;
            let answer = answer.map_err(|error| LoginError::Unavailable(error.to_string()))?;
            read(&answer).map(|openid| (self.appid.clone(), openid))
        })
    }
}

/// WeChat answers 200 whatever happened; `errcode` says what.
fn read(answer: &WireResponse) -> Result<Openid, LoginError> {
    if answer.status != 200 {
        return Err(LoginError::Unavailable(format!("HTTP {}", answer.status)));
    }
    let Ok(session) = serde_json::from_slice::<SessionWire>(&answer.body) else {
        return Err(LoginError::Unavailable("the answer cannot be read".to_owned()));
    };
    if CODE_REFUSED.contains(&session.errcode) {
        return Err(LoginError::Refused(session.errcode));
    }
    if session.errcode != 0 {
        // Busy, too frequent, or a wrong appid or secret: another code would not help.
        return Err(LoginError::Unavailable(format!("errcode {}", session.errcode)));
    }
    match session.openid {
        Some(openid)
            if (1..=OPENID_MAX).contains(&openid.len())
                && openid.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Ok(Openid::new(openid))
        }
        Some(_) | None => Err(LoginError::Unavailable("the answer has no openid".to_owned())),
    }
}
