//! Who signed a request, checked in the order of `v3.md` §2.3.
//!
//! Header present → form → five-minute window → merchant and serial → signature. MAY NOT look into the body beyond
//! hashing it: what a request asks for is judged only after it is known who asks.

use time::OffsetDateTime;

use crate::core::exchange::ApiRequest;
use crate::core::ports::Keyring;
use crate::core::refusal::Refusal;
use crate::core::route::Route;
use crate::core::settings::Account;

/// The only scheme of an RSA merchant.
pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// How far a request's timestamp may be from now.
pub const WINDOW_S: i64 = 300;

const ILL_FORMED: &str = "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》";
const TRANSACTION_UNSIGNED: &str = "签名信息错误，验签失败";
const WRONG_SCHEME: &str = "HTTP头Authorization认证类型不正确";
const SKEWED: &str = "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟";
const WRONG_SERIAL: &str = "商户证书序列号有误。请使用签名私钥匹配的证书序列号";
const REVOKED: &str = "商户证书已作废";
const WRONG_SIGNATURE: &str = "签名错误";

/// The five values of an `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Merchant number.
    pub mchid: String,
    /// Nonce.
    pub nonce_str: String,
    /// Base64 signature.
    pub signature: String,
    /// Unix seconds, as written.
    pub timestamp: String,
    /// Serial of the merchant's certificate.
    pub serial_no: String,
}

impl Authorization {
    /// Scheme, one blank, five `key="value"` pairs joined by `,` without blanks, in any order.
    pub fn parse(header: &str, route: &Route) -> Result<Self, Refusal> {
        let (scheme, pairs) = header.split_once(' ').unwrap_or((header, ""));
        if scheme != SCHEME {
            return Err(Refusal::unsigned(match scheme {
                "Bearer" if route.is_transaction() => TRANSACTION_UNSIGNED,
                _ => WRONG_SCHEME,
            }));
        }
        Self::parse_pairs(pairs).ok_or_else(|| Refusal::unsigned(ILL_FORMED))
    }

    fn parse_pairs(pairs: &str) -> Option<Self> {
        let [mut mchid, mut nonce_str, mut signature, mut timestamp, mut serial_no] =
            [const { None }; 5];
        for pair in pairs.split(',') {
            let (key, quoted) = pair.split_once('=')?;
            let value = quoted.strip_prefix('"')?.strip_suffix('"')?;
            if value.is_empty() || value.contains(['"', ' ']) {
                return None;
            }
            let slot = match key {
                "mchid" => &mut mchid,
                "nonce_str" => &mut nonce_str,
                "signature" => &mut signature,
                "timestamp" => &mut timestamp,
                "serial_no" => &mut serial_no,
                _ => return None,
            };
            if slot.replace(value.to_owned()).is_some() {
                return None;
            }
        }
        Some(Self {
            mchid: mchid?,
            nonce_str: nonce_str?,
            signature: signature?,
            timestamp: timestamp?,
            serial_no: serial_no?,
        })
    }
}

/// Checks a request's signature and gives back who made it.
pub fn authenticate(
    request: &ApiRequest,
    route: &Route,
    account: &Account,
    keyring: &dyn Keyring,
    now: OffsetDateTime,
) -> Result<Authorization, Refusal> {
    let Some(header) = request.header("Authorization") else {
        return Err(Refusal::unsigned(if route.is_transaction() {
            TRANSACTION_UNSIGNED
        } else {
            ILL_FORMED
        }));
    };
    let authorization = Authorization::parse(header, route)?;
    // Digits only: "+1795226400" parses as a number but is not what the documents show.
    if !authorization.timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::unsigned(ILL_FORMED));
    }
    let skew_s = authorization
        .timestamp
        .parse::<i64>()
        .map_or(i64::MAX, |sent| now.unix_timestamp().saturating_sub(sent).saturating_abs());
    if skew_s > WINDOW_S {
        return Err(Refusal::unsigned(SKEWED));
    }
    if authorization.mchid == account.mchid
        && account.revoked_serials.contains(&authorization.serial_no)
    {
        return Err(Refusal::unsigned(REVOKED));
    }
    if authorization.mchid != account.mchid
        || !account.merchant_serials.contains(&authorization.serial_no)
    {
        return Err(Refusal::unsigned(WRONG_SERIAL));
    }
    let message = message_to_verify(request, &authorization);
    if !keyring.verify_merchant(&authorization.serial_no, &message, &authorization.signature) {
        return Err(Refusal::unsigned(WRONG_SIGNATURE));
    }
    Ok(authorization)
}

/// Five lines, each ended by a line feed, over what was on the wire.
pub fn message_to_verify(request: &ApiRequest, authorization: &Authorization) -> Vec<u8> {
    let head = format!(
        "{}\n{}\n{}\n{}\n",
        request.method, request.target, authorization.timestamp, authorization.nonce_str
    );
    let mut message = head.into_bytes();
    message.extend_from_slice(&request.body);
    message.push(b'\n');
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="n",signature="s==",timestamp="2",serial_no="3""#;

    fn message(header: &str, route: &Route) -> Option<String> {
        let refusal = Authorization::parse(header, route).err()?;
        Some(refusal.body.map(|body| body.message).unwrap_or_default())
    }

    #[test]
    fn the_documented_form_is_read_in_any_order() {
        let other = r#"WECHATPAY2-SHA256-RSA2048 serial_no="3",timestamp="2",signature="s==",nonce_str="n",mchid="1""#;
        assert_eq!(
            Authorization::parse(GOOD, &Route::Certificates),
            Authorization::parse(other, &Route::Certificates)
        );
        assert_eq!(message(GOOD, &Route::Certificates), None);
    }

    #[test]
    fn every_other_form_is_refused() {
        for bad in [
            GOOD.replace(",nonce_str", ", nonce_str"),
            GOOD.replace("2048 mchid", "2048  mchid"),
            GOOD.replace(r#"mchid="1""#, "mchid=1"),
            GOOD.replace(r#"mchid="1","#, ""),
            GOOD.replace(r#"mchid="1""#, r#"mchid="1",mchid="1""#),
            GOOD.replace(r#"mchid="1""#, r#"mchid="1",extra="1""#),
            GOOD.replace(r#"mchid="1""#, r#"mchid="""#),
            format!("{GOOD},"),
            SCHEME.to_owned(),
        ] {
            assert_eq!(message(&bad, &Route::Certificates).as_deref(), Some(ILL_FORMED), "{bad}");
        }
    }

    #[test]
    fn a_wrong_scheme_is_worded_by_the_route() {
        let prepay = Route::Prepay(crate::core::route::TradeType::Native);
        assert_eq!(message("Bearer x", &prepay).as_deref(), Some(TRANSACTION_UNSIGNED));
        assert_eq!(message("Bearer x", &Route::Certificates).as_deref(), Some(WRONG_SCHEME));
        let sm2 = GOOD.replace(SCHEME, "WECHATPAY2-SM2-WITH-SM3");
        assert_eq!(message(&sm2, &prepay).as_deref(), Some(WRONG_SCHEME));
    }
}
