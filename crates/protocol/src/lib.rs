//! WeChat Pay's protocol, both sides in one process: what comes from outside is thrown at the client and the sandbox.
//!
//! Start at [`fuzz::Target`]: plain functions of bytes, which any fuzzer can call. It is no part of what is shipped.

pub mod fuzz;
