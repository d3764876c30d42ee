//! The protocol, exhaustively: every state that one order with two payments can get into when
//! everything that can go wrong does, at any moment and in any order.
//!
//! What is decided is decided by the real functions of `domain`; what is modelled are the small
//! steps of the use cases, WeChat Pay, the payer, and the faults. Start at [`World`] (one state),
//! then [`Model::steps`] (what can happen next), `promise.rs` (what must be true) and [`explore`].
//! Bounds and abstractions: `docs/model.md`.

mod book;
mod bounds;
mod deed;
mod explore;
mod heal;
mod model;
mod opening;
mod promise;
mod quick;
mod races;
mod step;
mod steps;
mod story;
mod wechat;
mod world;

pub use book::{Book, OrderRef};
pub use bounds::{Bounds, Flaw, Payer, Placed};
pub use deed::{Answer, Asked, By, Deed, Refunding, Says};
pub use explore::{Explored, explore};
pub use model::Model;
pub use promise::Broken;
pub use races::{RACES, Race};
pub use step::{CallEnds, RefundEnds, Step};
pub use steps::Steps;
pub use story::Story;
pub use wechat::{Owed, Truth};
pub use world::{Caller, Heard, LOST_MAX, Late, Number, Phase, Refunder, Undurable, Which, World};
