//! WeChat Pay's names for the parties: merchant, application, payer. Plain text with a type.

use core::fmt;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name as it stands.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
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
