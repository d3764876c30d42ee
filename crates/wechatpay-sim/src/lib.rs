//! A WeChat Pay (微信支付 APIv3) that can be tested against offline.
//!
//! Two parts. [`core`] is WeChat Pay as a value: requests and instants go in, answers and notifications to send come
//! out. [`http`] gives it a port, a clock, keys and a task that delivers the notifications.
//!
//! It MAY NOT depend on our own client (`wechatpay`) or on `domain`: an oracle that borrows the client's code borrows
//! its mistakes. It MAY NOT be reachable from outside this machine unless it was told so in words.
//!
//! Start at [`http::Sandbox::start`], or at [`core::WeChatPay::handle`] for the pure part. The list of faults is in
//! [`core::faults`], the ready-made fault scripts in `scripts/`, the list of tampered notifications in [`core::tamper`].
//! `docs/sandbox.md` describes the whole control API.

pub mod core;
pub mod http;
pub mod keys;

pub use crate::core::scripts::{listed as fault_scripts, read as fault_script};
pub use crate::core::settings::Settings;
pub use crate::http::{Rehearsal, RunningSandbox, Sandbox, SandboxError, SandboxOptions};
pub use crate::keys::credentials::Credentials;
