//! Cancels an order whose deadline has passed. The negotiation that follows is the followers' of
//! its payments.

use crate::work::step_of;
use crate::{Paydesk, Target, TransactError};
use domain::OrderNumber;
use domain::changeset::Fence;
use domain::order::{CancelCause, Command, Rejection};
use domain::ports::{Finish, OrderKey};

/// When the deadline turns out not to have passed (the clock was corrected): look again.
const LOOK_AGAIN_S: i64 = 5;

impl Paydesk {
    pub(crate) async fn expire_order(
        &self,
        number: &OrderNumber,
        fence: &Fence,
    ) -> Result<Finish, TransactError> {
        let intent = step_of(fence, "expire", "deadline".to_owned());
        let target = Target::anybodys(OrderKey::Number(number.clone()));
        let command = Command::Cancel(CancelCause::Deadline);
        match self.transact(&target, &command, &intent).await {
            Ok(_)
            | Err(TransactError::NotFound | TransactError::Rejected(Rejection::NotCancellable)) => {
                Ok(Finish::Done)
            }
            Err(TransactError::Rejected(Rejection::NotDue)) => {
                let order = self.find(&target).await?;
                let deadline = order.and_then(|order| order.pay_deadline);
                let soon = self.settings.pace.after(self.clock.now(), LOOK_AGAIN_S);
                Ok(Finish::Again(deadline.map_or(soon, |deadline| deadline.max(soon))))
            }
            Err(other) => Err(other),
        }
    }
}
