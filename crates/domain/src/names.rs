//! WeChat Pay's names for the parties: merchant, application, payer. Plain text with a type, which all copies
//! share: every step of an order copies it.

use core::fmt;
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
}
