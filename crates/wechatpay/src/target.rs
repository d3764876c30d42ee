//! Request targets: path and query exactly as they go onto the wire, and so exactly as they are
//! signed (v3 §2.1).
//!
//! Builds text only. Everything variable is percent-encoded here, once, before signing.

/// `/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid={mchid}`.
pub(crate) fn query(out_trade_no: &str, mchid: &str) -> String {
    format!("/v3/pay/transactions/out-trade-no/{}?mchid={}", encoded(out_trade_no), encoded(mchid))
}

/// `/v3/pay/transactions/id/{transaction_id}?mchid={mchid}`.
pub(crate) fn query_by_id(transaction_id: &str, mchid: &str) -> String {
    format!("/v3/pay/transactions/id/{}?mchid={}", encoded(transaction_id), encoded(mchid))
}

/// `/v3/pay/transactions/out-trade-no/{out_trade_no}/close`.
pub(crate) fn close(out_trade_no: &str) -> String {
    format!("/v3/pay/transactions/out-trade-no/{}/close", encoded(out_trade_no))
}

/// `/v3/refund/domestic/refunds/{out_refund_no}`.
pub(crate) fn query_refund(out_refund_no: &str) -> String {
    format!("{REFUNDS}/{}", encoded(out_refund_no))
}

/// `/v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund`: WeChat Pay's own number.
pub(crate) fn apply_abnormal(refund_id: &str) -> String {
    format!("{REFUNDS}/{}{APPLY_ABNORMAL}", encoded(refund_id))
}

/// What the path of an abnormal refund ends with.
pub(crate) const APPLY_ABNORMAL: &str = "/apply-abnormal-refund";
/// Where JSAPI and mini program payments are ordered.
pub(crate) const PREPAY_JSAPI: &str = "/v3/pay/transactions/jsapi";
/// Where Native payments are ordered.
pub(crate) const PREPAY_NATIVE: &str = "/v3/pay/transactions/native";
/// Where H5 payments are ordered.
pub(crate) const PREPAY_H5: &str = "/v3/pay/transactions/h5";
/// Where App payments are ordered.
pub(crate) const PREPAY_APP: &str = "/v3/pay/transactions/app";
/// Where refunds are asked for.
pub(crate) const REFUNDS: &str = "/v3/refund/domestic/refunds";
/// Where the platform certificates are listed.
pub(crate) const CERTIFICATES: &str = "/v3/certificates";

/// Where a bill of payments and refunds is asked for.
pub(crate) const TRADE_BILL: &str = "/v3/bill/tradebill";
/// Where a bill of movements of the balance is asked for.
pub(crate) const FUND_FLOW_BILL: &str = "/v3/bill/fundflowbill";

/// `text` as one path segment or query value: all but RFC 3986's unreserved characters and `*`
/// (as WeChat Pay's own examples leave it) is percent-encoded.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'*') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex::encode_upper([byte]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_is_encoded_and_a_star_is_not() {
        assert_eq!(
            query("A|B*C_1-2", "1900000109"),
            "/v3/pay/transactions/out-trade-no/A%7CB*C_1-2?mchid=1900000109"
        );
    }

    #[test]
    fn nothing_can_leave_its_place_in_the_target() {
        assert_eq!(encoded("a/../b?c&d=e#f g\n店"), "a%2F..%2Fb%3Fc%26d%3De%23f%20g%0A%E5%BA%97");
    }
}
