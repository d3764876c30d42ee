//! What WeChat Pay's gateway looks at before a call does anything: headers, signature, key, content type.
//!
//! Required headers → signature → `Wechatpay-Serial` → content type; the order is that of `v3.md` §2.3. MAY NOT look at
//! what the call asks for.

use serde_json::{Map, Value};

use crate::core::WeChatPay;
use crate::core::authorization::{Authorization, authenticate};
use crate::core::exchange::ApiRequest;
use crate::core::ports::Ports;
use crate::core::refusal::{Code, Refusal};
use crate::core::route::Route;

/// The JSON of a body; of a call without one, nothing. What is wrong with it is said after the gate.
pub(crate) type Members = Result<Map<String, Value>, Refusal>;

/// A call that was let in.
#[derive(Debug, Clone)]
pub(crate) struct LetIn {
    pub(crate) route: Route,
    /// `None` for a call that nobody signs.
    pub(crate) caller: Option<Authorization>,
    pub(crate) members: Members,
}

impl WeChatPay {
    /// The checks of the gateway.
    pub(crate) fn let_in(
        &self,
        request: &ApiRequest,
        route: Route,
        members: Members,
        ports: &mut Ports<'_>,
    ) -> Result<LetIn, Refusal> {
        if matches!(route, Route::Login | Route::Platform(_)) {
            return Ok(LetIn { route, caller: None, members });
        }
        required_headers(request, &route)?;
        let caller = authenticate(request, &route, &self.account, ports.keyring, ports.at.real)?;
        self.known_serial(request)?;
        if matches!(route, Route::AbnormalRefund(_)) {
            named_serial(request)?;
        }
        if request.method == "POST" {
            json_content(request)?;
        }
        Ok(LetIn { route, caller: Some(caller), members })
    }

    /// `Wechatpay-Serial`, if sent, must name a key that exists; the list of certificates may be asked for with any,
    /// because that is how a client finds out.
    fn known_serial(&self, request: &ApiRequest) -> Result<(), Refusal> {
        let Some(serial) = request.header("Wechatpay-Serial") else { return Ok(()) };
        let listed = &self.account.platform_certificates;
        let known = serial == self.account.public_key_id
            || listed.iter().any(|certificate| certificate.serial == serial)
            || request.path() == "/v3/certificates";
        if known {
            return Ok(());
        }
        let message = "平台证书序列号Wechatpay-Serial错误";
        Err(Refusal::new(400, Code::ParamError, message, 268_435_461))
    }
}

/// Whoever seals a field says with which key (`v3.md` §5.1); the words of this refusal are our own.
fn named_serial(request: &ApiRequest) -> Result<(), Refusal> {
    if request.header("Wechatpay-Serial").is_some() {
        return Ok(());
    }
    Err(Refusal::new(400, Code::ParamError, "Http头缺少Wechatpay-Serial", 268_435_461))
}

/// Observed live: some gateways look for these two before they look at the signature, the payment one does not.
fn required_headers(request: &ApiRequest, route: &Route) -> Result<(), Refusal> {
    let has = |name: &str| request.header(name).is_some_and(|value| !value.is_empty());
    if route.is_transaction() || (has("User-Agent") && has("Accept")) {
        return Ok(());
    }
    Err(Refusal::new(400, Code::InvalidRequest, "Http头缺少Accept或User-Agent", 0))
}

/// `Content-Type: application/json` is required with a body (`v3.md` §1); the words of this refusal are our own.
fn json_content(request: &ApiRequest) -> Result<(), Refusal> {
    let is_json = |value: &str| {
        let media = value.split(';').next().unwrap_or("").trim();
        media.eq_ignore_ascii_case("application/json")
    };
    if request.header("Content-Type").is_some_and(is_json) {
        return Ok(());
    }
    Err(Refusal::new(400, Code::InvalidRequest, "Http头Content-Type必须为application/json", 0))
}
