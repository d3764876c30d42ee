//! What moves in the ledger because of what happened, and what the outside hears of it.
//!
//! Each settlement and each refund that came back is a transfer named by its number, so that the ledger
//! can be compared with them. A recharge is credited once, with its settlement; what goes back of it is
//! taken from the buyer when it is reserved, and given again when that comes to nothing.

use super::cases::{is_paid_back, reached};
use crate::ledger::{Account, BuyerAccount, Entry, House, Transfer, TransferKind, Unit};
use crate::order::{Event, Order, Purpose, SettledBy, Settlement};
use crate::outgoing::{Outgoing, OutgoingKind};
use crate::payment::{Payment, PaymentNo, PaymentState};
use crate::recharge::Promise;
use crate::refund::RefundState;
use crate::{Fen, UserId};

const CLEARING: Account = Account::House(House::WechatClearing, Unit::Fen);
const SALES: Account = Account::House(House::Sales, Unit::Fen);
const PAYABLE: Account = Account::House(House::RefundsPayable, Unit::Fen);
const CASH: Account = Account::House(House::CashInTransit, Unit::Fen);

/// How the transfers begin that take a recharge from its buyer, or give it again: principal, and bonus.
const RESERVED: &str = "reserved:";
const REVOKED: &str = "revoked:";

/// Transfers, or the trace of a bug: money that comes from a payment that is not there, or that no ledger
/// can hold. Nothing of it is recorded then.
type Posted = Result<Vec<Transfer>, Impossible>;

/// What happened cannot have happened.
#[derive(Debug)]
pub(super) struct Impossible;

/// Every transfer of these events, in their order.
pub(super) fn transfers(before: Option<&Order>, after: &Order, events: &[Event]) -> Posted {
    let mut transfers = Vec::new();
    for event in events {
        transfers.extend(of_event(after, event)?);
    }
    transfers.extend(taken_back(before, after)?);
    Ok(transfers)
}

/// What the outside hears of a transfer: each time that it adds to a buyer's wallet or takes from it, and
/// each time that it gives points. Its name is the same for ever, so that who hears it twice knows.
pub(super) fn told(transfer: &Transfer) -> Vec<Outgoing> {
    let kind_of = |entry: &Entry| match entry.account {
        Account::Buyer(_, BuyerAccount::Wallet) if entry.amount.is_positive() => {
            Some(OutgoingKind::WalletCredited)
        }
        Account::Buyer(_, BuyerAccount::Wallet) => Some(OutgoingKind::WalletDebited),
        Account::Buyer(_, BuyerAccount::Points) if entry.amount.is_positive() => {
            Some(OutgoingKind::PointsGranted)
        }
        Account::Buyer(_, BuyerAccount::Points | BuyerAccount::Receivable(_))
        | Account::House(..) => None,
    };
    let kinds = transfer.entries().iter().filter_map(kind_of);
    kinds.map(|kind| Outgoing { kind, subject: Some(transfer.name().to_owned()) }).collect()
}

/// The transfer of this name: none when nothing moves, which is as it should be of nothing else.
fn transfer(name: String, kind: TransferKind, entries: &[(Account, i64)]) -> Posted {
    if entries.iter().all(|(_, amount)| *amount == 0) {
        return Ok(Vec::new());
    }
    Transfer::new(name, kind, entries).map(|transfer| vec![transfer]).ok_or(Impossible)
}

fn of_event(after: &Order, event: &Event) -> Posted {
    if let Event::Settled { settlement, .. } = event {
        return settled(after, settlement);
    }
    if let Event::PaymentSurplus { no, .. } = event {
        return surplus(after, *no);
    }
    if let Event::PaymentAdopted(payment) = event {
        return surplus(after, payment.no);
    }
    let paid_back = reached(event).filter(|(_, state)| is_paid_back(state));
    let refund = paid_back.and_then(|(number, _)| after.refund(number));
    refund.map_or(Ok(Vec::new()), |refund| refunded(after, refund))
}

fn payment(order: &Order, no: PaymentNo) -> Result<&Payment, Impossible> {
    order.payment_by_no(no).ok_or(Impossible)
}

fn settled(after: &Order, settlement: &Settlement) -> Posted {
    let (no, from) = match (&settlement.by, after.buyer) {
        (SettledBy::Wechat { payment_no }, _) => (*payment_no, CLEARING),
        (SettledBy::Wallet { payment_no }, Some(buyer)) => (*payment_no, wallet(buyer)),
        (SettledBy::Cash { .. }, _) => return collected(after, settlement),
        (SettledBy::Wallet { .. }, None) => return Err(Impossible),
        (SettledBy::Free, _) => return Ok(Vec::new()),
    };
    let number = payment(after, no)?.out_trade_no();
    let (name, paid) = (format!("settled:{number}"), settlement.amount.get());
    match recharged(after)? {
        None => {
            let entries = [(from, paid.saturating_neg()), (SALES, paid)];
            transfer(name, TransferKind::Payment, &entries)
        }
        Some((buyer, promise)) => {
            let (principal, bonus) = (promise.principal, promise.bonus);
            let mut entries = vec![(from, paid.saturating_neg())];
            entries.extend(granted(buyer, promise, paid, principal));
            let mut credited = transfer(name, TransferKind::Recharge, &entries)?;
            let name = format!("bonus:{}", after.number);
            credited.extend(bonus_transfer(name, buyer, promise, bonus)?);
            Ok(credited)
        }
    }
}

/// Cash is in transit until it is counted. It has no payment: its name is the order's.
fn collected(after: &Order, settlement: &Settlement) -> Posted {
    let cash = settlement.amount.get();
    let entries = [(CASH, cash.saturating_neg()), (SALES, cash)];
    let name = format!("settled:{}", after.number);
    transfer(name, TransferKind::Payment, &entries)
}

/// Where `paid` fen go when `principal` of what was bought with them is credited.
fn granted(buyer: UserId, promise: Promise, paid: i64, principal: i64) -> Vec<(Account, i64)> {
    let account = Account::Buyer(buyer, promise.credit.account());
    let promotion = Account::House(House::Promotion, promise.credit.unit());
    match promise.credit.unit() {
        Unit::Fen => vec![(account, principal), (promotion, paid.saturating_sub(principal))],
        Unit::Points => {
            vec![(SALES, paid), (account, principal), (promotion, principal.saturating_neg())]
        }
    }
}

fn bonus_transfer(name: String, buyer: UserId, promise: Promise, bonus: i64) -> Posted {
    let account = Account::Buyer(buyer, promise.credit.account());
    let promotion = Account::House(House::Promotion, promise.credit.unit());
    let entries = [(promotion, bonus.saturating_neg()), (account, bonus)];
    transfer(name, TransferKind::Bonus, &entries)
}

fn surplus(after: &Order, no: PaymentNo) -> Posted {
    let payment = payment(after, no)?;
    // How much came is not known of everything that was refunded before we saw it.
    let amount = payment.receipt().map_or(0, |receipt| receipt.amount.get());
    let name = format!("surplus:{}", payment.out_trade_no());
    let entries = [(CLEARING, amount.saturating_neg()), (PAYABLE, amount)];
    transfer(name, TransferKind::Surplus, &entries)
}

fn refunded(after: &Order, refund: &crate::refund::Refund) -> Posted {
    let payment = payment(after, refund.payment_no)?;
    let offline = matches!(refund.state, RefundState::SettledOffline { .. });
    let to = match after.buyer {
        Some(buyer) if payment.is_from_wallet() => wallet(buyer),
        Some(_) | None if offline => CASH,
        Some(_) | None => CLEARING,
    };
    // What was surplus is owed since it came, and a recharge's since it was taken from the buyer.
    let is_surplus = matches!(payment.state, PaymentState::Surplus { .. });
    let from = if is_surplus || recharged(after)?.is_some() { PAYABLE } else { SALES };
    let name = format!("refunded:{}", refund.out_refund_no);
    let amount = refund.amount.get();
    let entries = [(from, amount.saturating_neg()), (to, amount)];
    transfer(name, TransferKind::Refund, &entries)
}

/// Whether a recharge that was on its way back stays with its buyer after all.
pub(super) fn gives_again(transfer: &Transfer) -> bool {
    let is_of_a_step = [RESERVED, REVOKED].iter().any(|step| transfer.name().starts_with(step));
    let gives =
        |entry: &Entry| matches!(entry.account, Account::Buyer(..)) && entry.amount.is_positive();
    is_of_a_step && transfer.entries().iter().any(gives)
}

/// What of a recharge is taken from its buyer, because more of it goes back than before; or given
/// again, because less of it does.
fn taken_back(before: Option<&Order>, after: &Order) -> Posted {
    let Some((buyer, promise)) = recharged(after)? else { return Ok(Vec::new()) };
    let Some(settled) = after.settled_payment() else { return Ok(Vec::new()) };
    let price = settled.terms.amount;
    let was = before.map_or(Fen::ZERO, |before| before.reserved(settled.no));
    let is = after.reserved(settled.no);
    if was == is {
        return Ok(Vec::new());
    }
    let (old, new) = (promise.share(was, price), promise.share(is, price));
    let (principal, bonus) = (old.0.saturating_sub(new.0), old.1.saturating_sub(new.1));
    let paid = was.get().saturating_sub(is.get());
    let mut entries = vec![(PAYABLE, paid.saturating_neg())];
    entries.extend(granted(buyer, promise, paid, principal));
    let step = format!("{}:{}", after.number, after.version);
    let mut moved = transfer(format!("{RESERVED}{step}"), TransferKind::Refund, &entries)?;
    moved.extend(bonus_transfer(format!("{REVOKED}{step}"), buyer, promise, bonus)?);
    Ok(moved)
}

/// Whose recharge it is, and what of; `None` when it is none.
fn recharged(order: &Order) -> Result<Option<(UserId, Promise)>, Impossible> {
    match (order.purpose, order.buyer, order.recharge) {
        (Purpose::Recharge, Some(buyer), Some(promise)) => Ok(Some((buyer, promise))),
        (Purpose::Recharge, ..) => Err(Impossible),
        (Purpose::Goods | Purpose::External, ..) => Ok(None),
    }
}

fn wallet(buyer: UserId) -> Account {
    Account::Buyer(buyer, BuyerAccount::Wallet)
}
