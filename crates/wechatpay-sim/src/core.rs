//! WeChat Pay as a value.
//!
//! MAY NOT do IO, read a clock, draw randomness or hold a private key: [`ports::Moment`], [`ports::Entropy`] and
//! [`ports::Keyring`] bring them in as arguments. The same calls in the same order give the same bytes, so that a
//! deterministic simulation can embed it.
//!
//! ```text
//! handle(request) ─▶ Exchange          an answer, a connection closed without one, or a call that is held open
//! collect(held)   ─▶ Collected         the answer of a held call, once there is one
//! pay(number)     ─▶ the trade         what the user does in the app
//! due(now)        ─▶ [Delivery]        notifications to POST now; each one's end goes to `record`
//! next_due()      ─▶ an instant        when something happens by itself: call `due` then, not before
//! ```
//!
//! Start at [`WeChatPay`].

mod answer;
pub mod authorization;
mod bill;
pub mod calls;
pub mod certificates;
pub mod cipher;
pub mod close;
pub mod elsewhere;
pub mod exchange;
pub mod faults;
pub mod fields;
mod gate;
pub mod handle;
mod json;
pub mod ledger;
pub mod listing;
pub mod login;
pub mod notice;
pub mod outbox;
pub mod pay;
pub mod pay_params;
pub mod platform;
pub mod ports;
mod postponed;
pub mod prepay;
pub mod prepay_form;
pub mod query;
pub mod refund;
pub mod refusal;
pub mod route;
pub mod sandbox_clock;
pub mod scripts;
pub mod seal;
pub mod settings;
pub mod tamper;
#[cfg(test)]
mod tests;
pub mod trade;
pub mod urls;
pub mod wire_time;
mod world;

pub use world::WeChatPay;
