//! The API as its clients see it, over ports that live in memory.

mod fake;
mod fake_shop;
mod front;
mod listener;
mod memory_store;
mod notices;
mod problems;
mod purchases;
mod refusal_order;
mod waiting;
