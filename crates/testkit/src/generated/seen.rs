//! What a player sees of a store.

use domain::order::Order;

/// One answer, load or row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// How a commit ended, without the words of what was rolled back.
    Commit(String),
    /// What else a port answered.
    Answer(&'static str, String),
    /// An order as it was loaded, every field of it.
    Order(Option<Box<Order>>),
    /// Nothing was asked: there is nothing to ask it of, or the domain refused.
    Nothing,
    /// A row.
    Row(String),
}

impl Seen {
    /// What kind of thing was seen.
    pub fn kind(&self) -> &'static str {
        match self {
            Seen::Commit(answer) => {
                const KINDS: [&str; 14] = [
                    "AlreadyCommitted",
                    "Committed",
                    "Conflict",
                    "RolledBack",
                    "Fenced",
                    "EffectTaken",
                    "RefundNumberTaken",
                    "NumberTaken",
                    "TransactionTaken",
                    "TooManyOpenOrders",
                    "ListTaken",
                    "PriceMoved",
                    "Stock",
                    "OutcomeUnknown",
                ];
                KINDS.into_iter().find(|kind| answer.contains(kind)).unwrap_or("another answer")
            }
            Seen::Answer(of, _) => of,
            Seen::Order(_) => "load",
            Seen::Nothing => "nothing",
            Seen::Row(_) => "row",
        }
    }
}
