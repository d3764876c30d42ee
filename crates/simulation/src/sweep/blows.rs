//! Every way in which a place can be struck, by name: the faults of `reliability.md` §3, each in as
//! many ways as it has.

use crate::kernel::Home;
use crate::matrix::Fault;
use crate::matrix::letters::{Letter, letter};
use crate::node::FAILOVER;
use crate::plan::{Act, Blow, CONFIGURED_AFTER, Place, Site};
use crate::time::{MILLI, SECOND};

/// A blow with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// As it is given on the command line.
    pub name: &'static str,
    /// What it does.
    pub blow: Blow,
    /// Where.
    sites: &'static [Site],
    /// Only at a place of this name; anywhere for an empty one.
    only: &'static str,
}

use Site::{Call, Commit, Notice, NoticeReply, Reply, Request, Use};

/// A dead node lives again within so long.
const REVIVAL: i64 = 3 * SECOND;
/// A failover is over within so long, and who met it tries again.
const FAILS_OVER: i64 = FAILOVER + 2 * SECOND;
/// Where a failover comes that no commit brought about.
const BETWEEN_COMMITS: &[Site] = &[Request, Reply, Notice, NoticeReply, Use, Call];
/// A call that nobody answers is given up within so long.
const CALL: i64 = 6 * SECOND;

/// A fault of the place itself.
const fn fails(
    name: &'static str,
    fault: Fault,
    how: u32,
    lasts: i64,
    sites: &'static [Site],
) -> Named {
    Named { name, blow: Blow { fault, act: Act::Fails(how), lasts }, sites, only: "" }
}

/// The same, at places of one name alone.
const fn fails_at(
    only: &'static str,
    name: &'static str,
    fault: Fault,
    how: u32,
    lasts: i64,
) -> Named {
    Named { name, blow: Blow { fault, act: Act::Fails(how), lasts }, sites: &[Call, Commit], only }
}

/// Something that happens beside the place.
const fn acts(
    name: &'static str,
    fault: Fault,
    act: Act,
    lasts: i64,
    sites: &'static [Site],
) -> Named {
    Named { name, blow: Blow { fault, act, lasts }, sites, only: "" }
}

/// Everything that can strike a place.
const ALL: &[Named] = &[
    fails(
        "Cb",
        Fault::CrashBefore,
        0,
        REVIVAL,
        &[Request, Reply, Notice, NoticeReply, Use, Commit, Call],
    ),
    fails(
        "Ca",
        Fault::CrashAfter,
        0,
        REVIVAL,
        &[Request, Reply, Notice, NoticeReply, Use, Commit, Call],
    ),
    fails(
        "LA",
        Fault::LostAnswer,
        0,
        CALL,
        &[Request, Reply, Notice, NoticeReply, Use, Commit, Call],
    ),
    fails("NR", Fault::NeverArrives, 0, CALL, &[Request, Notice, Commit, Call]),
    fails("NR-slow", Fault::NeverArrives, 1, CALL, &[Call]),
    fails("DL", Fault::Late, 0, 11 * SECOND, &[Request, Notice, NoticeReply, Use, Commit, Call]),
    fails("DL", Fault::Late, 1, SECOND, &[Reply]),
    fails("DL-long", Fault::Late, 29, 30 * SECOND, &[Request]),
    fails("DL-long", Fault::Late, 11, 11 * SECOND, &[Reply]),
    fails("DL-long", Fault::Late, 14, 226 * SECOND, &[Notice]),
    fails("DL-long", Fault::Late, 9, 3 * SECOND, &[Use]),
    fails("DL-long", Fault::Late, 15, 4 * SECOND, &[Commit]),
    fails("DL-long", Fault::Late, 1, 36 * SECOND, &[Call]),
    fails("DL-stale", Fault::Late, 19, 401 * SECOND, &[Notice]),
    fails("DL-stale", Fault::Late, 2, 206 * SECOND, &[Call]),
    fails_at("prepay", "DL-held", Fault::Late, 3, 61 * SECOND),
    fails_at("close", "DL-held", Fault::Late, 3, 61 * SECOND),
    fails_at("prepay", "DL-horizon", Fault::Late, 4, 591 * SECOND),
    fails_at("close", "DL-horizon", Fault::Late, 4, 591 * SECOND),
    fails_at("prepay", "DL-closed", Fault::Late, 5, 591 * SECOND),
    fails("DUP", Fault::Twice, 0, CALL, &[Request, Notice, Commit, Call]),
    fails("RO", Fault::Reordered, 0, SECOND, &[Request, Notice, Commit, Call]),
    fails("RO-long", Fault::Reordered, 15, 4 * SECOND, &[Request, Notice, Commit, Call]),
    fails("SF", Fault::Serialization, 0, 0, &[Commit]),
    fails_at("placed", "UV", Fault::Twin, 0, 0),
    fails("DBU-lost", Fault::FailoverUnknown, 0, 4 * SECOND, &[Commit]),
    fails("DBU-done", Fault::FailoverUnknown, 1, 4 * SECOND, &[Commit]),
    fails("DBL", Fault::FailoverLosing, 0, FAILS_OVER, &[Commit]),
    fails("DBL-2", Fault::FailoverLosing, 1, FAILS_OVER, &[Commit]),
    fails("DBL-3", Fault::FailoverLosing, 2, FAILS_OVER, &[Commit]),
    acts("DBL", Fault::FailoverLosing, Act::Loses(1), FAILS_OVER, BETWEEN_COMMITS),
    acts("DBL-2", Fault::FailoverLosing, Act::Loses(2), FAILS_OVER, BETWEEN_COMMITS),
    acts("DBL-3", Fault::FailoverLosing, Act::Loses(3), FAILS_OVER, BETWEEN_COMMITS),
    fails("DBD", Fault::StoreDown, 0, 4 * SECOND, &[Use, Commit]),
    fails("DBD-long", Fault::StoreDown, 7, 11 * SECOND, &[Use, Commit]),
    acts("DBD", Fault::StoreDown, Act::StoreGone(SECOND), 4 * SECOND, &[Request, Notice, Call]),
    acts(
        "DBD-long",
        Fault::StoreDown,
        Act::StoreGone(8 * SECOND),
        11 * SECOND,
        &[Request, Notice, Call],
    ),
    fails("E5-before", Fault::ServerError, 0, 0, &[Call]),
    fails("E5-after", Fault::ServerError, 1, 0, &[Call]),
    fails("E5-502", Fault::ServerError, 2, 0, &[Call]),
    fails("E5-504", Fault::ServerError, 3, 0, &[Call]),
    fails_at("prepay", "E4-param", Fault::Definite, 0, 0),
    fails_at("prepay", "E4-account", Fault::Definite, 1, 0),
    fails_at("refund", "E4-money", Fault::Definite, 0, 0),
    fails_at("refund", "E4-param", Fault::Definite, 1, 0),
    fails_at("trade bill", "E4-auth", Fault::Definite, 0, 0),
    fails_at("fund flow bill", "E4-auth", Fault::Definite, 0, 0),
    fails("E4", Fault::Definite, 2, 0, &[Call]),
    fails("RL", Fault::RateLimited, 0, 0, &[Request, Notice, Call]),
    fails("BAD", Fault::Bad, 0, 0, &[Notice, Call]),
    fails("BAD-signature", Fault::Bad, 1, 0, &[Notice]),
    fails("BAD-probe", Fault::Bad, 1, 0, &[Call]),
    fails("BAD-unsigned", Fault::Bad, 2, 0, &[Notice]),
    fails("BAD-garbage", Fault::Bad, 2, 0, &[Call]),
    fails_at("download bill", "BAD-other", Fault::Bad, 3, 0),
    fails_at("download bill", "BAD-edited", Fault::Bad, 4, 0),
    fails("CERT", Fault::UnknownKey, 0, 0, &[Notice]),
    acts("CERT", Fault::UnknownKey, Act::Rotates, 0, &[Call]),
    acts("CERT-ours", Fault::UnknownKey, Act::ReplacesOurs, CONFIGURED_AFTER, &[Notice, Call]),
    acts("LE", Fault::LeaseLost, Act::StandsStill, 20 * SECOND, &[Use, Commit, Call]),
    acts("2X", Fault::Second, Act::Races, 62 * SECOND, &[Use, Commit, Call]),
    acts("2X-same", Fault::Second, Act::SameElsewhere, 0, &[Request, Notice, Use, Commit, Call]),
    fails_at("query", "STALE", Fault::Stale, 0, 0),
    fails_at("query", "STALE-5", Fault::Stale, 4, 0),
    fails_at("query", "STALE-10", Fault::Stale, 9, 0),
    fails_at("query refund", "STALE", Fault::Stale, 0, 0),
    fails_at("query refund", "STALE-10", Fault::Stale, 9, 0),
];

/// Every blow that can strike `place`.
pub fn blows_at(place: &Place) -> impl Iterator<Item = Named> {
    let place = place.clone();
    ALL.iter().copied().filter(move |named| named.strikes(&place))
}

/// The blow of this name at `place`.
#[must_use]
pub fn named(name: &str, place: &Place) -> Option<Named> {
    blows_at(place).find(|named| named.name == name)
}

/// Whether all of these can strike one run.
pub(super) fn can_meet(strikes: &[(Place, Named)]) -> bool {
    let loses = strikes.iter().any(|(_, named)| named.loses() > 0);
    !loses || !strikes.iter().any(|(place, named)| named.outlasts_a_failover(place))
}

impl Named {
    fn strikes(&self, place: &Place) -> bool {
        self.sites.contains(&place.site)
            && (self.only.is_empty() || self.only == place.what)
            && (letter(place.step, self.blow.fault) != Letter::Never || self.is_beside())
            && self.has_somebody(place)
    }

    /// Whether it strikes the store while something else is under way, so that the step is not the
    /// one that the table is about.
    fn is_beside(&self) -> bool {
        matches!(self.blow.act, Act::Loses(_))
    }

    /// How many commits it loses.
    #[must_use]
    pub fn loses(&self) -> usize {
        match self.blow.act {
            Act::Loses(commits) => usize::from(commits),
            Act::Fails(how) if self.blow.fault == Fault::FailoverLosing => {
                usize::try_from(how).unwrap_or(0).saturating_add(1)
            }
            Act::Fails(_)
            | Act::StoreGone(_)
            | Act::StandsStill
            | Act::Races
            | Act::SameElsewhere
            | Act::Rotates
            | Act::ReplacesOurs => 0,
        }
    }

    /// Whether a node, or a request for a refund, is not heard of for longer than a failover takes:
    /// together with one it is taken not to happen (`docs/simulation.md`, failovers).
    fn outlasts_a_failover(&self, place: &Place) -> bool {
        let is_late_refund =
            place.what == "refund" && self.blow.fault == Fault::Late && self.blow.lasts > FAILOVER;
        is_late_refund || self.blow.act == Act::Races
    }

    /// Only a node stands still, and only a job is claimed.
    fn has_somebody(&self, place: &Place) -> bool {
        let on_a_node = matches!(place.home, Home::Node { .. });
        match self.blow.act {
            Act::StandsStill | Act::Races => on_a_node,
            Act::Fails(_)
            | Act::StoreGone(_)
            | Act::SameElsewhere
            | Act::Rotates
            | Act::ReplacesOurs
            | Act::Loses(_) => true,
        }
    }
}

/// How far clocks are off, by name: node 0's, node 1's, and the store's, in microseconds, and what
/// the nodes' gain in a second.
pub const CLOCKS: &[(&str, [i64; 3], i64)] = &[
    ("SK-day-ahead", [86_400 * SECOND, 0, 0], 0),
    ("SK-day-behind", [-86_400 * SECOND, 0, 0], 0),
    ("SK-apart", [400 * SECOND, -400 * SECOND, 0], 0),
    ("SK-drift", [0, 300 * MILLI, 0], 2_000),
    ("SK-store-ahead", [0, 0, 200 * SECOND], 0),
    ("SK-store-behind", [0, 0, -400 * SECOND], 0),
];
