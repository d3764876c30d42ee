//! What a run of the model lets happen, and flaws that can be planted to see that it notices.

/// Which faults there are. Always there: a worker forgets what it had in hand, requests to WeChat
/// Pay are executed late or never, their answers are lost, everybody acts at any moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How often the store fails over to a copy that lacks up to three of the last commits.
    pub failovers: u8,
    /// Whether a commit whose answer was lost may reach the store later.
    pub has_late_commits: bool,
    /// Whether a query, or a close, may see a number as it was some seconds ago.
    pub has_lag: bool,
    /// Whether WeChat Pay may refuse to order a number that it does not have.
    pub has_refusals: bool,
    /// Which open numbers the payer can pay.
    pub payer: Payer,
}

/// Which open numbers the payer can pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    /// Those whose credential we handed out.
    HoldsCredential,
    /// All of them: credentials leak.
    KnowsEveryNumber,
}

/// A flaw that is planted in the steps around the real decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// WeChat Pay's 204 to a close is taken for the proof that the payment is closed.
    CloseIsProof,
    /// Stock is released as soon as an order begins to be cancelled.
    CancellingReleases,
    /// "Does not exist" ends a payment before the horizon.
    NotExistIsProof,
    /// A changeset is written whatever the version of the order is by then.
    VersionIgnored,
    /// A query's answer is recorded however long ago it was given.
    AnswersKeep,
}
