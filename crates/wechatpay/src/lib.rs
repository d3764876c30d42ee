//! The WeChat Pay v3 client: `domain`'s [`PaymentGateway`](domain::ports::PaymentGateway),
//! [`NoticeOpener`](domain::ports::NoticeOpener), [`BillSource`](domain::ports::BillSource),
//! [`LoginGateway`](domain::ports::LoginGateway) and
//! [`ShippingManagement`](domain::ports::ShippingManagement) in WeChat Pay's words.
//!
//! Translates and holds no rule of the business. Pure up to the last line: a request is a value,
//! it is signed, a [`Transport`] carries it, the answer is a value that is verified before it is
//! read. Reads no clock but [`Clock::real`](domain::ports::Clock::real) and the one that nobody sets, never logs
//! a key, an openid, a body or the URL of a login or of the platform. Shares no code with `wechatpay-sim`.
//!
//! Start at [`WechatPay`]; a call goes through `exchange.rs`, a notification through `notice.rs`, a bill
//! through `bills.rs`, shipping information through `platform.rs`.
//! What it does not do itself stands in [`Ports`]: time, transport, nonces, and the
//! [`SignatureScheme`], which is [`Rsa`] wherever money is real.

mod abnormal;
mod app_secret;
mod bills;
mod called;
mod certificates;
mod client;
mod close;
mod credentials;
mod errors;
mod exchange;
mod keyring;
mod keys;
mod login;
mod nonces;
mod notice;
mod pay_params;
mod platform;
mod prepay;
mod query;
mod query_refund;
mod refund;
mod refund_state;
mod resource;
mod rsa;
mod scheme;
mod settings;
mod sign;
mod target;
mod trade;
mod transport;
mod verify;
mod wire;

#[cfg(test)]
mod testing;

pub use bills::BILL_MAX;
pub use client::{Ports, Renewed, WechatPay};
pub use login::{MiniProgramLogin, MiniProgramSettings};
pub use nonces::{NoEntropy, Nonces, SystemNonces};
pub use platform::MiniProgramShipping;
pub use rsa::Rsa;
pub use scheme::{
    CannotSeal, CannotSign, Certificate, OaepDigest, PrivateKey, PublicKey, SignatureScheme,
};
pub use settings::{
    DEFAULT_BASE_URL, DEFAULT_CONNECT_TIMEOUT_MS, DEFAULT_PLATFORM_BASE_URL, DEFAULT_TIMEOUT_MS,
    MerchantKeySettings, PublicKeySettings, Settings, SettingsErrors,
};
pub use transport::{
    DOWNLOAD_MAX, Host, HttpTransport, Method, Purpose, Transport, TransportError, WireRequest,
    WireResponse,
};
