//! One act of trouble: what it is done to, for how long, and how it is undone.

use crate::chance::Chance;
use crate::chaos::syscalls::{self, Injection};
use crate::clock::pause_ms;
use crate::proxy::{Link, Way};
use crate::stage::Stage;
use crate::stage::node::Order;
use anyhow::Result;

/// Longer than a lease.
const FROZEN_MAX_MS: u64 = 6_000;
/// While these stand still nobody gets anywhere.
const ALL_FROZEN_MAX_MS: u64 = 3_000;
const DOWN_MAX_MS: u64 = 3_000;
/// Recovery comes after it.
const FAILING_MAX_MS: u64 = 1_000;
const CUT_MAX_MS: u64 = 5_000;
const STORM_MAX_MS: u64 = 4_000;
/// WeChat Pay lists two or three certificates, and nobody reads a list without end.
const ROTATIONS_MAX: u64 = 12;
const ROTATED: &str = "sandbox: key rotated";
/// How many times as much trouble a storm brings.
const STORM: u64 = 5;
/// To the other side of every deadline, and some that stay on this side.
const JUMPS_S: [u64; 4] = [70, 300, 1_801, 1_801];

/// What is drawn. `node` and times are set when it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// `kill -9` of a service.
    Kill { node: usize, ms: u64 },
    /// A service is asked to stop, as a deployment does.
    Stop { node: usize, ms: u64 },
    /// A service stands still.
    Freeze { node: usize, ms: u64 },
    /// WeChat Pay stands still.
    FreezeSandbox { ms: u64 },
    /// Immediate stop and restart of the database.
    StopDatabase { ms: u64 },
    /// The database stands still.
    FreezeDatabase { ms: u64 },
    /// `kill -9` of one of the database's processes: it recovers by itself.
    KillBackend { nth: usize },
    /// A link is cut, or takes everything and answers nothing.
    Trouble { wire: Wire, way: Way, ms: u64 },
    /// Much more trouble on all links.
    Storm { ms: u64 },
    /// Time passes at once.
    Jump { seconds: u64 },
    /// WeChat Pay signs with a new key.
    RotateKey,
    /// Nothing is on the merchant's account: refunds are refused for a while.
    EmptyAccount { ms: u64 },
    /// System calls of the database fail.
    Inject { injection: Injection, ms: u64 },
}

/// A link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wire {
    /// From a service to the database.
    Database(usize),
    /// From a service to WeChat Pay.
    WechatPay(usize),
    /// From WeChat Pay to all services.
    Notifications,
    /// From buyers to all services.
    Door,
}

/// What two acts may not have at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ground {
    Service(usize),
    Sandbox,
    Database,
    Wire(Wire),
    Weather,
    Clock,
    Account,
}

/// Every act that can be done here. Their numbers are drawn later.
pub(super) fn possible(injections: &mut dyn Iterator<Item = Injection>) -> Vec<Act> {
    let cut = |wire, way| Act::Trouble { wire, way, ms: 0 };
    let mut acts = vec![
        Act::Kill { node: 0, ms: 0 },
        Act::Kill { node: 0, ms: 0 },
        Act::Kill { node: 0, ms: 0 },
        Act::Stop { node: 0, ms: 0 },
        Act::Freeze { node: 0, ms: 0 },
        Act::Freeze { node: 0, ms: 0 },
        Act::FreezeSandbox { ms: 0 },
        Act::StopDatabase { ms: 0 },
        Act::FreezeDatabase { ms: 0 },
        Act::KillBackend { nth: 0 },
        cut(Wire::Database(0), Way::Refused),
        cut(Wire::Database(0), Way::Silent),
        cut(Wire::WechatPay(0), Way::Refused),
        cut(Wire::WechatPay(0), Way::Silent),
        cut(Wire::Notifications, Way::Refused),
        cut(Wire::Door, Way::Silent),
        Act::Storm { ms: 0 },
        Act::Jump { seconds: 0 },
        Act::Jump { seconds: 0 },
        Act::RotateKey,
        Act::EmptyAccount { ms: 0 },
    ];
    acts.extend(injections.map(|injection| Act::Inject { injection, ms: 0 }));
    acts
}

impl Act {
    /// The same with its numbers drawn.
    pub(super) fn drawn(self, chance: &mut Chance, elder: usize, nodes: usize) -> Act {
        let node = chance.below(nodes);
        let later = chance.below(nodes.saturating_sub(1)).saturating_add(1);
        let mortal = elder.saturating_add(later).checked_rem(nodes).unwrap_or(0);
        let mut ms = |max| chance.doublings(150, max);
        match self {
            Act::Kill { .. } => Act::Kill { node: mortal, ms: ms(DOWN_MAX_MS) },
            Act::Stop { .. } => Act::Stop { node: mortal, ms: ms(DOWN_MAX_MS) },
            Act::Freeze { .. } => Act::Freeze { node, ms: ms(FROZEN_MAX_MS) },
            Act::FreezeSandbox { .. } => Act::FreezeSandbox { ms: ms(ALL_FROZEN_MAX_MS) },
            Act::StopDatabase { .. } => Act::StopDatabase { ms: ms(DOWN_MAX_MS) },
            Act::FreezeDatabase { .. } => Act::FreezeDatabase { ms: ms(ALL_FROZEN_MAX_MS) },
            Act::KillBackend { .. } => Act::KillBackend { nth: chance.below(1_000) },
            Act::Trouble { wire, way, .. } => {
                let wire = match wire {
                    Wire::Database(_) => Wire::Database(node),
                    Wire::WechatPay(_) => Wire::WechatPay(node),
                    Wire::Notifications | Wire::Door => wire,
                };
                Act::Trouble { wire, way, ms: ms(CUT_MAX_MS) }
            }
            Act::Storm { .. } => Act::Storm { ms: ms(STORM_MAX_MS) },
            Act::Jump { .. } => {
                let seconds = JUMPS_S.get(chance.below(JUMPS_S.len())).copied().unwrap_or(70);
                Act::Jump { seconds }
            }
            Act::RotateKey => Act::RotateKey,
            Act::EmptyAccount { .. } => Act::EmptyAccount { ms: ms(CUT_MAX_MS) },
            Act::Inject { injection, .. } => Act::Inject { injection, ms: ms(FAILING_MAX_MS) },
        }
    }

    /// What it is done to.
    pub(super) fn ground(self) -> Ground {
        match self {
            Act::Kill { node, .. } | Act::Stop { node, .. } | Act::Freeze { node, .. } => {
                Ground::Service(node)
            }
            Act::FreezeSandbox { .. } | Act::RotateKey => Ground::Sandbox,
            Act::StopDatabase { .. }
            | Act::FreezeDatabase { .. }
            | Act::KillBackend { .. }
            | Act::Inject { .. } => Ground::Database,
            Act::Trouble { wire, .. } => Ground::Wire(wire),
            Act::Storm { .. } => Ground::Weather,
            Act::Jump { .. } => Ground::Clock,
            Act::EmptyAccount { .. } => Ground::Account,
        }
    }

    /// Does it and undoes it.
    pub(super) async fn perform(self, stage: &Stage) -> Result<()> {
        let watch = &stage.watch;
        watch.journal.note(&format!("{self:?}"));
        match self {
            Act::Kill { node, ms } => order(stage, node, Order::Kill { down_ms: ms }).await,
            Act::Stop { node, ms } => order(stage, node, Order::Stop { down_ms: ms }).await,
            Act::Freeze { node, ms } => order(stage, node, Order::Freeze { for_ms: ms }).await,
            Act::FreezeSandbox { ms } => {
                stage.sandbox_process.order(Order::Freeze { for_ms: ms }).await;
            }
            Act::StopDatabase { ms } => {
                stage.database.lock().await.stop_at_once(ms).await?;
                watch.tally.count("database: stopped at once and started again");
            }
            Act::FreezeDatabase { ms } => {
                stage.database.lock().await.freeze(ms).await?;
                watch.tally.count("database: frozen and thawed");
            }
            Act::KillBackend { nth } => {
                if stage.database.lock().await.kill_backend(nth)? {
                    watch.tally.count("database: one of its processes killed");
                }
            }
            Act::Trouble { wire, way, ms } => {
                let link = link(stage, wire);
                link.set(way);
                pause_ms(ms).await;
                link.set(Way::Open);
                let how =
                    if way == Way::Silent { "silent for a while" } else { "down for a while" };
                watch.tally.count(format!("{}: link {how}", link.name));
            }
            Act::Storm { ms } => {
                watch.weather.set(STORM);
                pause_ms(ms).await;
                watch.weather.set(1);
                watch.tally.count("weather: storms");
            }
            Act::Jump { seconds } => {
                stage.sandbox.advance(seconds).await?;
                watch.tally.count(format!("time: {seconds} s passed at once"));
            }
            Act::RotateKey if watch.tally.of(ROTATED) < ROTATIONS_MAX => {
                stage.sandbox.rotate_key().await?;
                watch.tally.count(ROTATED);
            }
            Act::RotateKey => {}
            Act::EmptyAccount { ms } => {
                stage.sandbox.balance("short_refuses").await?;
                pause_ms(ms).await;
                stage.sandbox.balance("enough").await?;
                watch.tally.count("sandbox: merchant's account empty for a while");
            }
            Act::Inject { injection, ms } => syscalls::inject(stage, injection, ms).await?,
        }
        Ok(())
    }
}

async fn order(stage: &Stage, node: usize, order: Order) {
    if let Some(node) = stage.nodes.get(node) {
        node.order(order).await;
    }
}

fn link(stage: &Stage, wire: Wire) -> &Link {
    let of = |nth: usize| (stage.wechat.get(nth), stage.postgres.get(nth));
    match wire {
        Wire::Database(nth) => of(nth).1.map_or(&stage.door.link, |proxy| &proxy.link),
        Wire::WechatPay(nth) => of(nth).0.map_or(&stage.door.link, |proxy| &proxy.link),
        Wire::Notifications => &stage.notify.link,
        Wire::Door => &stage.door.link,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_elder_is_never_killed_and_the_others_are() {
        const NODES: usize = 3;
        let mut chance = Chance::of(1, "acts");
        for elder in 0..NODES {
            let mut met = [false; NODES];
            for _ in 0..200 {
                let act = Act::Kill { node: 0, ms: 0 }.drawn(&mut chance, elder, NODES);
                let Ground::Service(node) = act.ground() else { panic!("{act:?}") };
                met[node] = true;
            }
            assert_eq!(met.iter().filter(|met| **met).count(), NODES - 1);
            assert!(!met[elder]);
        }
    }
}
