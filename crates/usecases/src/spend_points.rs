//! Points that a merchant's backend spends for a buyer.

use crate::transact::Landed;
use crate::{Keyed, Paydesk, TransactError};
use domain::UserId;
use domain::changeset::{Audit, Changeset, Refusal};
use domain::ledger::{Account, BuyerAccount, House, Transfer, TransferKind, Unit};
use domain::ports::{EntryRecord, StoreError};

/// How often a commit is tried.
const TRIES_MAX: u32 = 8;

/// Points to be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spending {
    /// Whose.
    pub buyer: UserId,
    /// How many, at least 1.
    pub points: i64,
    /// Who says so and why.
    pub audit: Audit,
}

/// Points that were spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The entry of the buyer's account.
    pub entry: EntryRecord,
    /// Whether this key had spent them before.
    pub replayed: bool,
}

/// Why points are not spent. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum SpendError {
    /// There is no such buyer.
    #[error("no such buyer")]
    NotFound,
    /// The buyer has fewer.
    #[error("too few points")]
    TooFew,
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The store cannot be used, or too many races were lost.
    #[error(transparent)]
    Transact(#[from] TransactError),
}

impl From<StoreError> for SpendError {
    fn from(error: StoreError) -> SpendError {
        SpendError::Transact(error.into())
    }
}

impl Paydesk {
    /// Spends points, once per key.
    ///
    /// # Errors
    /// See [`SpendError`]; a refusal has no effect.
    pub async fn spend_points(
        &self,
        spending: &Spending,
        keyed: &Keyed,
    ) -> Result<Spent, SpendError> {
        // Named by the key, which is one of this buyer's route: the same request moves the same points,
        // however often it is sent, and the same key for another buyer is another request.
        let Keyed { scope, .. } = keyed;
        let name = format!("spend:{}:{}:{}", spending.buyer, scope.principal, scope.key);
        if let Some(spent) = self.spent(spending, &name, keyed).await? {
            return Ok(spent);
        }
        let held = self.ledger.balances(spending.buyer).await?.ok_or(SpendError::NotFound)?;
        if held.points < spending.points {
            return Err(SpendError::TooFew);
        }
        let from = Account::Buyer(spending.buyer, BuyerAccount::Points);
        let to = Account::House(House::Sales, Unit::Points);
        let entries = [(from, spending.points.saturating_neg()), (to, spending.points)];
        let transfer = Transfer::new(name.clone(), TransferKind::Spend, &entries);
        for _ in 0..TRIES_MAX {
            let now = self.clock.now();
            let intent = keyed.intent(spending.audit.clone(), now);
            let mut changeset = Changeset::without_order(intent, now);
            changeset.transfers.extend(transfer.clone());
            match self.commit(changeset).await? {
                Landed::Now | Landed::Before => {
                    let spent = self.spent(spending, &name, keyed).await?;
                    return spent.map(|spent| Spent { replayed: false, ..spent }).ok_or_else(
                        || {
                            TransactError::Busy("what was spent is not to be seen".to_owned())
                                .into()
                        },
                    );
                }
                Landed::Not(_) => {}
                Landed::Refused(Refusal::Balance(_)) => return Err(SpendError::TooFew),
                Landed::Refused(refusal) => return Err(TransactError::Refused(refusal).into()),
            }
        }
        Err(TransactError::Busy("the commit keeps being rolled back".to_owned()).into())
    }

    /// What this key has spent already.
    async fn spent(
        &self,
        spending: &Spending,
        name: &str,
        keyed: &Keyed,
    ) -> Result<Option<Spent>, SpendError> {
        let Some(record) = self.orders.replay(&keyed.scope).await? else { return Ok(None) };
        if record.fingerprint != keyed.fingerprint {
            return Err(SpendError::KeyReused);
        }
        let entry = self.ledger.entry(spending.buyer, BuyerAccount::Points, name).await?;
        Ok(entry.map(|entry| Spent { entry, replayed: true }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mocks::{MockGateway, MockLedger, MockOrders, desk, ready};
    use crate::samples::{keyed, now};
    use domain::ledger::{Balances, TransferKind};
    use domain::ports::CommitAnswer;
    use std::sync::{Arc, Mutex};

    /// A store that has committed nothing yet and commits everything; the names of what moved.
    fn backend() -> (Paydesk, Arc<Mutex<Vec<String>>>) {
        let moved = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&moved);
        let mut orders = MockOrders::new();
        let mut known = None;
        orders.expect_replay().returning(move |scope| {
            let again = known.as_ref() == Some(scope);
            known = Some(scope.clone());
            let record = again.then(|| {
                let mut record = keyed("one").record(now());
                record.scope = scope.clone();
                record
            });
            ready(Ok(record))
        });
        orders.expect_commit().returning(move |changeset| {
            let names = changeset.transfers.iter().map(|transfer| transfer.name().to_owned());
            kept.lock().unwrap().extend(names);
            ready(CommitAnswer::Committed)
        });
        let mut ledger = MockLedger::new();
        let held = Balances { points: 100, ..Balances::default() };
        ledger.expect_balances().returning(move |_| ready(Ok(Some(held))));
        ledger.expect_entry().returning(|_, _, _| {
            let entry = EntryRecord {
                seq: 1,
                kind: TransferKind::Spend,
                amount: -1,
                balance_after: 99,
                order: None,
                created_at: now(),
            };
            ready(Ok(Some(entry)))
        });
        let mut desk = desk(orders, MockGateway::new(), now());
        desk.ledger = Arc::new(ledger);
        (desk, moved)
    }

    /// A key is one principal's for one route, and the route names the buyer.
    #[tokio::test]
    async fn one_key_for_two_buyers_is_two_spendings() {
        let (desk, moved) = backend();
        for n in [7, 8] {
            let buyer = UserId::parse(&format!("00000000-0000-0000-0000-{n:012}")).unwrap();
            let audit = Audit { actor: "key:1".into(), cause: "spend".into(), request_id: None };
            let mut keyed = keyed("one");
            keyed.scope.route = format!("POST /users/{n}/points/spend");
            let spent = desk.spend_points(&Spending { buyer, points: 1, audit }, &keyed).await;
            assert!(!spent.unwrap().replayed);
        }
        let moved = moved.lock().unwrap();
        assert_eq!(moved.len(), 2);
        assert_ne!(moved[0], moved[1], "the ledger would refuse the second");
    }
}
