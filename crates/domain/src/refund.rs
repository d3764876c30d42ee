//! Refunds: one `out_refund_no` for ever.
//!
//! ```text
//! awaiting_approval ─▶ requested ─▶ sending ─▶ processing ─▶ succeeded
//!    │   │                 ▲          │ ▲ │       │  │
//!    │   └▶ withdrawn      │   unknown ◀┘ └───────┘  ├─▶ abnormal ─▶ succeeded | settled_offline
//!    └────▶ declined       │          │              │      └─▶ processing (applied for to a card)
//!                          └ rejected ◀┘             └─▶ closed (what is still owed: another one)
//!                               └─▶ settled_offline
//! ```
//!
//! The amount is reserved from the first state on, and freed only by `declined`, `withdrawn`,
//! `rejected` and `closed`. What has not been sent gives way to a refund that was made elsewhere
//! (`requested`, `awaiting_approval` ─▶ `withdrawn`), and what of it did not go back there is asked for
//! again as another one. What may happen when is decided in `order/refunds/`.

use crate::names::RefundId;
use crate::payment::PaymentNo;
use crate::{Fen, OutRefundNo, Timestamp};
use core::fmt;

mod application;

pub use application::{Application, Destination, WithTheMerchant};

/// The most refunds of one payment at WeChat Pay (v3 §7.5).
pub const REFUNDS_MAX: usize = 50;
/// Seconds between two refunds of one payment (v3 §7.5).
pub const REFUND_SPACING_S: i64 = 60;
/// Seconds after a payment until which WeChat Pay refunds it: 365 days (v3 §7.5).
pub const REFUNDABLE_S: i64 = 365 * 24 * 3_600;

/// The code of a refund that was never made because its number is another one's at WeChat Pay.
pub const NUMBER_TAKEN: &str = "OUT_REFUND_NO_TAKEN";

/// Money that goes back. What persons wrote is personal: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Refund {
    /// Our number of it.
    pub out_refund_no: OutRefundNo,
    /// Which payment of the order it returns.
    pub payment_no: PaymentNo,
    /// How much, in fen.
    pub amount: Fen,
    /// The goods that it is for; none when it is for an amount.
    pub lines: Vec<RefundedLine>,
    /// What was asked for under its number, where WeChat Pay has something else under it: what that is, is above.
    pub asked: Option<Asked>,
    /// Shown to the payer; WeChat Pay takes 80 bytes of it.
    pub reason: String,
    /// How much of its payment a person has said is owed, in fen: with all that we had asked for besides. Whatever
    /// follows by itself has the last word, too.
    pub owed: Option<Fen>,
    /// Why it exists.
    pub kind: RefundKind,
    /// Who asked for it.
    pub asked_by: Asker,
    /// Their name in the audit, such as `operator:<key id>`, or `operator:<person>/<key id>` with a key that
    /// another one made: who approves is somebody else.
    pub actor: String,
    /// The refund in whose place it was made: closed, begun anew, or one that gave way.
    pub replaces: Option<OutRefundNo>,
    /// How far it got.
    pub state: RefundState,
    /// When it was last sent, or was about to be.
    pub sent_at: Option<Timestamp>,
    /// That it was abnormal, and applied for to a card; the last time, and what is left of those before.
    pub applied: Option<Application>,
    /// When it was decided.
    pub created_at: Timestamp,
}

/// What was asked for, and is not what WeChat Pay has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// How much, in fen.
    pub amount: Fen,
    /// The goods that it was for.
    pub lines: Vec<RefundedLine>,
}

/// What a refund is for: so many of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundedLine {
    /// Which line of the order.
    pub line_no: u16,
    /// How many of it.
    pub quantity: u32,
    /// What was paid for them, without fees.
    pub amount: Fen,
}

/// Why a refund exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefundKind {
    /// Somebody asked for it.
    Requested,
    /// Money that its order could not take: automatic, in full, once.
    Surplus,
    /// Made elsewhere (the merchant console), or in a life of the database that is lost. A fact;
    /// never sent by us.
    External,
}

/// Who asked for a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// The buyer.
    Buyer,
    /// An operator.
    Operator,
    /// A merchant's backend.
    Service,
    /// Nobody: it follows from what happened.
    Paydesk,
}

/// How far a refund got. Each state carries what it implies and nothing else. How money was paid back
/// otherwise may name somebody: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub enum RefundState {
    /// Reserved; waits for a person.
    AwaitingApproval,
    /// A person refused it. Final.
    Declined,
    /// Who asked took it back, or it gave way to one that was made elsewhere. Final.
    Withdrawn,
    /// Decided and reserved; not sent yet.
    Requested,
    /// About to be sent, or sent: nobody knows before an answer is recorded.
    Sending,
    /// Its answer was lost: asked about first, then sent again under the same number.
    Unknown {
        /// The code of a definite refusal, believed once a query says that it does not exist.
        refused: Option<String>,
    },
    /// WeChat Pay accepted it.
    Processing {
        /// WeChat Pay's number.
        refund_id: RefundId,
    },
    /// The payer has the money. Final.
    Succeeded {
        /// WeChat Pay's number.
        refund_id: RefundId,
        /// `success_time`.
        at: Timestamp,
    },
    /// It could not reach the payer: a person helps, at WeChat Pay or by a bank transfer.
    Abnormal {
        /// WeChat Pay's number.
        refund_id: RefundId,
    },
    /// WeChat Pay gave it up. Final; what is still owed has another number.
    Closed {
        /// WeChat Pay's number.
        refund_id: RefundId,
    },
    /// WeChat Pay refused it, and a query says that it does not exist.
    Rejected {
        /// WeChat Pay's error code.
        code: String,
    },
    /// Paid back another way. Final.
    SettledOffline {
        /// How, in the approver's words.
        note: String,
        /// When that was recorded.
        at: Timestamp,
    },
}

/// The name of a state: tables, logs and the API use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundStatus {
    /// See [`RefundState::AwaitingApproval`].
    AwaitingApproval,
    /// See [`RefundState::Declined`].
    Declined,
    /// See [`RefundState::Withdrawn`].
    Withdrawn,
    /// See [`RefundState::Requested`].
    Requested,
    /// See [`RefundState::Sending`].
    Sending,
    /// See [`RefundState::Unknown`].
    Unknown,
    /// See [`RefundState::Processing`].
    Processing,
    /// See [`RefundState::Succeeded`].
    Succeeded,
    /// See [`RefundState::Abnormal`].
    Abnormal,
    /// See [`RefundState::Closed`].
    Closed,
    /// See [`RefundState::Rejected`].
    Rejected,
    /// See [`RefundState::SettledOffline`].
    SettledOffline,
}

impl fmt::Debug for Refund {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refund")
            .field("out_refund_no", &self.out_refund_no)
            .field("payment_no", &self.payment_no)
            .field("amount", &self.amount)
            .field("lines", &self.lines)
            .field("asked", &self.asked)
            .field("owed", &self.owed)
            .field("kind", &self.kind)
            .field("asked_by", &self.asked_by)
            .field("actor", &self.actor)
            .field("replaces", &self.replaces)
            .field("state", &self.state)
            .field("sent_at", &self.sent_at)
            .field("applied", &self.applied)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RefundState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!("{:?}", self.status());
        match self {
            RefundState::Unknown { refused: Some(code) } | RefundState::Rejected { code } => {
                f.debug_tuple(&name).field(code).finish()
            }
            RefundState::Processing { refund_id }
            | RefundState::Succeeded { refund_id, .. }
            | RefundState::Abnormal { refund_id }
            | RefundState::Closed { refund_id } => f.debug_tuple(&name).field(refund_id).finish(),
            RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { refused: None }
            | RefundState::SettledOffline { .. } => f.write_str(&name),
        }
    }
}

impl Refund {
    /// It, as it was asked for.
    #[must_use]
    pub fn as_asked(&self) -> Refund {
        let refund = self.clone();
        match refund.asked.clone() {
            Some(Asked { amount, lines }) => Refund { amount, lines, asked: None, ..refund },
            None => refund,
        }
    }

    /// Whether its amount is kept from being refunded again.
    #[must_use]
    pub fn reserves(&self) -> bool {
        match &self.state {
            RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Closed { .. }
            | RefundState::Rejected { .. } => false,
            RefundState::AwaitingApproval
            | RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { .. }
            | RefundState::Processing { .. }
            | RefundState::Succeeded { .. }
            | RefundState::Abnormal { .. }
            | RefundState::SettledOffline { .. } => true,
        }
    }

    /// Whether the payer has the money.
    #[must_use]
    pub fn is_paid_back(&self) -> bool {
        matches!(self.state, RefundState::Succeeded { .. } | RefundState::SettledOffline { .. })
    }

    /// Whether WeChat Pay took it on, or the payer has the money.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        matches!(self.state, RefundState::Processing { .. } | RefundState::Abnormal { .. })
            || self.is_paid_back()
    }

    /// Whether it may be at WeChat Pay without our knowing how far.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        matches!(self.state, RefundState::Sending | RefundState::Unknown { .. })
    }

    /// Whether it waits to be sent: it never was, or is to be tried again under its number.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        matches!(self.state, RefundState::AwaitingApproval | RefundState::Requested)
    }

    /// Whether we still act on it by ourselves: send, ask, or wait for its end.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.is_in_flight()
            || matches!(
                self.state,
                RefundState::Requested
                    | RefundState::Processing { .. }
                    | RefundState::Abnormal { .. }
            )
    }

    /// Whether a person has to say how it goes on: nothing asks about it by itself. In commits that are
    /// lost somebody may have said so, and WeChat Pay may have it.
    #[must_use]
    pub fn waits_for_a_person(&self) -> bool {
        matches!(self.state, RefundState::AwaitingApproval | RefundState::Rejected { .. })
    }

    /// When WeChat Pay was last asked to move it: sent, or applied for; before that, when it was decided.
    #[must_use]
    pub fn last_moved_at(&self) -> Timestamp {
        let sent_at = self.sent_at.unwrap_or(self.created_at);
        self.applied.map_or(sent_at, |applied| applied.at.max(sent_at))
    }

    /// Whether it succeeded, and the money is or may be on the merchant's own account: the payer is owed it then until
    /// a person has paid it. `None` where it is the payer's.
    #[must_use]
    pub fn with_the_merchant(&self) -> Option<WithTheMerchant> {
        let is_there = matches!(self.state, RefundState::Succeeded { .. });
        self.applied.filter(|_| is_there).and_then(Application::with_the_merchant)
    }

    /// WeChat Pay's number of it, once it is known.
    #[must_use]
    pub fn refund_id(&self) -> Option<&RefundId> {
        match &self.state {
            RefundState::Processing { refund_id }
            | RefundState::Succeeded { refund_id, .. }
            | RefundState::Abnormal { refund_id }
            | RefundState::Closed { refund_id } => Some(refund_id),
            RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { .. }
            | RefundState::Rejected { .. }
            | RefundState::SettledOffline { .. } => None,
        }
    }

    /// When the payer had the money, by WeChat Pay or another way.
    #[must_use]
    pub fn paid_back_at(&self) -> Option<Timestamp> {
        match &self.state {
            RefundState::Succeeded { at, .. } | RefundState::SettledOffline { at, .. } => Some(*at),
            RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { .. }
            | RefundState::Processing { .. }
            | RefundState::Abnormal { .. }
            | RefundState::Closed { .. }
            | RefundState::Rejected { .. } => None,
        }
    }
}

impl RefundState {
    /// Its name.
    #[must_use]
    pub fn status(&self) -> RefundStatus {
        match self {
            RefundState::AwaitingApproval => RefundStatus::AwaitingApproval,
            RefundState::Declined => RefundStatus::Declined,
            RefundState::Withdrawn => RefundStatus::Withdrawn,
            RefundState::Requested => RefundStatus::Requested,
            RefundState::Sending => RefundStatus::Sending,
            RefundState::Unknown { .. } => RefundStatus::Unknown,
            RefundState::Processing { .. } => RefundStatus::Processing,
            RefundState::Succeeded { .. } => RefundStatus::Succeeded,
            RefundState::Abnormal { .. } => RefundStatus::Abnormal,
            RefundState::Closed { .. } => RefundStatus::Closed,
            RefundState::Rejected { .. } => RefundStatus::Rejected,
            RefundState::SettledOffline { .. } => RefundStatus::SettledOffline,
        }
    }
}
