//! Which call a method and a path mean.
//!
//! MAY NOT look at anything else. A path that WeChat Pay does not have is a 404, a wrong method a 405, both before any
//! other check (`v3.md` §2.3).

use serde::Serialize;

use crate::core::platform::PlatformCall;
use crate::core::refusal::Refusal;
use crate::core::urls::decode_segment;

/// The product a prepay is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum TradeType {
    /// JSAPI and mini program.
    #[serde(rename = "JSAPI")]
    Jsapi,
    /// QR code.
    #[serde(rename = "NATIVE")]
    Native,
    /// A browser outside WeChat, on a phone.
    #[serde(rename = "MWEB")]
    H5,
    /// A mobile app of the merchant's.
    #[serde(rename = "APP")]
    App,
}

impl TradeType {
    /// As in `trade_type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jsapi => "JSAPI",
            Self::Native => "NATIVE",
            Self::H5 => "MWEB",
            Self::App => "APP",
        }
    }
}

/// A call of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// 下单.
    Prepay(TradeType),
    /// 商户订单号查询.
    QueryByOutTradeNo(String),
    /// 微信支付订单号查询.
    QueryById(String),
    /// 关单.
    Close(String),
    /// 申请退款.
    Refund,
    /// 查询单笔退款.
    QueryRefund(String),
    /// 发起异常退款, by WeChat Pay's number of the refund.
    AbnormalRefund(String),
    /// 申请交易账单.
    TradeBill,
    /// 申请资金账单.
    FundFlowBill,
    /// 下载账单.
    DownloadBill,
    /// 平台证书.
    Certificates,
    /// 小程序登录.
    Login,
    /// Another call of the WeChat platform.
    Platform(PlatformCall),
}

impl Route {
    /// The route, or the gateway's 404 or 405.
    pub fn find(method: &str, path: &str) -> Result<Self, Refusal> {
        let (expected, route) = Self::of_path(path).ok_or(Refusal::gateway(404))?;
        // The platform says for itself which method it wants.
        if method != expected && !matches!(route, Self::Platform(_)) {
            return Err(Refusal::gateway(405));
        }
        Ok(route)
    }

    fn of_path(path: &str) -> Option<(&'static str, Self)> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let found = match segments.as_slice() {
            ["v3", "pay", "transactions", "jsapi"] => ("POST", Self::Prepay(TradeType::Jsapi)),
            ["v3", "pay", "transactions", "native"] => ("POST", Self::Prepay(TradeType::Native)),
            ["v3", "pay", "transactions", "h5"] => ("POST", Self::Prepay(TradeType::H5)),
            ["v3", "pay", "transactions", "app"] => ("POST", Self::Prepay(TradeType::App)),
            ["v3", "pay", "transactions", "out-trade-no", number] if !number.is_empty() => {
                ("GET", Self::QueryByOutTradeNo(decoded(number)))
            }
            ["v3", "pay", "transactions", "out-trade-no", number, "close"]
                if !number.is_empty() =>
            {
                ("POST", Self::Close(decoded(number)))
            }
            ["v3", "pay", "transactions", "id", id] if !id.is_empty() => {
                ("GET", Self::QueryById(decoded(id)))
            }
            ["v3", "refund", "domestic", "refunds"] => ("POST", Self::Refund),
            ["v3", "refund", "domestic", "refunds", number] if !number.is_empty() => {
                ("GET", Self::QueryRefund(decoded(number)))
            }
            ["v3", "refund", "domestic", "refunds", id, "apply-abnormal-refund"]
                if !id.is_empty() =>
            {
                ("POST", Self::AbnormalRefund(decoded(id)))
            }
            ["v3", "bill", "tradebill"] => ("GET", Self::TradeBill),
            ["v3", "bill", "fundflowbill"] => ("GET", Self::FundFlowBill),
            ["v3", "billdownload", "file"] | ["v3", "bill", "downloadurl"] => {
                ("GET", Self::DownloadBill)
            }
            ["v3", "certificates"] => ("GET", Self::Certificates),
            ["sns", "jscode2session"] => ("GET", Self::Login),
            ["cgi-bin", "stable_token"] => ("POST", Self::Platform(PlatformCall::StableToken)),
            ["wxa", "sec", "order", call] => ("POST", Self::Platform(order_call(call)?)),
            _ => return None,
        };
        Some(found)
    }

    /// The name in the ledger's call log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Prepay(_) => "prepay",
            Self::QueryByOutTradeNo(_) | Self::QueryById(_) => "query",
            Self::Close(_) => "close",
            Self::Refund => "refund",
            Self::QueryRefund(_) => "query_refund",
            Self::AbnormalRefund(_) => "abnormal_refund",
            Self::TradeBill => "trade_bill",
            Self::FundFlowBill => "fund_flow_bill",
            Self::DownloadBill => "download_bill",
            Self::Certificates => "certificates",
            Self::Login => "login",
            Self::Platform(call) => call.kind(),
        }
    }

    /// `/v3/pay/transactions/*`, whose gateway words some refusals differently.
    pub fn is_transaction(&self) -> bool {
        match self {
            Self::Prepay(_) | Self::QueryByOutTradeNo(_) | Self::QueryById(_) | Self::Close(_) => {
                true
            }
            Self::Refund
            | Self::QueryRefund(_)
            | Self::AbnormalRefund(_)
            | Self::TradeBill
            | Self::FundFlowBill
            | Self::DownloadBill
            | Self::Certificates
            | Self::Login
            | Self::Platform(_) => false,
        }
    }
}

fn order_call(name: &str) -> Option<PlatformCall> {
    Some(match name {
        "is_trade_managed" => PlatformCall::IsTradeManaged,
        "is_trade_management_confirmation_completed" => PlatformCall::IsManagementConfirmed,
        "upload_shipping_info" => PlatformCall::UploadShippingInfo,
        "get_order" => PlatformCall::GetOrder,
        _ => return None,
    })
}

/// An ill-formed encoding stays as it is; the number's own rule then refuses it.
fn decoded(segment: &str) -> String {
    decode_segment(segment).unwrap_or_else(|| segment.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &str, path: &str) -> u16 {
        Route::find(method, path).map_or_else(|refusal| refusal.status, |_| 200)
    }

    #[test]
    fn paths_are_exact_and_methods_come_second() {
        assert_eq!(status("POST", "/v3/pay/transactions/jsapi"), 200);
        assert_eq!(status("GET", "/v3/pay/transactions/jsapi"), 405);
        assert_eq!(status("POST", "/v3/pay/transactions/jsapi/"), 404);
        assert_eq!(status("POST", "/v3/pay/transactions/JSAPI"), 404);
        assert_eq!(status("GET", "/v3/pay/transactions/out-trade-no/"), 404);
        assert_eq!(status("POST", "/v3/pay/transactions/out-trade-no/T1"), 405);
        assert_eq!(status("GET", "/v3/pay/transactions/out-trade-no/T1/close"), 405);
        assert_eq!(status("POST", "/v3/refund/domestic/refunds"), 200);
        assert_eq!(status("GET", "/v3/refund/domestic/refunds"), 405);
        assert_eq!(status("GET", "/v3/refund/domestic/refunds/R1"), 200);
        assert_eq!(status("POST", "/v3/refund/domestic/refunds/R1"), 405);
        assert_eq!(status("GET", "/v3/refund/domestic/refunds/"), 404);
        assert_eq!(status("GET", "/"), 404);
    }

    #[test]
    fn numbers_are_decoded() {
        assert_eq!(
            Route::find("GET", "/v3/pay/transactions/out-trade-no/A%7CB*C_1-2"),
            Ok(Route::QueryByOutTradeNo("A|B*C_1-2".to_owned()))
        );
        assert_eq!(
            Route::find("GET", "/v3/refund/domestic/refunds/R%7C*%401"),
            Ok(Route::QueryRefund("R|*@1".to_owned()))
        );
    }
}
