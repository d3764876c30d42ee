//! The client as the application sees it, over a scripted transport: the ports, the vectors, the
//! error table, tampering, keys that change, a clock that is wrong.
#![cfg(test)]

mod abnormal;
mod bills;
mod certificates;
mod close;
mod credentials;
mod date;
mod documented;
mod errors;
mod http;
mod login;
mod notice;
mod platform;
mod prepay;
mod query;
mod query_by_id;
mod query_refund;
mod refund;
mod refund_notice;
mod scheme;
mod settings;
mod support;
mod tampering;
