//! What an order is and what may happen to it: state machines, money, numbers, changesets, ports.
//!
//! Reads no clock, draws no randomness, awaits nothing, knows no HTTP, SQL or JSON, and never
//! panics on data it was given. Start at [`order::Order::decide`].
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

pub mod bill;
pub mod buyer;
pub mod card;
pub mod case;
pub mod cash;
pub mod catalogue;
pub mod changeset;
pub mod coupon;
pub mod delivery;
pub mod fact;
pub mod ids;
pub mod job;
pub mod ledger;
pub mod money;
pub mod names;
pub mod numbers;
pub mod order;
pub mod outgoing;
pub mod pace;
pub mod payment;
pub mod ports;
pub mod presentation;
pub mod pricing;
pub mod recharge;
pub mod refund;
pub mod shipment;
pub mod shipping_info;
pub mod stock;
pub mod time;

pub use ids::{CaseId, CommandId, Epoch, OrderId, UserId};
pub use money::Fen;
pub use numbers::{OrderNumber, OutRefundNo, OutTradeNo};
pub use pace::Pace;
pub use time::Timestamp;
