//! What a run of the model lets happen, and flaws that can be planted to see that it notices.

/// Which faults there are. Always there: a worker forgets what it had in hand, requests to WeChat
/// Pay are executed late or never, their answers are lost, everybody acts at any moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How often the store fails over to a copy that lacks some of the last commits.
    pub failovers: u8,
    /// How many it may lack, at most [`crate::LOST_MAX`].
    pub lost_commits: usize,
    /// Whether a commit whose answer was lost may reach the store later.
    pub has_late_commits: bool,
    /// Whether a query, or a close, may see a number as it was some seconds ago.
    pub has_lag: bool,
    /// Whether WeChat Pay may refuse to order a number that it does not have, and to refund one that
    /// was not refunded.
    pub has_refusals: bool,
    /// Whether a refund request may be on its way while the store fails over.
    pub has_refunds_across_failovers: bool,
    /// Whether the buyer may cancel what was paid, before it is shipped.
    pub has_cancels_of_paid: bool,
    /// Which open numbers the payer can pay.
    pub payer: Payer,
    /// How the order came about.
    pub placed: Placed,
}

impl Bounds {
    /// None of the faults that can be left out.
    #[must_use]
    pub fn calm() -> Bounds {
        Bounds {
            failovers: 0,
            lost_commits: 3,
            has_late_commits: false,
            has_lag: false,
            has_refusals: false,
            has_refunds_across_failovers: false,
            has_cancels_of_paid: false,
            payer: Payer::HoldsCredential,
            placed: Placed::AtCheckout,
        }
    }
}

/// Which open numbers the payer can pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    /// Those whose credential we handed out.
    HoldsCredential,
    /// All of them: credentials leak.
    KnowsEveryNumber,
}

/// How the order came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// With its first payment, which is about to be ordered at WeChat Pay.
    AtCheckout,
    /// Without one: it is asked for later.
    Directly,
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
    /// A query's answer counts for when it is recorded, however long ago it was asked for.
    AnswersKeep,
    /// A changeset that was decided before a failover is written after it when the version is right.
    EpochIgnored,
    /// After a failover a notification settles without asking again.
    NotAskedAgain,
}
