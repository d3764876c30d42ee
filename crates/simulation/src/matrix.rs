//! The fault matrix: which fault met which step of which flow, and how often (`reliability.md` §3).

mod cells;
pub mod letters;

pub use cells::{excused, expected};

use std::collections::BTreeMap;

/// A flow, as a sequence of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flow {
    /// F1: a checkout, up to pay parameters.
    Checkout,
    /// F2: cash on delivery: placing it, taking its cash, refusing it at the door.
    Door,
    /// F3: paying for an order that exists.
    Pay,
    /// F4: a notification.
    Notice,
    /// F5: asking what became of a payment.
    Follow,
    /// F6: cancelling and expiring, with the closes that belong to it.
    Close,
    /// F7: sending money back.
    Refund,
    /// A success for a number that no order has.
    Orphan,
    /// F11: fetching the bills of a day that is over. There is no use case yet that does something with them.
    Bill,
    /// Shipping, delivery, completion, and what a client reports: one commit each.
    Act,
    /// Looking at an order.
    Look,
    /// What belongs to no flow: the heartbeat, looking for work.
    None,
}

/// A step of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A client's request comes in.
    Recv,
    /// A notification comes in.
    Notif,
    /// A transaction before an outside effect.
    Tx,
    /// A call to WeChat Pay that changes something.
    Call,
    /// A question to WeChat Pay.
    Read,
    /// A transaction that records an outside result.
    TxPlus,
    /// The answer goes out.
    Reply,
}

/// A fault: a column of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The node dies before the step.
    CrashBefore,
    /// The node dies after its effect.
    CrashAfter,
    /// The effect is there, its answer is lost.
    LostAnswer,
    /// It never arrives.
    NeverArrives,
    /// It arrives late.
    Late,
    /// It comes twice.
    Twice,
    /// Something else overtakes it.
    Reordered,
    /// A serialization failure or a deadlock.
    Serialization,
    /// A twin has taken the name.
    Twin,
    /// A failover in the middle: committed or not, nobody knows.
    FailoverUnknown,
    /// A failover that loses the last commits, although they were acknowledged.
    FailoverLosing,
    /// The store is down, slow or full.
    StoreDown,
    /// WeChat Pay says 5xx or SYSTEM_ERROR.
    ServerError,
    /// WeChat Pay says no, definitely.
    Definite,
    /// Too many requests.
    RateLimited,
    /// A bad signature, or garbage.
    Bad,
    /// A key that is not known yet.
    UnknownKey,
    /// The node's clock is wrong.
    Skewed,
    /// The lease ran out meanwhile.
    LeaseLost,
    /// Somebody else does the same at the same time.
    Second,
    /// A question is answered with an old state.
    Stale,
}

impl Flow {
    /// The flows that have rows.
    pub const ROWS: [Flow; 11] = [
        Flow::Checkout,
        Flow::Door,
        Flow::Pay,
        Flow::Notice,
        Flow::Follow,
        Flow::Close,
        Flow::Refund,
        Flow::Orphan,
        Flow::Bill,
        Flow::Act,
        Flow::Look,
    ];

    /// Its name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Flow::Checkout => "F1 checkout",
            Flow::Door => "F2 at the door",
            Flow::Pay => "F3 pay",
            Flow::Notice => "F4 notification",
            Flow::Follow => "F5 query",
            Flow::Close => "F6 close",
            Flow::Refund => "F7 refund",
            Flow::Orphan => "orphan",
            Flow::Bill => "F11 bill",
            Flow::Act => "act",
            Flow::Look => "look",
            Flow::None => "none",
        }
    }

    /// A number for the machine's tasks.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Flow::None => 0,
            Flow::Checkout => 1,
            Flow::Pay => 2,
            Flow::Notice => 3,
            Flow::Follow => 4,
            Flow::Close => 5,
            Flow::Act => 6,
            Flow::Look => 7,
            Flow::Refund => 8,
            Flow::Orphan => 9,
            Flow::Door => 10,
            Flow::Bill => 11,
        }
    }

    /// The flow of this number.
    #[must_use]
    pub fn of(number: u32) -> Flow {
        Flow::ROWS.into_iter().find(|flow| flow.number() == number).unwrap_or(Flow::None)
    }
}

impl Step {
    /// Its name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Step::Recv => "recv",
            Step::Notif => "notif",
            Step::Tx => "tx",
            Step::Call => "call",
            Step::Read => "read",
            Step::TxPlus => "tx+",
            Step::Reply => "reply",
        }
    }
}

impl Fault {
    /// Every fault, in the order of the columns.
    pub const ALL: [Fault; 21] = [
        Fault::CrashBefore,
        Fault::CrashAfter,
        Fault::LostAnswer,
        Fault::NeverArrives,
        Fault::Late,
        Fault::Twice,
        Fault::Reordered,
        Fault::Serialization,
        Fault::Twin,
        Fault::FailoverUnknown,
        Fault::FailoverLosing,
        Fault::StoreDown,
        Fault::ServerError,
        Fault::Definite,
        Fault::RateLimited,
        Fault::Bad,
        Fault::UnknownKey,
        Fault::Skewed,
        Fault::LeaseLost,
        Fault::Second,
        Fault::Stale,
    ];

    /// Its name in the report: the column of the matrix.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fault::CrashBefore => "Cb",
            Fault::CrashAfter => "Ca",
            Fault::LostAnswer => "LA",
            Fault::NeverArrives => "NR",
            Fault::Late => "DL",
            Fault::Twice => "DUP",
            Fault::Reordered => "RO",
            Fault::Serialization => "SF",
            Fault::Twin => "UV",
            Fault::FailoverUnknown => "DBU",
            Fault::FailoverLosing => "DBL",
            Fault::StoreDown => "DBD",
            Fault::ServerError => "E5",
            Fault::Definite => "E4",
            Fault::RateLimited => "RL",
            Fault::Bad => "BAD",
            Fault::UnknownKey => "CERT",
            Fault::Skewed => "SK",
            Fault::LeaseLost => "LE",
            Fault::Second => "2X",
            Fault::Stale => "STALE",
        }
    }

    /// Its place among the columns.
    #[must_use]
    pub fn index(self) -> usize {
        Fault::ALL.iter().position(|fault| *fault == self).unwrap_or(0)
    }
}

/// A cell of the matrix.
pub type Cell = (Flow, Step, Fault);

/// How often each cell was met.
pub type Counts = BTreeMap<Cell, u64>;
