//! Looking at cases. They are opened by commits, never through this port.

use super::PortFuture;
use super::order_store::StoreError;
use crate::case::{Case, CaseKind, CaseStatus};
use crate::{CaseId, Timestamp};

/// Cases, for people.
pub trait CaseBook: Send + Sync {
    /// A page of cases, newest first, by `(opened_at, id)`.
    fn cases<'a>(&'a self, query: &'a CaseList) -> PortFuture<'a, Result<CaseListing, StoreError>>;
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
