//! Orders a payment (下单, v3 §7.1): composes the request's body once, and reads the answer.
//!
//! Pure. The body that is composed here is stored before anything is sent, and is sent as it was
//! stored: WeChat Pay refuses a number that comes back with other parameters.

use domain::payment::{Channel, Credential, Terms, TradeType};
use domain::ports::GatewayError;
use serde::de::DeserializeOwned;

use crate::exchange::{Draft, VerifiedAnswer};
use crate::target;
use crate::transport::Method;
use crate::wire::prepay::{
    AmountBody, H5Answer, H5Body, NativeAnswer, PayerBody, PrepayBody, PrepayIdAnswer, SceneBody,
};

/// The scene of an H5 payment (`h5_info.type`): a page in a phone's browser, whatever the phone. The documents have no
/// closed list.
const H5_SCENE: &str = "Wap";

/// The body for these terms. Equal terms, equal bytes.
pub(crate) fn compose(terms: &Terms, notify_url: &str) -> String {
    let payer = match terms.channel {
        Channel::Wechat(TradeType::Jsapi) => terms.payer.as_ref(),
        Channel::Wechat(TradeType::Native | TradeType::H5 | TradeType::App) | Channel::Wallet => {
            None
        }
    };
    let scene_info = terms.client_ip.map(|client_ip| SceneBody {
        payer_client_ip: client_ip.text(),
        h5_info: H5Body { r#type: H5_SCENE },
    });
    let body = PrepayBody {
        appid: terms.appid.as_str(),
        mchid: terms.mchid.as_str(),
        description: &terms.description,
        out_trade_no: terms.out_trade_no.as_str(),
        time_expire: terms.time_expire.to_beijing_rfc3339(),
        attach: &terms.attach,
        notify_url,
        amount: AmountBody { total: terms.amount.get(), currency: "CNY" },
        payer: payer.map(|openid| PayerBody { openid: openid.as_str() }),
        scene_info,
    };
    // Writing text and integers into memory has no way to fail.
    serde_json::to_string(&body).unwrap_or_default()
}

/// The request that orders a payment, with its stored body.
pub(crate) fn draft(trade_type: TradeType, stored_body: &str) -> Draft {
    let target = match trade_type {
        TradeType::Jsapi => target::PREPAY_JSAPI,
        TradeType::Native => target::PREPAY_NATIVE,
        TradeType::H5 => target::PREPAY_H5,
        TradeType::App => target::PREPAY_APP,
    };
    Draft {
        method: Method::Post,
        target: target.to_owned(),
        body: stored_body.to_owned(),
        sealed_for: None,
    }
}

/// What the payer's client needs.
pub(crate) fn read(
    trade_type: TradeType,
    answer: &VerifiedAnswer,
) -> Result<Credential, GatewayError> {
    if answer.status() != 200 {
        let text = format!("prepay answered {}", answer.status());
        return Err(GatewayError::OutcomeUnknown(text));
    }
    let credential = match trade_type {
        TradeType::Jsapi | TradeType::App => {
            let PrepayIdAnswer { prepay_id } = parse(answer.body())?;
            (!prepay_id.is_empty()).then_some(Credential::PrepayId(prepay_id))
        }
        TradeType::Native => {
            let NativeAnswer { code_url } = parse(answer.body())?;
            (!code_url.is_empty()).then_some(Credential::CodeUrl(code_url))
        }
        TradeType::H5 => {
            let H5Answer { h5_url } = parse(answer.body())?;
            // It goes into a page as it is: nothing but a web address may.
            h5_url.starts_with("https://").then_some(Credential::H5Url(h5_url))
        }
    };
    credential.ok_or_else(unreadable)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, GatewayError> {
    serde_json::from_slice(body).map_err(|_json| unreadable())
}

fn unreadable() -> GatewayError {
    GatewayError::OutcomeUnknown("the answer to prepay cannot be read".to_owned())
}
