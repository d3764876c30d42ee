//! What kind of world a seed makes: which faults, flows and actors are on, and at what rates.
//!
//! Every choice is drawn from the tape, the tame one first.

mod bills;

pub use bills::Bills;

use crate::actors::{LATER_WHIMS, Whim};
use crate::kernel::Kernel;
use crate::matrix::Fault;
use crate::tape::{Kind, below};
use crate::time::{MILLI, SECOND};
use wechatpay_sim::core::settings::{
    CloseUnknown, RefundTooSoon, ResendBody, Spelling, Verification,
};

/// A world without one of the safety nets, or with more of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// Nothing is missing.
    #[default]
    Whole,
    /// No notification ever arrives.
    NoNotifications,
    /// A notification about a payment that we have stored is not sent again, though it was not
    /// acknowledged.
    KeptOnce,
    /// Nobody asks WeChat Pay by the ladder.
    NoPolling,
    /// One node.
    OneNode,
    /// Four nodes.
    FourNodes,
    /// Leases end before a slow job does, and nobody renews them. (A lease of no length at all
    /// would refuse every write of every job.)
    ShortLeases,
    /// Workers look ten times less often.
    SlowWorkers,
}

impl Variant {
    /// Every variant.
    pub const ALL: [Variant; 8] = [
        Variant::Whole,
        Variant::NoNotifications,
        Variant::NoPolling,
        Variant::OneNode,
        Variant::FourNodes,
        Variant::ShortLeases,
        Variant::SlowWorkers,
        Variant::KeptOnce,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Variant::Whole => "whole",
            Variant::NoNotifications => "no-notifications",
            Variant::KeptOnce => "kept-once",
            Variant::NoPolling => "no-polling",
            Variant::OneNode => "one-node",
            Variant::FourNodes => "four-nodes",
            Variant::ShortLeases => "short-leases",
            Variant::SlowWorkers => "slow-workers",
        }
    }

    /// The variant of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Variant> {
        Variant::ALL.into_iter().find(|variant| variant.name() == name)
    }
}

/// A world, as it is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Makes ids and numbers.
    pub seed: u64,
    /// What is missing.
    pub variant: Variant,
    /// How many nodes serve.
    pub nodes: u32,
    /// How many buyers there are.
    pub buyers: u32,
    /// How many times each of them buys, at most.
    pub purchases: u32,
    /// How long a checkout can be paid, in seconds.
    pub deadline_s: i64,
    /// For how long a job is claimed, in milliseconds.
    pub lease_ms: u64,
    /// How many jobs a node performs at once.
    pub parallel: usize,
    /// How long a worker waits at most before it looks for work, in microseconds.
    pub idle: i64,
    /// How often WeChat Pay may be asked by one node, per second.
    pub queries_per_s: u32,
    /// How often each fault happens where it can, in ten-thousandths, by [`Fault::index`].
    pub rates: [u32; Fault::ALL.len()],
    /// How often a node dies or stands still by itself, per minute, in ten-thousandths.
    pub weather: u32,
    /// How far each node's clock is ahead, and what it gains a second, in microseconds.
    pub clocks: Vec<(i64, i64)>,
    /// How far the store's clock is ahead, in microseconds.
    pub store_ahead: i64,
    /// How many different order numbers there are in a second.
    pub numbers: u64,
    /// Which whims buyers have, as bits of [`crate::actors::Whim`].
    pub whims: u32,
    /// Whether signatures are real. Such a world has few orders: one real signature costs about as
    /// much as an order's whole life.
    pub rsa: bool,
    /// Which keys WeChat Pay signs with.
    pub verification: Verification,
    /// What a close of an unknown number does.
    pub close_unknown: CloseUnknown,
    /// How codes are spelt.
    pub spelling: Spelling,
    /// How long a refund is under way, in milliseconds.
    pub refund_takes_ms: u64,
    /// How a refund is refused that comes too soon after another.
    pub refund_too_soon: RefundTooSoon,
    /// What a notification that is sent again looks like.
    pub resend_body: ResendBody,
    /// Whether it goes on for days after it has come to rest.
    pub lasts: bool,
    /// How busy the back office is: 0 for not at all.
    pub office: u32,
    /// Whether the bills of the day are fetched the next morning, and how WeChat Pay writes them.
    pub bills: Option<Bills>,
}

/// Where leases are short, they last this long: three calls that nothing befalls fit in, and none
/// that is not answered.
const SHORT_LEASE_MS: u64 = 400;
/// So often they happen there at most, in ten-thousandths.
const SLOW_MAX: u32 = 400;
/// What makes a job last longer than such a lease.
const SLOW_FAULTS: [Fault; 5] =
    [Fault::LostAnswer, Fault::NeverArrives, Fault::Late, Fault::Reordered, Fault::FailoverUnknown];
/// Who looks seldom takes so many jobs at once; less, and the work is never done.
const SLOW_PARALLEL: usize = 8;
/// Some of the seeds have one class of faults alone.
const ONE_FAULT: u64 = 20;
/// Some have none.
const NO_FAULT: u64 = 6;
const RATES: [u32; 4] = [50, 150, 400, 1_200];

impl Setup {
    /// Draws a world. `variant` is taken where it is given, and drawn where not.
    #[must_use]
    pub fn draw(kernel: &Kernel, seed: u64, variant: Option<Variant>) -> Setup {
        let drawn = Draw(kernel);
        let one_in_four = drawn.below(4) == 3;
        let other = drawn.one_of(&Variant::ALL);
        let variant = variant.unwrap_or(if one_in_four { other } else { Variant::Whole });
        let nodes = drawn.one_of(&[1, 2, 2, 3, 4]);
        let nodes = match variant {
            Variant::OneNode => 1,
            Variant::FourNodes => 4,
            Variant::Whole
            | Variant::NoNotifications
            | Variant::KeptOnce
            | Variant::NoPolling
            | Variant::ShortLeases
            | Variant::SlowWorkers => nodes,
        };
        let idle = drawn.one_of(&[5 * SECOND, 500 * MILLI, 2 * SECOND, 15 * SECOND]);
        let lease_ms = drawn.one_of(&[60_000, 10_000, 3_000]);
        let clocks = (0..nodes).map(|_| drawn.clock()).collect();
        let setup = Setup {
            seed,
            variant,
            nodes,
            buyers: drawn.one_of(&[2, 3, 4, 6, 8]),
            purchases: drawn.one_of(&[1, 2, 3, 4]),
            deadline_s: drawn.one_of(&[300, 120, 180, 900, 1_800]),
            lease_ms: if variant == Variant::ShortLeases { SHORT_LEASE_MS } else { lease_ms },
            parallel: drawn.one_of(&[SLOW_PARALLEL, 1, 2, 4]),
            idle: if variant == Variant::SlowWorkers { idle.saturating_mul(10) } else { idle },
            queries_per_s: drawn.one_of(&[100, 20, 5]),
            rates: drawn.rates(),
            weather: drawn.one_of(&[0, 0, 200, 1_000]),
            clocks,
            store_ahead: drawn.one_of(&[
                0,
                0,
                0,
                0,
                SECOND,
                -3 * SECOND,
                200 * SECOND,
                -400 * SECOND,
            ]),
            numbers: drawn.one_of(&[1 << 60, 1 << 60, 1 << 60, 2, 5]),
            whims: drawn.bits(19),
            rsa: kernel.choose(Kind::Swarm, 0, 2, |chance| u32::from(chance % 1_000 == 0)) == 1,
            verification: drawn.one_of(&[
                Verification::PublicKey,
                Verification::Mixed,
                Verification::Certificate,
            ]),
            close_unknown: drawn.one_of(&[CloseUnknown::Burns, CloseUnknown::NotFound]),
            spelling: drawn.one_of(&[Spelling::Current, Spelling::Older]),
            refund_takes_ms: drawn.one_of(&[5_000, 0, 30_000]),
            refund_too_soon: drawn
                .one_of(&[RefundTooSoon::FrequencyLimited, RefundTooSoon::InvalidRequest]),
            resend_body: drawn.one_of(&[ResendBody::EncryptedAnew, ResendBody::Identical]),
            lasts: kernel.choose(Kind::Swarm, 0, 2, |chance| u32::from(chance % 32 == 0)) == 1,
            office: 0,
            bills: None,
        };
        let later = drawn.bits(LATER_WHIMS) << 19;
        // Drawn last, so that tapes that were kept mean what they meant.
        let office = drawn.one_of(&[0, 0, 0, 0, 1, 2]);
        let setup = Setup { whims: setup.whims | later, office, bills: drawn.bills(), ..setup };
        let setup = if setup.rsa { Setup { buyers: 2, purchases: 1, ..setup } } else { setup };
        setup.possible()
    }

    /// Without what cannot be endured together (`docs/simulation.md`, what it takes for granted).
    fn possible(mut self) -> Setup {
        if self.variant == Variant::NoPolling {
            // What was acknowledged and lost, only a question brings back.
            self.rates[Fault::FailoverLosing.index()] = 0;
        }
        if self.variant == Variant::SlowWorkers {
            self.parallel = SLOW_PARALLEL;
        }
        if self.variant == Variant::ShortLeases {
            // A job that loses its lease thirty times in a row is set aside, and should be.
            for slow in SLOW_FAULTS {
                let rate = &mut self.rates[slow.index()];
                *rate = SLOW_MAX.min(*rate);
            }
        }
        if self.may_lose_commits() {
            // Cash is taken once, by hand: what a failover loses of it is met less often than other losses.
            self.whims &= !(Whim::Ghost.bit() | Whim::Hasty.bit());
            self.whims |= Whim::AtTheDoor.bit() | Whim::Converts.bit();
        }
        self
    }

    /// Whether acknowledged commits may be lost.
    #[must_use]
    pub fn may_lose_commits(&self) -> bool {
        self.rates[Fault::FailoverLosing.index()] > 0
    }
}

struct Draw<'a>(&'a Kernel);

impl Draw<'_> {
    fn below(&self, bound: u32) -> u32 {
        self.0.draw(Kind::Swarm, 0, bound)
    }

    fn one_of<T: Copy>(&self, choices: &[T]) -> T {
        let bound = u32::try_from(choices.len()).unwrap_or(u32::MAX);
        let index = usize::try_from(self.below(bound)).unwrap_or(0);
        choices[index.min(choices.len().saturating_sub(1))]
    }

    /// Mostly right; else wrong by a little, by minutes, or by a day.
    fn clock(&self) -> (i64, i64) {
        let ahead = self.one_of(&[
            0,
            0,
            0,
            0,
            300 * MILLI,
            -2 * SECOND,
            90 * SECOND,
            -400 * SECOND,
            86_400 * SECOND,
            -86_400 * SECOND,
        ]);
        (ahead, self.one_of(&[0, 0, 0, 40, -40, 2_000]))
    }

    /// Each of `count` bits is on as often as off; the tame one is off.
    fn bits(&self, count: u32) -> u32 {
        (0..count).fold(0, |bits, bit| bits | (self.below(2) << bit))
    }

    fn rates(&self) -> [u32; Fault::ALL.len()] {
        let mut rates = [0; Fault::ALL.len()];
        let all = u32::try_from(rates.len()).unwrap_or(0);
        let kind = self.0.choose(Kind::Swarm, 0, 3, |chance| match chance % 100 {
            some if some < NO_FAULT => 0,
            some if some < NO_FAULT + ONE_FAULT => 1,
            _ => 2,
        });
        let only = self.0.choose(Kind::Swarm, 0, all, |chance| below(chance, all));
        let only = usize::try_from(only).unwrap_or(0);
        for (index, rate) in rates.iter_mut().enumerate() {
            let (is_on, level) = (self.below(2) == 1, self.one_of(&RATES));
            *rate = match kind {
                0 => 0,
                1 if index == only => 1_500,
                1 => 0,
                _ if is_on => level,
                _ => 0,
            };
            *rate /= rarity(index);
        }
        rates
    }
}

/// Who dies, stands still, or has no store, at every tenth step never gets anywhere.
fn rarity(index: usize) -> u32 {
    let is = |faults: &[Fault]| faults.iter().any(|fault| fault.index() == index);
    if is(&[Fault::CrashBefore, Fault::CrashAfter, Fault::StoreDown, Fault::FailoverLosing]) {
        16
    } else if is(&[Fault::LeaseLost, Fault::Second]) {
        8
    } else {
        1
    }
}
