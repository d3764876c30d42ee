//! Refunds that somebody asks for: reserved and recorded here, sent by `follow_refund.rs`.

#[cfg(test)]
mod tests;

use crate::{ActError, Acted, Action, Paydesk, TransactError};
use domain::changeset::{Audit, Changeset, Intent};
use domain::job::{JobChange, JobId};
use domain::order::{Command, Order, RefundAsk, Rejection};
use domain::{CommandId, Fen, OutRefundNo};

/// A refund that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refunded {
    /// The order as it is now.
    pub order: Order,
    /// Which of its refunds it is.
    pub out_refund_no: OutRefundNo,
    /// Whether this key had asked for it before.
    pub replayed: bool,
}

impl Paydesk {
    /// Asks for money back, once per key. Whether it goes at once or waits for a person is the
    /// state of the refund that is answered.
    ///
    /// # Errors
    /// See [`ActError`]; a refusal has no effect and reserves nothing.
    pub async fn refund_order(
        &self,
        action: &Action,
        ask: RefundAsk,
    ) -> Result<Refunded, ActError> {
        let given = ask.out_refund_no.clone();
        let acted = self.act(action, &Command::Refund(ask)).await?;
        let replayed = matches!(acted, Acted::Replayed(_));
        let (Acted::Done(order) | Acted::Replayed(order)) = acted;
        let payment = order.settled_payment().ok_or(Rejection::NotRefundable);
        let payment = payment.map_err(TransactError::from)?;
        let name = CommandId::of_request(&action.keyed.scope);
        let derived = || OutRefundNo::of_request(payment.out_trade_no(), name.as_str());
        let out_refund_no = given.unwrap_or_else(derived);
        Ok(Refunded { out_refund_no, order, replayed })
    }

    /// Its job is due now, also when it was set aside; and somebody waits for it.
    async fn wake_refund(
        &self,
        out_refund_no: &OutRefundNo,
        audit: &Audit,
    ) -> Result<(), ActError> {
        let (id, now) = (JobId::refund(out_refund_no), self.clock.now());
        let intent = Intent {
            command_id: CommandId::of_step("wake", out_refund_no.as_str(), self.ids.call()),
            audit: audit.clone(),
            inbox: None,
            fence: None,
            replay: None,
        };
        let mut changeset = Changeset::without_order(intent, now);
        changeset.jobs.push(JobChange::Ensure { id: id.clone(), due_at: now });
        self.file(changeset).await?;
        Ok(self.jobs.hasten(&id, now).await?)
    }

    /// Goes on with a refund now: one on its way is sent or asked about at once, a rejected one is
    /// sent again, a closed one is begun anew under another number. `amount`, in fen, where less of
    /// surplus money is still owed than we know.
    ///
    /// # Errors
    /// See [`ActError`].
    pub async fn retry_refund(
        &self,
        action: &Action,
        out_refund_no: &OutRefundNo,
        amount: Option<Fen>,
    ) -> Result<Acted, ActError> {
        let command = Command::RetryRefund { out_refund_no: out_refund_no.clone(), amount };
        let acted = self.act(action, &command).await?;
        let order = acted.order();
        let newest = order.last_of_chain(out_refund_no).map(|refund| &refund.out_refund_no);
        self.wake_refund(newest.unwrap_or(out_refund_no), &action.audit).await?;
        Ok(acted)
    }
}
