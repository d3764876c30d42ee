//! One file for each reader.

pub(super) mod authorization;
pub(super) mod bill;
pub(super) mod notification;
pub(super) mod resource;

use domain::ports::{Notice, NoticeBody, NoticeError};

use super::target::Verdict;

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
