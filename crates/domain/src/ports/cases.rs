//! Cases, for people. They are opened by commits, never through this port.

use super::PortFuture;
use super::order_store::StoreError;
use crate::case::{Case, CaseKind, CaseMove, CaseStatus};
use crate::changeset::{Audit, ReplayRecord};
use crate::{CaseId, Timestamp};

/// Cases, for people.
pub trait CaseBook: Send + Sync {
    /// A page of cases, newest first, by `(opened_at, id)`.
    fn cases<'a>(&'a self, query: &'a CaseList) -> PortFuture<'a, Result<CaseListing, StoreError>>;

    /// One case.
    fn case(&self, id: CaseId) -> PortFuture<'_, Result<Option<Case>, StoreError>>;

    /// Writes what a person did with a case, its audit row, the work that is due and the idempotency key
    /// in one commit.
    ///
    /// # Contract
    /// Only while the case is as it was read; else `Moved`, and nothing is written. The same replay scope
    /// again changes nothing and answers `Replayed`.
    fn change_case<'a>(
        &'a self,
        change: &'a CaseChange,
    ) -> PortFuture<'a, Result<CaseAnswer, StoreError>>;
}

/// What a person did with a case. Has no `Debug`: what people write may name somebody.
#[derive(Clone, PartialEq, Eq)]
pub struct CaseChange {
    /// Which.
    pub id: CaseId,
    /// How far it was when it was read.
    pub expected: CaseStatus,
    /// What becomes of it.
    pub moved: CaseMove,
    /// Who.
    pub audit: Audit,
    /// Under which key.
    pub replay: ReplayRecord,
}

/// How a change of a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseAnswer {
    /// It is so.
    Changed,
    /// The same key was used before.
    Replayed,
    /// It is not as it was read, or not there.
    Moved,
}

/// Which cases to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseList {
    /// About what.
    pub kind: Option<CaseKind>,
    /// How far.
    pub status: Option<CaseStatus>,
    /// About exactly this number.
    pub subject: Option<String>,
    /// Opened at or after.
    pub opened_from: Option<Timestamp>,
    /// Opened before.
    pub opened_to: Option<Timestamp>,
    /// Only cases older than this one: the last of the page before.
    pub after: Option<(Timestamp, CaseId)>,
    /// At most this many, 1–100.
    pub limit: u32,
}

/// A page of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseListing {
    /// The cases, newest first.
    pub cases: Vec<Case>,
    /// Whether there are older ones.
    pub more: bool,
}
