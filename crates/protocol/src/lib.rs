//! WeChat Pay's protocol, both sides in one process: what comes from outside is thrown at the client and the sandbox, and
//! what they need for it is compared with what cryptography alone needs.
//!
//! Start at [`fuzz::Target`], plain functions of bytes which any fuzzer can call, or at [`speed`]. It is no part of what is shipped.

pub mod fuzz;
pub mod speed;
mod wechat;
