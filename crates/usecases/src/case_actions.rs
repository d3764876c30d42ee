//! What people do with cases, once per key.

use crate::{Keyed, Paydesk, TransactError};
use domain::CaseId;
use domain::case::{Case, CaseAction, CaseRefusal};
use domain::changeset::Audit;
use domain::ports::{CaseAnswer, CaseChange, StoreError};

/// How often a case that keeps changing is looked at.
const LOOKS_MAX: u32 = 4;

/// A case after what was done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// As it is now.
    pub case: Case,
    /// Whether this key had its effect before.
    pub replayed: bool,
}

/// Why nothing is done with a case. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// There is no such case.
    #[error("no such case")]
    NotFound,
    /// It cannot be done with it.
    #[error(transparent)]
    Refused(#[from] CaseRefusal),
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The store cannot be used, or the case keeps changing.
    #[error(transparent)]
    Transact(#[from] TransactError),
}

impl From<StoreError> for CaseError {
    fn from(error: StoreError) -> CaseError {
        CaseError::Transact(error.into())
    }
}

impl Paydesk {
    /// Does `action` with a case, once per key.
    ///
    /// # Errors
    /// See [`CaseError`]; a refusal has no effect.
    pub async fn decide_case(
        &self,
        id: CaseId,
        action: &CaseAction,
        audit: &Audit,
        keyed: &Keyed,
    ) -> Result<Decided, CaseError> {
        for _ in 0..LOOKS_MAX {
            if let Some(record) = self.orders.replay(&keyed.scope).await? {
                if record.fingerprint != keyed.fingerprint {
                    return Err(CaseError::KeyReused);
                }
                return Ok(Decided { case: self.found(id).await?, replayed: true });
            }
            let case = self.found(id).await?;
            let change = CaseChange {
                id,
                expected: case.status,
                moved: case.decide(action)?,
                audit: audit.clone(),
                replay: keyed.record(self.clock.now()),
            };
            match self.cases.change_case(&change).await? {
                CaseAnswer::Changed => {
                    return Ok(Decided { case: self.found(id).await?, replayed: false });
                }
                // A twin, or it ended by itself: look again.
                CaseAnswer::Replayed | CaseAnswer::Moved => {}
            }
        }
        Err(TransactError::Busy("the case keeps changing".to_owned()).into())
    }

    async fn found(&self, id: CaseId) -> Result<Case, CaseError> {
        self.cases.case(id).await?.ok_or(CaseError::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mocks::{MockDrawer, MockGateway, MockOrders, desk, ready};
    use crate::samples::{keyed, now};
    use domain::case::{CaseKind, CaseStatus};
    use std::sync::{Arc, Mutex};

    fn case(status: CaseStatus) -> Case {
        Case {
            id: id(),
            kind: CaseKind::UnknownOrder,
            subject: "NUMBER-1".to_owned(),
            status,
            detail: "nobody knows it".to_owned(),
            assignee: None,
            note: None,
            order: None,
            opened_at: now(),
        }
    }

    fn id() -> CaseId {
        CaseId::parse("00000000-0000-0000-0000-000000000001").unwrap()
    }

    fn audit() -> Audit {
        Audit { actor: "operator:1".into(), cause: "resolve case".into(), request_id: None }
    }

    /// A desk whose case is in these states, look by look (the last for ever), and whose store answers so.
    fn office(
        statuses: Vec<CaseStatus>,
        answers: Vec<CaseAnswer>,
        known: Option<&'static str>,
    ) -> (Paydesk, Arc<Mutex<Vec<CaseStatus>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut answers) = (Arc::clone(&asked), answers.into_iter());
        let mut drawer = MockDrawer::new();
        let (mut statuses, mut last) = (statuses.into_iter(), None);
        drawer.expect_case().returning(move |_| {
            last = statuses.next().or(last);
            ready(Ok(last.map(case)))
        });
        drawer.expect_change_case().returning(move |change| {
            kept.lock().unwrap().push(change.expected);
            ready(Ok(answers.next().expect("one change more than was told")))
        });
        let mut orders = MockOrders::new();
        orders.expect_replay().returning(move |_| {
            let record = known.map(|fingerprint| {
                let mut record = keyed("one").record(now());
                record.fingerprint = fingerprint.to_owned();
                record
            });
            ready(Ok(record))
        });
        let mut desk = desk(orders, MockGateway::new(), now());
        desk.cases = Arc::new(drawer);
        (desk, asked)
    }

    async fn resolve(desk: &Paydesk) -> Result<Decided, CaseError> {
        let action = CaseAction::Resolve { note: "refunded by hand".to_owned() };
        desk.decide_case(id(), &action, &audit(), &keyed("one")).await
    }

    #[tokio::test]
    async fn a_case_is_decided_about_as_it_is_now() {
        let (open, healing) = (CaseStatus::Open, CaseStatus::Healing);
        let (desk, asked) =
            office(vec![open, healing], vec![CaseAnswer::Moved, CaseAnswer::Changed], None);
        let decided = resolve(&desk).await.unwrap();
        assert!(!decided.replayed);
        assert_eq!(*asked.lock().unwrap(), [open, healing], "what moved is read again");
    }

    #[tokio::test]
    async fn what_is_over_stays_as_it_is() {
        let (desk, asked) = office(vec![CaseStatus::Resolved], Vec::new(), None);
        let refused = resolve(&desk).await;
        assert!(matches!(refused, Err(CaseError::Refused(CaseRefusal::Over))), "{refused:?}");
        let (nothing, _) = office(Vec::new(), Vec::new(), None);
        assert!(matches!(resolve(&nothing).await, Err(CaseError::NotFound)));
        assert!(asked.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn the_same_key_shows_the_same_case_and_another_request_is_refused() {
        let (desk, asked) = office(vec![CaseStatus::Resolved], Vec::new(), Some("f"));
        assert!(resolve(&desk).await.unwrap().replayed);
        let (desk, _) = office(vec![CaseStatus::Open], Vec::new(), Some("another"));
        assert!(matches!(resolve(&desk).await, Err(CaseError::KeyReused)));
        assert!(asked.lock().unwrap().is_empty());
    }
}
