//! Cases (工单): everything that needs eyes.

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseKind {
    /// A success for a number that we do not know.
    UnknownOrder,
    /// Money that its order could not take.
    Surplus,
    /// A success whose amount, currency or appid is not what was asked.
    AmountMismatch,
    /// WeChat Pay's refunds and ours differ.
    RefundMismatch,
    /// A settling commit could not take its stock.
    Stock,
    /// Work that cannot go on by itself.
    Stuck,
}

/// A case to be opened. One open case per kind and subject: opening it again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseOpening {
    /// What it is about.
    pub kind: CaseKind,
    /// The number it is about.
    pub subject: String,
    /// What is known, one sentence for a person. No personal data.
    pub detail: String,
}
