//! The HTTP API of Paydesk: translates requests into use cases and their answers into JSON.
//!
//! May not hold a rule of the business, nor know SQL or WeChat Pay's formats. Start at
//! `routes.rs` (every route), then `call.rs` (the order of refusals) and `problem.rs` (every
//! refusal).

mod addresses;
mod admin_orders;
mod answer;
mod api_keys;
mod auth;
mod back_office;
mod call;
mod cases;
mod change_bell;
mod checkout;
mod coupons;
mod delivery_rules;
mod docs_page;
mod etag;
mod fulfil;
mod health;
mod idempotency;
mod invariants;
mod json_body;
mod login;
mod openapi;
mod operations;
mod order_actions;
mod orders;
mod points;
mod problem;
mod purchase_list;
mod query;
mod recharges;
mod refunds;
mod request_id;
mod routes;
mod server;
mod skus;
mod state;
mod stock_moves;
mod sync_payment;
#[cfg(test)]
mod tests;
mod wallet;
mod watch;
mod wechatpay_notify;
mod wire;

pub use auth::{ApiKey, Minted};
pub use change_bell::ChangeBell;
pub use openapi::document as openapi_document;
pub use operations::{Exposition, OperationsApi};
pub use server::{ApiSettings, HttpApi, RunningApi, StartError};
pub use state::{ApiState, Readiness, Ready};
pub use watch::{Answered, NoticeOutcome, Watch};
