//! Completes an order that was delivered days ago and that nobody complained about.

use crate::work::step_of;
use crate::{Paydesk, Target, TransactError};
use domain::OrderNumber;
use domain::changeset::Fence;
use domain::order::{Command, CompletedBy, Rejection};
use domain::ports::{Finish, OrderKey};

/// When the day turns out not to have come (the clock was corrected): look again, in seconds.
const LOOK_AGAIN_S: i64 = 60;

impl Paydesk {
    pub(crate) async fn complete_order(
        &self,
        number: &OrderNumber,
        fence: &Fence,
    ) -> Result<Finish, TransactError> {
        let intent = step_of(fence, "complete", "days after delivery".to_owned());
        let target = Target::anybodys(OrderKey::Number(number.clone()));
        let command = Command::Complete(CompletedBy::Elapsed);
        match self.transact(&target, &command, &intent).await {
            Ok(_)
            | Err(TransactError::NotFound | TransactError::Rejected(Rejection::WrongState)) => {
                Ok(Finish::Done)
            }
            Err(TransactError::Rejected(Rejection::NotDue)) => {
                let order = self.find(&target).await?;
                let day = order.and_then(|order| order.is_complete_at());
                let soon = self.settings.pace.after(self.clock.now(), LOOK_AGAIN_S);
                Ok(Finish::Again(day.map_or(soon, |day| day.max(soon))))
            }
            Err(other) => Err(other),
        }
    }
}
