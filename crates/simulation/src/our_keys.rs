//! The merchant's own keys, replaced while everything goes on: the one that signs our requests, and the APIv3 key
//! that notifications are sealed with. WeChat Pay, the configuration and each node have them at times of their own.

use crate::kernel::{Home, Label};
use crate::tape::Kind;
use crate::time::SECOND;
use crate::wechat::Keys;
use crate::world::World;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The numbers of our newest keys.
#[derive(Default)]
pub(crate) struct OurKeys {
    /// Of those that were begun with; the others follow.
    begun: AtomicU32,
    /// Of those that the configuration names first. It names those before, too, as docs/configuration.md says.
    configured: AtomicU32,
    /// Of those that have replaced the ones before, on both sides.
    replaced: AtomicU32,
}

/// Who has the new keys first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    /// As it should be done.
    Configuration,
    /// The old key is revoked before anybody has put the new one into the configuration.
    WeChatPay,
}

impl World {
    /// Replaces our keys; whether there are others, and none are being replaced. `gaps` are between the steps, in
    /// microseconds.
    pub(crate) fn replace_our_keys(self: &Arc<World>, first: First, gaps: [i64; 2]) -> bool {
        let number = self.our_keys.begun.load(Ordering::Relaxed);
        let is_under_way = number != self.our_keys.replaced.load(Ordering::Relaxed);
        if is_under_way || !self.wechat.keys().are_more_than(number) {
            return false;
        }
        let next = number.saturating_add(1);
        self.our_keys.begun.store(next, Ordering::Relaxed);
        let world = Arc::clone(self);
        self.kernel.spawn(Home::Outside, Label::default(), async move {
            let [between, until_revoked] = gaps;
            if first == First::Configuration {
                world.configure_keys(next).await;
                world.kernel.sleep(between).await;
            }
            world.wechat.know_ours(next);
            world.tell_of_keys("WeChat Pay", "knows our new keys");
            if first == First::Configuration {
                world.kernel.sleep(until_revoked).await;
            }
            world.wechat.revoke_ours(number);
            world.tell_of_keys("WeChat Pay", "revokes our old key");
            if first == First::WeChatPay {
                world.kernel.sleep(between).await;
                world.configure_keys(next).await;
            }
            world.our_keys.replaced.store(next, Ordering::Relaxed);
        });
        true
    }

    /// What was begun is done: nobody is in the middle of it.
    pub(crate) fn settle_our_keys(&self) {
        let newest = self.our_keys.begun.load(Ordering::Relaxed);
        if newest > 0 {
            self.wechat.know_ours(newest);
            self.wechat.revoke_ours(newest.saturating_sub(1));
            self.our_keys.configured.store(newest, Ordering::Relaxed);
            self.our_keys.replaced.store(newest, Ordering::Relaxed);
            (0..self.setup.nodes).for_each(|node| self.read_keys(node));
        }
    }

    /// The number of the keys that the configuration names first.
    pub(crate) fn configured_keys(&self) -> u32 {
        self.our_keys.configured.load(Ordering::Relaxed)
    }

    /// Whether our first keys are not all that there are.
    pub(crate) fn has_other_keys(&self) -> bool {
        self.our_keys.begun.load(Ordering::Relaxed) > 0
    }

    /// The configuration changes, and each node sees it when it looks again.
    async fn configure_keys(&self, number: u32) {
        self.our_keys.configured.fetch_max(number, Ordering::Relaxed);
        self.tell_of_keys("operator", "puts our new keys into the configuration");
        for node in 0..self.setup.nodes {
            if self.plan().is_none() {
                let seconds = self.kernel.draw(Kind::Weather, node, 4);
                self.kernel.sleep(i64::from(seconds).saturating_mul(SECOND)).await;
            }
            self.read_keys(node);
        }
    }

    /// A node reads its keys again, if it serves; one that starts has just done so.
    pub(crate) fn read_keys(&self, node: u32) {
        let Some(client) = self.node(node).and_then(crate::node::Node::client) else { return };
        if let Err(why) = client.renew(&self.wechat.keys().client(self.configured_keys())) {
            self.chronicle.violated("P0", "nothing panics", format!("our keys are wrong: {why}"));
        }
    }

    fn tell_of_keys(&self, who: &str, what: &str) {
        self.chronicle.say(|| who.to_owned(), None, || what.to_owned());
    }
}

impl Keys {
    /// Whether there are keys of ours after these.
    fn are_more_than(&self, number: u32) -> bool {
        number.saturating_add(1) < self.ours()
    }
}
