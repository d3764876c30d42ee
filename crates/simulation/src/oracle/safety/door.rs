//! Promises about what is paid at the door: cash and online money are never both kept.

use super::{Watched, is_closed_for_good};
use domain::order::{Event, OrderStatus, PaymentMethod, SettledBy};
use domain::payment::PaymentState;
use domain::stock::HoldStatus;

/// Whether cash settles an order here.
pub(super) fn is_cash(event: &Event) -> bool {
    matches!(event, Event::Settled { settlement, .. } if matches!(settlement.by, SettledBy::Cash { .. }))
}

/// In full, where it was delivered, and with nothing that is or can still be paid online, in truth.
pub(super) fn cash_alone(w: &Watched<'_>) -> Result<(), String> {
    let order = w.commit.after;
    if !w.commit.changeset.events.iter().any(is_cash) {
        return Ok(());
    }
    if order.status != OrderStatus::Delivered || order.payment_method != PaymentMethod::Cod {
        return Err(format!("{:?}, {:?}", order.status, order.payment_method));
    }
    if order.paid() != order.amounts.total {
        return Err(format!("{} of {}", order.paid(), order.amounts.total));
    }
    for payment in &order.payments {
        let number = payment.out_trade_no().as_str();
        // Closed is closed: only who breaks WeChat Pay's own rules pays it afterwards.
        let paid = w
            .world
            .wechat
            .truth(|truth| truth.paid.contains_key(number) && !truth.unfaithful.contains(number));
        let fine = match &payment.state {
            PaymentState::Closed { .. } => !paid && is_closed_for_good(w, payment),
            PaymentState::Rejected { proven: true, .. } => !paid,
            PaymentState::Surplus { .. } => true,
            PaymentState::Created
            | PaymentState::Payable { .. }
            | PaymentState::Unknown
            | PaymentState::Closing { .. }
            | PaymentState::Rejected { proven: false, .. }
            | PaymentState::Paid { .. } => false,
        };
        if !fine {
            let paid = if paid { "paid" } else { "not paid" };
            return Err(format!("{number} is {:?}, in truth {paid}", payment.state.status()));
        }
    }
    Ok(())
}

pub(super) fn back_from_the_door(w: &Watched<'_>) -> Result<(), String> {
    let (Some(before), after) = (w.commit.before, w.commit.after) else { return Ok(()) };
    let comes_back = before.status == OrderStatus::Shipped
        && matches!(after.status, OrderStatus::Cancelling | OrderStatus::Cancelled);
    let is_unpaid = before.payment_method == PaymentMethod::Cod && before.settlement.is_none();
    if !comes_back || is_unpaid {
        return Ok(());
    }
    Err(format!("{:?}, settled by {:?}", before.payment_method, before.settlement))
}

pub(super) fn method_stays(w: &Watched<'_>) -> Result<(), String> {
    let (Some(before), after) = (w.commit.before, w.commit.after) else { return Ok(()) };
    let settles = before.settlement.is_none() && after.settlement.is_some();
    let turns = match (before.payment_method, after.payment_method) {
        (PaymentMethod::Cod, PaymentMethod::Wechat)
        | (PaymentMethod::Wechat, PaymentMethod::Wallet) => settles,
        (
            PaymentMethod::Wechat
            | PaymentMethod::Cod
            | PaymentMethod::Wallet
            | PaymentMethod::Free,
            _,
        ) => false,
    };
    if before.payment_method == after.payment_method || turns {
        return Ok(());
    }
    Err(format!("{:?} → {:?}", before.payment_method, after.payment_method))
}

pub(super) fn what_leaves_is_sold(w: &Watched<'_>) -> Result<(), String> {
    let order = w.commit.after;
    let is_out = matches!(order.status, OrderStatus::Shipped | OrderStatus::Delivered);
    let kept = order.holds.iter().find(|hold| is_out && hold.status != HoldStatus::Committed);
    kept.map_or(Ok(()), |hold| Err(format!("line {} is {:?}", hold.line_no, hold.status)))
}
