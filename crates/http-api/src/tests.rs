//! The API as its clients see it, over ports that live in memory.

mod actions;
mod api_keys;
mod cases;
mod coupons;
mod delivery_rules;
mod docs_page;
mod fake;
mod fake_coupons;
mod fake_doors;
mod fake_ledger;
mod fake_shop;
mod fake_wechat;
mod front;
mod fulfilling;
mod let_in;
mod listener;
mod looking;
mod memory_store;
mod notices;
mod paying;
mod problems;
mod purchases;
mod refunding;
mod refusal_order;
mod refusals;
mod waiting;
