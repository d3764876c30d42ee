//! Tells WeChat's shipping management what was shipped (发货信息管理): asks what it knows, tells what is missing, and leaves
//! to a person what cannot be told.
//!
//! Never about money: it changes no order, and what goes wrong here holds up no other work (`report_room.rs`). Asked
//! before it is told, each time, so that whatever answer was lost nothing is told twice.

#[cfg(test)]
mod tests;

use crate::transact::Landed;
use crate::work::step_of;
use crate::{Paydesk, Target, TransactError};
use domain::OrderNumber;
use domain::case::{CaseEnd, CaseKind, CaseOpening, CaseStatus};
use domain::changeset::{Changeset, Fence};
use domain::job::next_report;
use domain::order::{ShippingDuty, ShippingStep};
use domain::ports::{
    CaseList, Finish, LeasedJob, OrderKey, ShippingError, ShippingManagement, StoreError,
};

/// What became of a report.
enum Reported {
    /// It is known there, or nobody has to be told.
    Over,
    /// Not now, and why.
    Later(String),
    /// Never by itself, and why.
    GivenUp(String),
}

impl Paydesk {
    pub(crate) async fn report_shipment(
        &self,
        number: &OrderNumber,
        job: &LeasedJob,
    ) -> Result<Finish, TransactError> {
        let Some(shipping) = &self.shipping else { return Ok(Finish::Done) };
        let _place = match self.report_room.enter(self.clock.running_millis()) {
            Ok(place) => place,
            Err(wait_ms) => return Ok(Finish::PutOff(self.later(wait_ms))),
        };
        let target = Target::anybodys(OrderKey::Number(number.clone()));
        let order = self.find(&target).await?;
        let duty = order.and_then(|order| order.shipping_duty());
        let Some(duty) = duty.filter(|duty| duty.appid == *shipping.appid()) else {
            return Ok(Finish::Done);
        };
        let fence = &job.fence;
        let (why, is_timed_out) = match self.report(shipping.as_ref(), &duty).await {
            Reported::Over => return self.report_is_over(number, fence).await,
            Reported::GivenUp(why) => (why, false),
            Reported::Later(why) => {
                let now = self.clock.now();
                if let Some(at) = next_report(duty.since, now, self.settings.pace) {
                    tracing::info!(order.number = %number, why, "shipping.later");
                    return Ok(Finish::Again(self.jittered(now, at)));
                }
                (why, true)
            }
        };
        let since = if is_timed_out {
            "could not be told to WeChat for a day"
        } else {
            "cannot be told to WeChat"
        };
        let detail = format!("what was shipped {since}, which keeps the money until then: {why}");
        self.leave_report_to_a_person(number, fence, detail).await
    }

    async fn report(&self, shipping: &dyn ShippingManagement, duty: &ShippingDuty) -> Reported {
        match shipping.is_managed().await {
            Ok(true) => {}
            Ok(false) => return Reported::Over,
            Err(error) => return self.reported(&error),
        }
        let info = match self.look(shipping, duty).await {
            Ok(ShippingStep::Tell(info)) => info,
            Ok(ShippingStep::Over) => return Reported::Over,
            Ok(ShippingStep::GiveUp(why)) => return Reported::GivenUp(why.to_owned()),
            Err(error) => return self.reported(&error),
        };
        let refused = match shipping.tell(&info).await {
            Ok(()) => return Reported::Over,
            Err(
                refused @ (ShippingError::AlreadyShipped
                | ShippingError::CorrectionUsed
                | ShippingError::NotShippable),
            ) => refused,
            Err(error) => return self.reported(&error),
        };
        // It stands otherwise than it stood a moment ago, or it is never told again.
        match self.look(shipping, duty).await {
            Ok(ShippingStep::Over) => Reported::Over,
            Ok(ShippingStep::Tell(_) | ShippingStep::GiveUp(_)) => {
                Reported::GivenUp(refused.to_string())
            }
            Err(error) => self.reported(&error),
        }
    }

    async fn look(
        &self,
        shipping: &dyn ShippingManagement,
        duty: &ShippingDuty,
    ) -> Result<ShippingStep, ShippingError> {
        let known = shipping.record(&duty.transaction_id).await?;
        let known = known.ok_or(ShippingError::NotYetKnown)?;
        Ok(duty.step(&known, self.clock.now()))
    }

    /// What an answer comes to that says nothing of the packages.
    fn reported(&self, error: &ShippingError) -> Reported {
        let why = error.to_string();
        match error {
            ShippingError::Later(_) => {}
            ShippingError::Misconfigured { errcode } => {
                tracing::error!(errcode, "the WeChat platform does not accept our credentials");
            }
            ShippingError::Wrong { .. } => return Reported::GivenUp(why),
            // About this payment alone.
            ShippingError::NotYetKnown
            | ShippingError::AlreadyShipped
            | ShippingError::CorrectionUsed
            | ShippingError::NotShippable => return Reported::Later(why),
        }
        self.report_room.rest(self.clock.running_millis());
        Reported::Later(why)
    }

    async fn report_is_over(
        &self,
        number: &OrderNumber,
        fence: &Fence,
    ) -> Result<Finish, TransactError> {
        let intent = step_of(fence, "shipping-told", "WeChat knows what was shipped".to_owned());
        let mut changeset = Changeset::without_order(intent, self.clock.now());
        changeset.ended_cases.push(end(number));
        self.write_about_report(changeset).await
    }

    /// Somebody puts it right and has it tried again, or lets it be.
    async fn leave_report_to_a_person(
        &self,
        number: &OrderNumber,
        fence: &Fence,
        detail: String,
    ) -> Result<Finish, TransactError> {
        tracing::error!(order.number = %number, detail, "shipping.given_up");
        let intent = step_of(fence, "shipping-given-up", detail.clone());
        let mut changeset = Changeset::without_order(intent, self.clock.now());
        if self.was_tried_again(number).await? {
            // What was tried again came to this: a case of its own, which waits for a person.
            changeset.ended_cases.push(end(number));
        }
        let subject = number.as_str().to_owned();
        changeset.cases.push(CaseOpening { kind: CaseKind::ShippingInfo, subject, detail });
        self.write_about_report(changeset).await
    }

    async fn was_tried_again(&self, number: &OrderNumber) -> Result<bool, StoreError> {
        let healing = CaseList {
            kind: Some(CaseKind::ShippingInfo),
            status: Some(CaseStatus::Healing),
            subject: Some(number.as_str().to_owned()),
            opened_from: None,
            opened_to: None,
            after: None,
            limit: 1,
        };
        Ok(!self.cases.cases(&healing).await?.cases.is_empty())
    }

    async fn write_about_report(&self, changeset: Changeset) -> Result<Finish, TransactError> {
        match self.commit(changeset).await? {
            Landed::Now | Landed::Before => Ok(Finish::Done),
            Landed::Not(why) => Err(TransactError::Busy(why.to_owned())),
            Landed::Refused(refusal) => Err(TransactError::Refused(refusal)),
        }
    }
}

fn end(number: &OrderNumber) -> CaseEnd {
    CaseEnd { kind: CaseKind::ShippingInfo, subject: number.as_str().to_owned() }
}
