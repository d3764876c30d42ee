//! A notification about a payment: the same fact and the same command as a query's answer.

use super::NoticeAnswer;
use super::keep::{audit, entry};
use crate::query_budget::Urgency;
use crate::transact::Transacted;
use crate::{Paydesk, Target, TransactError};
use domain::CommandId;
use domain::case::{CaseKind, CaseOpening};
use domain::changeset::{InboxStatus, Intent, Refusal};
use domain::fact::{PaymentFact, Trade};
use domain::order::{Command, Rejection};
use domain::ports::{Notice, OrderKey};

impl Paydesk {
    pub(super) async fn apply_payment(
        &self,
        notice: &Notice,
        fact: &PaymentFact,
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        let out_trade_no = fact.out_trade_no();
        let entry = entry(notice, InboxStatus::Applied, Some(out_trade_no));
        let intent = Intent {
            command_id: CommandId::of_notice(&entry),
            audit: audit(notice, request_id),
            inbox: Some(entry),
            fence: None,
            replay: None,
        };
        let target = Target::anybodys(OrderKey::OutTradeNo(out_trade_no.clone()));
        let command = Command::RecordFact(fact.clone());
        match self.transact(&target, &command, &intent).await {
            Err(TransactError::Rejected(Rejection::Unconfirmed)) => {
                self.confirm(notice, fact, request_id).await
            }
            other => self.answer_notice(other, notice, fact, request_id).await,
        }
    }

    /// What became of applying it. What was not applied is stored before it is answered.
    async fn answer_notice(
        &self,
        applied: Result<Transacted, TransactError>,
        notice: &Notice,
        fact: &PaymentFact,
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        let out_trade_no = fact.out_trade_no();
        match applied {
            Ok(Transacted { order, .. }) => {
                tracing::info!(request_id, order.number = %order.number,
                    payment.out_trade_no = %out_trade_no, order.status = ?order.status,
                    "notify.acknowledged");
                Ok(NoticeAnswer::Acknowledged)
            }
            Err(TransactError::NotFound) => {
                self.keep_orphan(notice, (out_trade_no, fact.attach()), request_id).await
            }
            // The database lost commits while it was confirmed: from the beginning.
            Err(busy @ TransactError::Rejected(Rejection::Unconfirmed)) => {
                self.keep_for_later(notice, out_trade_no, request_id).await?;
                Err(busy)
            }
            Err(TransactError::Rejected(why)) => {
                self.keep_mismatch(
                    notice,
                    (out_trade_no, amount_mismatch(fact, &why.to_string())),
                    request_id,
                )
                .await
            }
            Err(TransactError::Refused(Refusal::TransactionTaken)) => {
                let why = "its transaction is recorded with another payment";
                self.keep_mismatch(notice, (out_trade_no, amount_mismatch(fact, why)), request_id)
                    .await
            }
            Err(busy) => {
                self.keep_for_later(notice, out_trade_no, request_id).await?;
                Err(busy)
            }
        }
    }

    /// It says that something else was paid than was asked, or the database has lost commits since
    /// the payment was recorded. What a query says counts: the same, and it is applied; or something
    /// else, and the notification is kept as a mismatch.
    async fn confirm(
        &self,
        notice: &Notice,
        fact: &PaymentFact,
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        let out_trade_no = fact.out_trade_no();
        let asked = self.query_budget.take(Urgency::NearDeadline, self.clock.real());
        let epoch = self.orders.epoch().await?;
        let heard = if asked.is_ok() { self.query(out_trade_no, &epoch).await.ok() } else { None };
        let Some(heard) = heard else {
            self.keep_for_later(notice, out_trade_no, request_id).await?;
            return Ok(NoticeAnswer::TryAgain);
        };
        if let Trade::NotPaid | Trade::NotExist = heard.trade() {
            // Queries lag behind payments: that proves nothing, and is asked again.
            self.keep_for_later(notice, out_trade_no, request_id).await?;
            return Ok(NoticeAnswer::TryAgain);
        }
        let confirmed = say_the_same(&heard, fact);
        let entry = entry(notice, InboxStatus::Applied, Some(out_trade_no));
        let step = CommandId::of_step("confirm", out_trade_no.as_str(), self.ids.call());
        let intent = Intent {
            command_id: if confirmed { CommandId::of_notice(&entry) } else { step },
            audit: audit(notice, request_id),
            inbox: confirmed.then_some(entry),
            fence: None,
            replay: None,
        };
        let target = Target::anybodys(OrderKey::OutTradeNo(out_trade_no.clone()));
        let applied = self.transact(&target, &Command::RecordFact(heard), &intent).await;
        if confirmed || applied.is_err() {
            return self.answer_notice(applied, notice, fact, request_id).await;
        }
        let why = "a notification says what WeChat Pay's own answer does not";
        self.keep_mismatch(notice, (out_trade_no, amount_mismatch(fact, why)), request_id).await
    }
}

/// Whether a query's answer confirms a notification: the same money. A payment that was refunded since
/// was paid.
fn say_the_same(heard: &PaymentFact, told: &PaymentFact) -> bool {
    match (heard.trade(), told.trade()) {
        (Trade::Success(heard) | Trade::Refunded(heard), Trade::Success(told)) => {
            heard.transaction_id == told.transaction_id
                && (heard.amount, &heard.currency) == (told.amount, &told.currency)
                && heard.appid == told.appid
        }
        (heard, told) => heard == told,
    }
}

fn amount_mismatch(fact: &PaymentFact, why: &str) -> CaseOpening {
    CaseOpening {
        kind: CaseKind::AmountMismatch,
        subject: fact.out_trade_no().as_str().to_owned(),
        detail: why.to_owned(),
    }
}
