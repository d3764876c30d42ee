//! What the outside may count: each answer, and what became of each notification.
//!
//! May not be given anything personal or unbounded: a route is its pattern, a method one of a few.

use actix_web::http::Method;
use domain::ports::NoticeError;
use std::time::Duration;
use usecases::NoticeAnswer;

/// Hears of every answer. Must not block.
pub trait Watch: Send + Sync {
    /// A request was answered.
    fn answered(&self, answered: &Answered<'_>);

    /// A notification of WeChat Pay was answered.
    fn noticed(&self, outcome: NoticeOutcome);
}

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered<'a> {
    /// The route's pattern, or `none`.
    pub route: &'a str,
    /// The method, or `other`.
    pub method: &'static str,
    /// The status.
    pub status: u16,
    /// How long it took, until the answer's head was ready.
    pub took: Duration,
}

/// What became of a notification: words of a small fixed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeOutcome {
    /// `acknowledged`, `refused`, `probe`, `orphan` or `try_again`.
    pub outcome: &'static str,
    /// Why it was refused or is to be sent again; empty otherwise.
    pub reason: &'static str,
}

impl NoticeOutcome {
    /// Its body could not be read.
    pub(crate) const UNREAD: NoticeOutcome =
        NoticeOutcome { outcome: "refused", reason: "its body was not read" };
    /// Too many at once.
    pub(crate) const BUSY: NoticeOutcome = NoticeOutcome { outcome: "try_again", reason: "busy" };
    /// The answer was due before the work was done.
    pub(crate) const LATE: NoticeOutcome = NoticeOutcome { outcome: "try_again", reason: "late" };

    /// What an answer says.
    pub(crate) fn of(answer: &NoticeAnswer) -> NoticeOutcome {
        let (outcome, reason) = match answer {
            NoticeAnswer::Acknowledged => ("acknowledged", ""),
            NoticeAnswer::Orphan => ("orphan", ""),
            NoticeAnswer::TryAgain => ("try_again", "not applied"),
            NoticeAnswer::Refused(NoticeError::Probe) => ("probe", ""),
            NoticeAnswer::Refused(NoticeError::Untrusted(why) | NoticeError::Malformed(why)) => {
                ("refused", *why)
            }
            NoticeAnswer::Refused(NoticeError::KeysUnavailable) => ("try_again", "no keys"),
        };
        NoticeOutcome { outcome, reason }
    }
}

/// A method's name, if it is one that anybody has a use for: clients may invent others.
pub(crate) fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// Nobody counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unwatched;

impl Watch for Unwatched {
    fn answered(&self, _answered: &Answered<'_>) {}

    fn noticed(&self, _outcome: NoticeOutcome) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::notice_status;

    #[test]
    fn what_is_counted_is_what_was_answered() {
        use NoticeError::{KeysUnavailable, Malformed, Probe, Untrusted};
        for (answer, outcome, reason, status) in [
            (NoticeAnswer::Acknowledged, "acknowledged", "", 204),
            (NoticeAnswer::Orphan, "orphan", "", 503),
            (NoticeAnswer::TryAgain, "try_again", "not applied", 503),
            (NoticeAnswer::Refused(Probe), "probe", "", 401),
            (NoticeAnswer::Refused(Untrusted("stale")), "refused", "stale", 401),
            (NoticeAnswer::Refused(Malformed("odd")), "refused", "odd", 400),
            (NoticeAnswer::Refused(KeysUnavailable), "try_again", "no keys", 503),
        ] {
            assert_eq!(NoticeOutcome::of(&answer), NoticeOutcome { outcome, reason });
            assert_eq!(notice_status(&answer).0.as_u16(), status, "{answer:?}");
        }
    }

    #[test]
    fn an_invented_method_is_no_label_of_its_own() {
        assert_eq!(method_name(&Method::GET), "GET");
        assert_eq!(method_name(&Method::from_bytes(b"X-1234567").unwrap()), "other");
    }
}
