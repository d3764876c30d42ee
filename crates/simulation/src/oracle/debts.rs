//! What buyers owe: only what was not there to be taken, paid first out of what is given again, and never
//! unseen. What a buyer has and owes in sum is another question (`books.rs`).
//!
//! Somebody else may pay into an account between the look at it and the commit that follows from it. So the
//! judgement is by what whoever commits had been told, and not by what is there by then.

use super::{Oracle, Seen};
use crate::kernel::TaskId;
use domain::case::CaseKind;
use domain::changeset::Changeset;
use domain::ledger::{Account, Balances, BuyerAccount, Transfer, Unit};
use domain::order::Order;
use domain::{CommandId, UserId};
use std::collections::BTreeMap;

/// What the ledger said of buyers' accounts to whoever decides by it.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// The last answer to each task.
    told: BTreeMap<TaskId, (UserId, Balances)>,
    /// What each command that moves debts followed from; every answer, when it was tried more than once.
    decided: BTreeMap<CommandId, Vec<(UserId, Balances)>>,
}

impl Oracle {
    /// A task on a node was told what a buyer has.
    pub fn told_balances(&self, task: Option<TaskId>, buyer: UserId, held: Balances) {
        self.inside().looks.told.extend(task.map(|task| (task, (buyer, held))));
    }

    /// The same task commits.
    pub fn commits(&self, task: Option<TaskId>, changeset: &Changeset) {
        if !moved(changeset).values().any(Moved::is_about_debts) {
            return;
        }
        let looks = &mut self.inside().looks;
        let told = task.and_then(|task| looks.told.get(&task)).copied();
        looks.decided.entry(changeset.command_id.clone()).or_default().extend(told);
    }
}

/// What of one unit a commit takes from a buyer and gives again.
#[derive(Debug, Default)]
struct Moved {
    taken: i64,
    owed: i64,
    given: i64,
    set_off: i64,
}

impl Moved {
    fn is_about_debts(&self) -> bool {
        self.owed > 0 || self.given > 0 || self.set_off > 0
    }

    /// Whether it is right for who has so much, and owes so much.
    fn follows_from(&self, has: i64, debt: i64) -> bool {
        let Moved { taken, owed, given, set_off } = *self;
        (owed == 0 || owed == taken + owed - has) && set_off == debt.min(given + set_off)
    }
}

fn moved(changeset: &Changeset) -> BTreeMap<(UserId, Unit), Moved> {
    let mut all: BTreeMap<(UserId, Unit), Moved> = BTreeMap::new();
    for transfer in &changeset.transfers {
        for entry in transfer.entries() {
            let Account::Buyer(buyer, account) = entry.account else { continue };
            let moved = all.entry((buyer, entry.account.unit())).or_default();
            let (less, more) = (entry.amount.min(0).saturating_neg(), entry.amount.max(0));
            match account {
                BuyerAccount::Receivable(_) => {
                    moved.owed = moved.owed.saturating_add(less);
                    moved.set_off = moved.set_off.saturating_add(more);
                }
                BuyerAccount::Wallet | BuyerAccount::Points => {
                    moved.taken = moved.taken.saturating_add(less);
                    if is_given_again(transfer) {
                        moved.given = moved.given.saturating_add(more);
                    }
                }
            }
        }
    }
    all
}

/// What a refund of a recharge had taken, and comes to its buyer again.
fn is_given_again(transfer: &Transfer) -> bool {
    ["reserved:", "revoked:"].iter().any(|step| transfer.name().starts_with(step))
}

/// Whether a buyer comes to owe what was missing, and no more, and pays what was owed before anything is
/// given again.
pub(super) fn are_what_was_missing(seen: &Seen, changeset: &Changeset) -> Result<(), String> {
    let told = seen.looks.decided.get(&changeset.command_id).map_or(&[][..], Vec::as_slice);
    for ((buyer, unit), moved) in moved(changeset) {
        let follows = |(whose, held): &(UserId, Balances)| {
            let (has, debt) = match unit {
                Unit::Fen => (held.wallet, -held.receivable_fen),
                Unit::Points => (held.points, -held.receivable_points),
            };
            *whose == buyer && moved.follows_from(has, debt)
        };
        if moved.is_about_debts() && !told.iter().any(follows) {
            return Err(format!("{}: {moved:?}, by {told:?}", unit.name()));
        }
    }
    Ok(())
}

/// Whether a person is told of who comes to owe something, in the same commit.
pub(super) fn are_shown(changeset: &Changeset, order: &Order) -> Result<(), String> {
    let told = changeset
        .cases
        .iter()
        .any(|case| case.kind == CaseKind::Ledger && case.subject == order.number.as_str());
    let owes = moved(changeset).into_iter().find(|(_, moved)| moved.owed > 0);
    match owes {
        Some(owes) if !told => Err(format!("{owes:?}, and nobody was told")),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::Moved;

    #[test]
    fn what_was_there_is_taken_before_anything_is_owed_and_no_more_is_owed_than_was_missing() {
        let takes = |taken, owed| Moved { taken, owed, ..Moved::default() };
        for (moved, has, is_right) in [
            (takes(100, 0), 300, true),
            (takes(60, 40), 60, true),
            (takes(0, 100), 0, true),
            (takes(0, 100), 60, false),
            (takes(50, 50), 60, false),
            (takes(60, 50), 70, false),
        ] {
            assert_eq!(moved.follows_from(has, 0), is_right, "{moved:?} of {has}");
        }
    }

    #[test]
    fn what_is_given_again_pays_first_what_is_owed() {
        let gives = |given, set_off| Moved { given, set_off, ..Moved::default() };
        for (moved, debt, is_right) in [
            (gives(100, 0), 0, true),
            (gives(60, 40), 40, true),
            (gives(0, 100), 300, true),
            (gives(100, 0), 40, false),
            (gives(80, 20), 40, false),
            (gives(40, 60), 40, false),
        ] {
            assert_eq!(moved.follows_from(0, debt), is_right, "{moved:?}, {debt} owed");
        }
    }
}
