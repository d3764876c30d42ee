//! One file for each reader.

pub(super) mod authorization;
pub(super) mod bill;
pub(super) mod notification;
pub(super) mod resource;

use domain::ports::{Notice, NoticeBody, NoticeError};
use futures_util::FutureExt as _;

use super::target::Verdict;

/// What a future of the client gives: over a wire that answers at once there is nothing to wait for.
#[expect(clippy::expect_used, reason = "a client that waits for nothing and is not ready hangs")]
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("the client waits, and nothing will come")
}

fn verdict(opened: &Result<Notice, NoticeError>) -> Verdict {
    match opened {
        Ok(notice) => Verdict::taken(match &notice.body {
            NoticeBody::Payment(_) => "a payment",
            NoticeBody::Refund(fact) => fact.refund().name(),
            NoticeBody::Other => "another event",
        }),
        Err(why) => Verdict::refused(why),
    }
}
