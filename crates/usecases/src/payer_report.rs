//! What the payer's client says became of the payment: noted, shown, and asked about. Never trusted.

use crate::{Paydesk, Target, TransactError};
use domain::CommandId;
use domain::changeset::{Audit, Intent};
use domain::order::{Command, Order, PayerResult};

impl Paydesk {
    /// Notes `result` and has WeChat Pay asked at once.
    ///
    /// # Errors
    /// See [`TransactError`].
    pub async fn note_payer_result(
        &self,
        target: &Target,
        result: PayerResult,
        audit: Audit,
    ) -> Result<Order, TransactError> {
        let intent = Intent {
            command_id: CommandId::of_step("payer-report", &audit.actor, self.ids.call()),
            audit,
            inbox: None,
            fence: None,
            replay: None,
        };
        let order = self.transact(target, &Command::NoteReport(result), &intent).await?.order;
        if let Err(error) = self.ask_soon(&order).await {
            // Its follower asks anyway, only later; the hint is kept.
            tracing::warn!(order.id = %order.id, error = %error, "could not hasten its follower");
        }
        Ok(order)
    }
}
