//! Where a refund may have gone that was applied for to a card: what its applications leave possible, and no more.
//!
//! An application that WeChat Pay refused, and a query confirmed it, went nowhere. One that nobody heard an answer to may
//! have been taken, also when the refund was abnormal again ten minutes later.

use crate::Timestamp;
use crate::card::CardOwner;

/// That a person had an abnormal refund sent to a card (v3 §7.7). Which card it was is kept nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Application {
    /// Whose card the last one named.
    pub to: CardOwner,
    /// When that was applied for, or was about to be.
    pub at: Timestamp,
    /// Whether WeChat Pay refused that one, and said that the refund was abnormal as before.
    pub is_refused: bool,
    /// Whose cards others named that may have been taken; `None` where there is none.
    pub others: Option<Destination>,
}

/// Whose card it was, as far as that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// The payer's.
    User,
    /// The merchant's own account.
    Merchant,
    /// Either of the two.
    Either,
}

/// How much is known of money that is not known to be the payer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithTheMerchant {
    /// It is on the merchant's own account.
    Known,
    /// It is there or on the payer's card: WeChat Pay's merchant platform shows which.
    Possible,
}

impl Application {
    /// A new one, after those `before`.
    pub(crate) fn after(before: Option<Application>, to: CardOwner, at: Timestamp) -> Application {
        let others = before.and_then(Application::destination);
        Application { to, at, is_refused: false, others }
    }

    /// Whose card the refund may have gone to; `None` where WeChat Pay refused every application.
    #[must_use]
    pub fn destination(self) -> Option<Destination> {
        if self.is_refused { self.others } else { Some(self.with_the_last()) }
    }

    /// The last one was refused.
    pub(crate) fn refused(self) -> Application {
        Application { is_refused: true, ..self }
    }

    /// The refund is under way: the last one was taken after all, if it was refused.
    pub(crate) fn under_way(self) -> Application {
        let others = if self.is_refused { Some(self.with_the_last()) } else { self.others };
        Application { others, ..self }
    }

    fn with_the_last(self) -> Destination {
        let last = Destination::of(self.to);
        self.others.map_or(last, |others| others.or(last))
    }

    pub(super) fn with_the_merchant(self) -> Option<WithTheMerchant> {
        match self.destination() {
            Some(Destination::User) => None,
            Some(Destination::Merchant) if !self.is_refused => Some(WithTheMerchant::Known),
            Some(Destination::Merchant | Destination::Either) => Some(WithTheMerchant::Possible),
            // It arrived although WeChat Pay had refused to send it there.
            None => (self.to == CardOwner::Merchant).then_some(WithTheMerchant::Possible),
        }
    }
}

impl Destination {
    fn of(owner: CardOwner) -> Destination {
        match owner {
            CardOwner::User => Destination::User,
            CardOwner::Merchant => Destination::Merchant,
        }
    }

    fn or(self, other: Destination) -> Destination {
        if self == other { self } else { Destination::Either }
    }

    /// Its name in tables: WeChat Pay's word for a card, where it is one.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Destination::User => CardOwner::User.name(),
            Destination::Merchant => CardOwner::Merchant.name(),
            Destination::Either => "EITHER",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Destination> {
        let all = [Destination::User, Destination::Merchant, Destination::Either];
        all.into_iter().find(|destination| destination.name() == name)
    }
}
