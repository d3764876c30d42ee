//! Scripts about a refund of ours that was proven not to exist, or given up, and comes to light after all.

use super::refunds::{PART, paid};
use super::{Script, the};
use crate::node::OVERTAKEN;
use crate::sweep::client::Client;
use domain::OrderNumber;
use domain::order::Command;
use domain::refund::{Asker, RefundStatus};

pub(super) const ALL: &[Script] = &[
    Script::new(
        "refund-there-after-all",
        "a refund's request is under way for minutes; another one is refused, and WeChat Pay says that there \
         is none; then the first arrives",
        &["ready, paid by jsapi, part is back", "ready, paid by jsapi, part rejected"],
        |people| Box::pin(there_after_all(people)),
    )
    .first_refund(OVERTAKEN),
    Script::new(
        "refund-there-after-all-paid-back",
        "the same; meanwhile an operator has paid it back another way, and a person is told",
        &[
            "ready, paid by jsapi, part settled offline",
            "ready, paid by jsapi, part is back",
            "ready, paid by jsapi, part rejected",
        ],
        |people| Box::pin(there_after_it_was_paid_back(people)),
    )
    .first_refund(OVERTAKEN),
];

/// A refund that was proven not to exist, and its order.
async fn disproved(people: Vec<Client>) -> Option<(Client, OrderNumber)> {
    let mut buyer = the(people)?;
    let number = paid(&mut buyer).await?;
    let request = buyer.refund(&number, Asker::Buyer, Some(PART));
    buyer.insist(request).await;
    let is_proven = buyer.sees_refund(&number, 600, |state| state == RefundStatus::Rejected).await;
    is_proven.then_some((buyer, number))
}

async fn there_after_all(people: Vec<Client>) {
    let Some((buyer, number)) = disproved(people).await else { return };
    buyer.sees_refund(&number, 600, |state| state == RefundStatus::Succeeded).await;
}

async fn there_after_it_was_paid_back(people: Vec<Client>) {
    let Some((mut buyer, number)) = disproved(people).await else { return };
    let offline = |out_refund_no| Command::SettleRefundOffline {
        out_refund_no,
        note: "银行转账".to_owned(),
    };
    if let Some(request) = buyer.verdict(&number, offline) {
        buyer.insist(request).await;
    }
    // Until it has arrived.
    buyer.wait(400_000).await;
}
