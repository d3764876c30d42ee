//! WeChat Pay's names for the parties: merchant, application, payer. Plain text with a type, which all copies
//! share: every step of an order copies it.

use core::fmt;
use core::net::IpAddr;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as it stands.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(Arc::from(text.into()))
            }

            /// Its text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

macro_rules! shown {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// A merchant number (商户号).
    Mchid
}
shown!(Mchid);
name! {
    /// The id of a mini program, official account or app.
    Appid
}
shown!(Appid);
name! {
    /// WeChat Pay's number of a payment (微信支付订单号).
    TransactionId
}
shown!(TransactionId);
name! {
    /// WeChat Pay's number of a refund (微信支付退款单号).
    RefundId
}
shown!(RefundId);
name! {
    /// A user under one appid. Personal data: it has no `Display`, and `Debug` hides it.
    Openid
}

impl fmt::Debug for Openid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Openid(…)")
    }
}

/// Where a payer's client is: what WeChat Pay wants to know for H5 (v3 §7.1). Personal data: it has no `Display`, and
/// `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientIp(IpAddr);

impl ClientIp {
    /// Reads an IPv4 or IPv6 address in its usual form. `None` for anything else, and for an address that nobody comes
    /// from: WeChat Pay refuses 127.0.0.1. An IPv4 address inside an IPv6 one is that address.
    #[must_use]
    pub fn parse(text: &str) -> Option<ClientIp> {
        let address: IpAddr = text.parse().ok()?;
        let address = address.to_canonical();
        let is_somebodys =
            !(address.is_loopback() || address.is_unspecified() || address.is_multicast());
        is_somebodys.then_some(ClientIp(address))
    }

    /// Its text, at most 45 characters.
    #[must_use]
    pub fn text(self) -> String {
        self.0.to_string()
    }
}

impl fmt::Debug for ClientIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIp(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_shows_its_text_and_an_openid_shows_nothing() {
        let mchid = Mchid::new("1900000109");
        assert_eq!((mchid.as_str(), mchid.to_string()), ("1900000109", "1900000109".to_owned()));
        assert_eq!(format!("{mchid:?}"), "1900000109");
        assert_eq!(Openid::new("o-alice").as_str(), "o-alice");
        assert_eq!(format!("{:?}", Openid::new("o-alice")), "Openid(…)");
    }

    #[test]
    fn a_client_ip_is_an_address_that_somebody_comes_from_and_shows_nothing() {
        let text = |text| ClientIp::parse(text).map(ClientIp::text);
        assert_eq!(text("14.23.150.211").as_deref(), Some("14.23.150.211"));
        assert_eq!(text("2001:DB8::0:7").as_deref(), Some("2001:db8::7"));
        assert_eq!(text("::ffff:14.23.150.211").as_deref(), Some("14.23.150.211"));
        for nobodys in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "224.0.0.1"] {
            assert_eq!(text(nobodys), None, "{nobodys}");
        }
        for other in ["", "14.23.150", "14.23.150.211:80", " 14.23.150.211", "fe80::1%eth0", "shop"]
        {
            assert_eq!(text(other), None, "{other}");
        }
        let shown = format!("{:?}", ClientIp::parse("14.23.150.211"));
        assert_eq!(shown, "Some(ClientIp(…))");
    }
}
