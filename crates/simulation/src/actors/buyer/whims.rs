//! The ways in which a purchase goes.

/// How a purchase goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whim {
    /// Checks out, pays, waits.
    Honest,
    /// Sends the checkout twice under one key.
    TwiceOneKey,
    /// Sends the checkout twice under two keys.
    TwiceTwoKeys,
    /// Cancels while paying.
    CancelsWhilePaying,
    /// Opens a QR code on a second device, and pays the first one, or both.
    TwoDevices,
    /// Pays in the last second.
    Slow,
    /// Goes away.
    Leaves,
    /// Cancels and goes away.
    Cancels,
    /// Tries again under another key whenever something goes wrong.
    Impatient,
    /// Buys what costs nothing.
    TakesTheGift,
    /// Places first, and asks for a payment later.
    PlacesFirst,
    /// Has another checkout make way.
    Replaces,
    /// Has no money at the first try.
    FailsFirst,
    /// Says that it was paid, and it was not.
    Boasts,
    /// Wants what is scarce.
    WantsTheCup,
    /// Pays a number whose answer nobody got.
    Ghost,
    /// Pays before the answer to the prepay is recorded.
    Hasty,
    /// Pays, and wants money back.
    Regrets,
    /// Pays what was closed, which WeChat Pay never shows to happen.
    TooLate,
    /// Pays ahead: money or points, which come with a bonus.
    PaysAhead,
    /// Buys from the wallet, perhaps while WeChat Pay takes money for the same order.
    FromTheWallet,
    /// Has points spent.
    SpendsPoints,
}

/// All of them; the tame one first.
pub(super) const WHIMS: [Whim; 22] = [
    Whim::Honest,
    Whim::TwiceOneKey,
    Whim::TwiceTwoKeys,
    Whim::CancelsWhilePaying,
    Whim::TwoDevices,
    Whim::Slow,
    Whim::Leaves,
    Whim::Cancels,
    Whim::Impatient,
    Whim::TakesTheGift,
    Whim::PlacesFirst,
    Whim::Replaces,
    Whim::FailsFirst,
    Whim::Boasts,
    Whim::WantsTheCup,
    Whim::Ghost,
    Whim::Hasty,
    Whim::Regrets,
    Whim::TooLate,
    Whim::PaysAhead,
    Whim::FromTheWallet,
    Whim::SpendsPoints,
];

/// Those that came later: their bits are drawn after everything else of a world, so that tapes that were
/// kept mean what they meant.
pub const LATER_WHIMS: u32 = 3;

impl Whim {
    /// Its bit among the whims of a world.
    #[must_use]
    pub fn bit(self) -> u32 {
        let place = WHIMS.iter().position(|whim| *whim == self);
        1 << place.unwrap_or(0)
    }

    /// What is bought.
    pub(super) fn wants(self) -> &'static str {
        match self {
            Whim::TakesTheGift => "gift",
            Whim::WantsTheCup => "cup",
            Whim::Honest
            | Whim::TwiceOneKey
            | Whim::TwiceTwoKeys
            | Whim::CancelsWhilePaying
            | Whim::TwoDevices
            | Whim::Slow
            | Whim::Leaves
            | Whim::Cancels
            | Whim::Impatient
            | Whim::PlacesFirst
            | Whim::Replaces
            | Whim::FailsFirst
            | Whim::Boasts
            | Whim::Ghost
            | Whim::Hasty
            | Whim::Regrets
            | Whim::TooLate
            | Whim::PaysAhead
            | Whim::FromTheWallet
            | Whim::SpendsPoints => "tea",
        }
    }
}
