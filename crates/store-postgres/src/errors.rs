//! What Postgres's errors mean. The only place that reads messages and constraint names.

use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::pooled_connection::deadpool::PoolError;
use domain::catalogue::SkuId;
use domain::changeset::Refusal;
use domain::coupon::CouponId;
use domain::ledger::{BuyerAccount, Unit};
use domain::ports::{CommitAnswer, StoreError};

/// How `paydesk_refuse` begins.
const REFUSES: &str = "paydesk refuses: ";

pub(crate) fn pool(error: &PoolError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// A read that failed. Takes the error, so that it can stand in `map_err`.
#[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
pub(crate) fn read(error: Error) -> StoreError {
    if let Error::DeserializationError(why) = &error {
        return StoreError::Corrupt(why.to_string());
    }
    StoreError::Unavailable(error.to_string())
}

/// Whether the link can be used again after this error. One that is being ended may not know it yet,
/// and a server that became a standby is the wrong one: what is not understood says no.
pub(crate) fn leaves_link_whole(error: &Error) -> bool {
    let Error::DatabaseError(kind, info) = error else { return false };
    let refused_by_a_rule = matches!(
        kind,
        DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::SerializationFailure
    );
    let message = info.message();
    refused_by_a_rule || message.starts_with(REFUSES) || is_undone(message)
}

/// A commit that failed.
pub(crate) fn commit(error: &Error) -> CommitAnswer {
    let Error::DatabaseError(kind, info) = error else {
        // Nothing that the server said: the statement may have been carried out.
        return CommitAnswer::OutcomeUnknown(error.to_string());
    };
    classified(kind, info.constraint_name(), info.message())
}

fn classified(kind: &DatabaseErrorKind, constraint: Option<&str>, message: &str) -> CommitAnswer {
    match (kind, constraint, message) {
        (_, _, message) if message.starts_with(REFUSES) => refusal(message),
        (DatabaseErrorKind::UniqueViolation, Some(constraint), _) => unique(constraint),
        (DatabaseErrorKind::SerializationFailure, _, why) => {
            CommitAnswer::RolledBack(why.to_owned())
        }
        (
            DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::ForeignKeyViolation,
            constraint,
            why,
        ) => {
            // A rule of money that the domain should have kept: nothing was written.
            tracing::error!(constraint, why, "the schema refused what the domain decided");
            CommitAnswer::RolledBack(why.to_owned())
        }
        (_, _, why) if is_undone(why) => CommitAnswer::RolledBack(why.to_owned()),
        // Everything else, in whatever language the server speaks: perhaps it was carried out.
        (_, _, why) => CommitAnswer::OutcomeUnknown(why.to_owned()),
    }
}

/// What a server says of a statement that it has undone. (The codes would be better; Diesel does
/// not show them. A server that speaks another language is asked about the commit instead.)
const UNDONE: [&str; 4] = [
    "deadlock detected",
    "due to lock timeout",
    "due to statement timeout",
    "could not serialize access",
];

fn is_undone(message: &str) -> bool {
    UNDONE.iter().any(|known| message.contains(known))
}

/// What `paydesk_refuse` was called with, when that is what an error says.
pub(crate) fn refused(error: &Error) -> Option<String> {
    let Error::DatabaseError(_, info) = error else { return None };
    info.message().strip_prefix(REFUSES).map(str::to_owned)
}

fn refusal(message: &str) -> CommitAnswer {
    let what = message.strip_prefix(REFUSES).unwrap_or_default();
    let (name, row) = what.split_once(' ').unwrap_or((what, ""));
    let refusal = match (name, SkuId::parse(row)) {
        ("version", _) => return CommitAnswer::Conflict,
        ("fence", _) => Refusal::Fenced,
        ("effect", _) => Refusal::EffectTaken(row.to_owned()),
        ("balance", _) => match balance(row) {
            Some(account) => Refusal::Balance(account),
            None => return CommitAnswer::RolledBack(message.to_owned()),
        },
        ("transfer", _) => Refusal::TransferTaken(row.to_owned()),
        ("refund_number", _) => Refusal::RefundNumberTaken,
        ("list", _) => Refusal::ListTaken,
        ("open_orders", _) => Refusal::TooManyOpenOrders,
        ("stock", Some(sku)) => Refusal::Stock(sku),
        ("price", Some(sku)) => Refusal::PriceMoved(sku),
        ("coupon" | "coupon_version", _) => match (name, CouponId::parse(row)) {
            ("coupon", Some(id)) => Refusal::Coupon(id),
            (_, Some(id)) => Refusal::CouponMoved(id),
            (_, None) => return CommitAnswer::RolledBack(message.to_owned()),
        },
        _ => return CommitAnswer::RolledBack(message.to_owned()),
    };
    CommitAnswer::GuardRefused(refusal)
}

/// An account by its name and unit.
fn balance(row: &str) -> Option<BuyerAccount> {
    let (name, unit) = row.split_once(' ')?;
    BuyerAccount::parse(name, Unit::parse(unit)?)
}

fn unique(constraint: &str) -> CommitAnswer {
    match constraint {
        "orders_number" | "orders_pkey" | "payments_out_trade_no" => {
            CommitAnswer::GuardRefused(Refusal::NumberTaken)
        }
        "payments_transaction_id" => CommitAnswer::GuardRefused(Refusal::TransactionTaken),
        // The same key under another name: what it led to is there already.
        "idempotency_pkey" => CommitAnswer::AlreadyCommitted,
        other => {
            // The version was the expected one, so nobody was faster: ours is impossible.
            tracing::error!(constraint = other, "the schema refused what the domain decided");
            CommitAnswer::RolledBack(format!("already there: {other}"))
        }
    }
}
