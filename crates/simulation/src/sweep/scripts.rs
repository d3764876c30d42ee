//! The scripts: one canonical run of each flow, with everything else still.
//!
//! A script says what its people do, and how it may end. The first ending is that of a run without
//! faults; the others are those that time alone can bring about: a payer who comes too late.

mod after_all;
mod ahead;
mod bills;
mod cancelling;
mod coupons;
mod door;
mod goods;
mod orphans;
mod payments;
mod refunds;
mod shop;

use super::client::Client;
use crate::matrix::Flow;
use crate::node::{OVERTAKEN, Said};
use crate::plan::Place;
use crate::setup::{Setup, Variant};
use crate::time::SECOND;
use domain::payment::TradeType;
use std::future::Future;
use std::pin::Pin;
use wechatpay_sim::core::settings::Verification;

/// What its people do; one client for each of them.
type Plays = fn(Vec<Client>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// One script.
pub struct Script {
    /// As it is given on the command line.
    pub name: &'static str,
    /// What happens in it.
    pub about: &'static str,
    /// How it may end, the end of a run without faults first.
    pub endings: &'static [&'static str],
    /// How else it may end when acknowledged commits were lost on the way.
    pub healed: &'static [&'static str],
    variant: Variant,
    people: u32,
    /// How the first refund ends, as `node/transport.rs` numbers it.
    refunds_end: u32,
    /// Its order is to be paid at the door: each online payment of it has its own end.
    no_deadline: bool,
    /// It goes on until the next morning, and is struck only then: its day is another script's.
    next_morning: bool,
    plays: Plays,
}

const PAID: &str = "ready, paid by jsapi";
const PAID_BY_CODE: &str = "ready, paid by native";
const CANCELLED: &str = "cancelled";
const SURPLUS: &str = "cancelled, jsapi surplus, all is back";
/// Paid first, then cancelled: everything goes back.
const CALLED_OFF: &str = "cancelled, paid by jsapi, all is back";

/// A failover lost the order before its payer saw it.
const GONE: &str = "nothing";
/// A failover lost an order that was paid: its money goes back, by what WeChat Pay tells of it.
const REFUNDED_AS_LOST: &str = SURPLUS;
const REFUNDED_AS_LOST_BY_CODE: &str = "cancelled, native surplus, all is back";

/// Every script.
pub fn all() -> impl Iterator<Item = &'static Script> {
    [
        payments::ALL,
        cancelling::ALL,
        goods::ALL,
        door::ALL,
        refunds::ALL,
        after_all::ALL,
        coupons::ALL,
        orphans::ALL,
        ahead::ALL,
        shop::ALL,
        bills::ALL,
    ]
    .into_iter()
    .flatten()
}

/// The script of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Script> {
    all().find(|script| script.name == name)
}

impl Script {
    const fn new(
        name: &'static str,
        about: &'static str,
        endings: &'static [&'static str],
        plays: Plays,
    ) -> Script {
        let variant = Variant::Whole;
        Script {
            name,
            about,
            endings,
            healed: &[],
            variant,
            people: 1,
            refunds_end: 0,
            no_deadline: false,
            next_morning: false,
            plays,
        }
    }

    /// Where acknowledged commits were lost it may end so, too.
    const fn healed(self, healed: &'static [&'static str]) -> Script {
        Script { healed, ..self }
    }

    /// No notification ever arrives.
    const fn unsaid(self) -> Script {
        Script { variant: Variant::NoNotifications, ..self }
    }

    /// So many people take part.
    const fn of(self, people: u32) -> Script {
        Script { people, ..self }
    }

    /// Its order is to be paid at the door.
    const fn at_the_door(self) -> Script {
        Script { no_deadline: true, ..self }
    }

    /// The first refund ends so, by the number that `node/transport.rs` gives it.
    const fn first_refund(self, refunds_end: u32) -> Script {
        Script { refunds_end, ..self }
    }

    /// It is struck the morning after, when bills are fetched.
    const fn the_next_morning(self) -> Script {
        Script { next_morning: true, ..self }
    }

    /// Whether it goes on until the next morning.
    #[must_use]
    pub(super) fn lasts_until_morning(&self) -> bool {
        self.next_morning
    }

    /// Whether it is there to be struck at this place.
    #[must_use]
    pub fn is_about(&self, place: &Place) -> bool {
        !self.next_morning || place.flow == Flow::Bill
    }

    /// Whether its order has no deadline, so that each payment of it ends when it was asked to.
    #[must_use]
    pub fn has_no_deadline(&self) -> bool {
        self.no_deadline
    }

    /// Whether a request for a refund is under way in it for longer than a failover takes.
    #[must_use]
    pub fn outlasts_a_failover(&self) -> bool {
        self.refunds_end == OVERTAKEN
    }

    /// How many people take part.
    #[must_use]
    pub fn people(&self) -> u32 {
        self.people
    }

    /// How the first refund ends, as `node/transport.rs` numbers it.
    #[must_use]
    pub fn refunds_end(&self) -> u32 {
        self.refunds_end
    }

    /// The world it plays in, made from the tamest one.
    #[must_use]
    pub fn setup(&self, tame: &Setup) -> Setup {
        Setup {
            variant: self.variant,
            nodes: 2,
            clocks: vec![(0, 0); 2],
            // There is one of what is scarce, however many want it.
            buyers: 1,
            purchases: 1,
            lease_ms: 10_000,
            idle: 5 * SECOND,
            // Certificates, so that keys are fetched and can change.
            verification: Verification::Certificate,
            ..tame.clone()
        }
    }

    /// Whether it may end so after acknowledged commits were lost: every order as some order of it
    /// may. How many there are then depends on which of them were lost; and what had gone back before
    /// is wanted back once more, which WeChat Pay refuses.
    #[must_use]
    pub(super) fn may_heal_to(&self, words: &str) -> bool {
        let known =
            || self.endings.iter().chain(self.healed).flat_map(|ending| ending.split(" + "));
        let is_listed = |order: &str| known().any(|known| known == order);
        let is_known = |order: &str| {
            let once = order.strip_suffix(", all rejected");
            // Until WeChat Pay tells of it again there is a case, and the oracle has seen it.
            let untold = order.replace("all rejected", "all is back");
            is_listed(order)
                || once.is_some_and(|once| once.ends_with("all is back") && is_listed(once))
                || is_listed(&untold)
        };
        self.healed.contains(&words) || (words != GONE && words.split(" + ").all(is_known))
    }

    /// Its people do what they do.
    pub(super) async fn play(&self, people: Vec<Client>) {
        (self.plays)(people).await;
    }
}

/// One of the people.
fn the(people: Vec<Client>) -> Option<Client> {
    people.into_iter().next()
}

/// One of the people, who has asked for tea, paid as `by` says or later, and what they were answered.
async fn having_tea(people: Vec<Client>, by: Option<TradeType>) -> Option<(Client, Said)> {
    let mut buyer = the(people)?;
    let item = buyer.list("tea")?;
    let said = buyer.check_out(item, by).await?;
    Some((buyer, said))
}

/// Looks until the order that was answered is paid.
async fn until_paid(buyer: &Client, said: &Said) {
    if let Some(seen) = &said.seen {
        buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_loss_every_order_ends_as_some_order_of_the_script_may() {
        let script = named("last-piece").unwrap();
        assert!(script.may_heal_to("cancelled, jsapi surplus, all is back + ready, paid by jsapi"));
        assert!(script.may_heal_to(PAID));
        assert!(!script.may_heal_to("cancelled, jsapi surplus, all requested"));
        assert!(script.may_heal_to("cancelled, jsapi surplus, all is back, all rejected"));
        assert!(script.may_heal_to("cancelled, jsapi surplus, all rejected"));
        assert!(!script.may_heal_to("ready, paid by jsapi, all rejected"));
        assert!(!script.may_heal_to(GONE));
        assert!(named("free").unwrap().may_heal_to(GONE));
    }
}
