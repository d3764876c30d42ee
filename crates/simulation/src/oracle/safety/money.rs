//! Promises about money: what settles, what is surplus, what goes back.

use super::Watched;
use domain::order::{Event, Order, OrderStatus, PaymentMethod, Purpose, SettledBy};
use domain::payment::{Payment, PaymentNo, SurplusCause};

/// What is newly recorded of money is what WeChat Pay took, whatever a notification said of it.
pub(super) fn recorded_truly(w: &Watched<'_>) -> Result<(), String> {
    for payment in &w.commit.after.payments {
        let Some(receipt) = payment.receipt() else { continue };
        let before = w.commit.before.and_then(|b| b.payment_by_no(payment.no));
        if before.and_then(Payment::receipt).is_some() {
            continue;
        }
        if payment.is_from_wallet() {
            continue;
        }
        let number = payment.out_trade_no().as_str();
        let truth = w.world.wechat.truth(|truth| truth.paid.get(number).cloned());
        let Some(truth) = truth else { return Err(format!("nobody paid {number}")) };
        let is_true = receipt.transaction_id.as_str() == truth.transaction_id
            && receipt.amount.get() == truth.total_fen
            && receipt.currency == "CNY"
            && receipt.appid.as_str() == truth.appid;
        if !is_true {
            return Err(format!("{receipt:?}, in truth {truth:?}"));
        }
    }
    Ok(())
}

/// The payment that settled in this very commit.
fn settling<'a>(w: &'a Watched<'_>) -> Option<&'a Payment> {
    let settles = w.commit.changeset.events.iter().any(|e| matches!(e, Event::Settled { .. }));
    let settlement = w.commit.after.settlement.as_ref().filter(|_| settles)?;
    match &settlement.by {
        SettledBy::Wechat { payment_no } | SettledBy::Wallet { payment_no } => {
            w.commit.after.payment_by_no(*payment_no)
        }
        SettledBy::Cash { .. } | SettledBy::Free => None,
    }
}

pub(super) fn settled_as_asked(w: &Watched<'_>) -> Result<(), String> {
    let Some(payment) = settling(w) else { return Ok(()) };
    let number = payment.out_trade_no().as_str();
    let order = w.commit.after;
    let truth = w.world.wechat.truth(|truth| truth.paid.get(number).cloned());
    let Some(truth) = truth else { return Ok(()) };
    let settled = order.settlement.as_ref().map(|s| s.amount.get());
    let asked = payment.terms.amount.get();
    let equal = settled == Some(asked)
        && asked == truth.total_fen
        && asked == order.amounts.total.get()
        && payment.terms.appid.as_str() == truth.appid;
    if equal {
        return Ok(());
    }
    Err(format!("settled {settled:?}, asked {asked}, in truth {truth:?}"))
}

pub(super) fn sums(w: &Watched<'_>) -> Result<(), String> {
    let order = w.commit.after;
    // One that was made again carries a payment and no goods.
    if order.purpose == Purpose::External && order.lines.is_empty() {
        return Ok(());
    }
    let lines: i64 = order.lines.iter().map(|line| line.amount.get()).sum();
    let each = order
        .lines
        .iter()
        .all(|line| line.amount.get() == line.unit_price.get() * i64::from(line.quantity));
    let a = &order.amounts;
    let total = lines - a.discount.get() + a.delivery.get() + a.rush.get();
    let shared: i64 = order.lines.iter().map(|line| line.discount.get()).sum();
    let fits = a.items.get() == lines
        && a.discount.get() == shared
        && a.total.get() == total
        && (total > 0 || is_free(order) || order.payment_method == PaymentMethod::Cod);
    if each && fits { Ok(()) } else { Err(format!("{a:?}, lines {lines}")) }
}

fn is_free(order: &Order) -> bool {
    order.settlement.as_ref().is_some_and(|s| s.by == SettledBy::Free)
}

pub(super) fn no_needless_refund(w: &Watched<'_>) -> Result<(), String> {
    let Some(before) = w.commit.before else { return Ok(()) };
    let payable = before.settlement.is_none()
        && match before.status {
            OrderStatus::PendingPayment | OrderStatus::Cancelling => true,
            OrderStatus::Ready | OrderStatus::Shipped | OrderStatus::Delivered => {
                before.payment_method == PaymentMethod::Cod
            }
            OrderStatus::Cancelled | OrderStatus::Completed => false,
        };
    for event in &w.commit.changeset.events {
        if let Event::PaymentSurplus { no, why, .. } = event
            && payable
            && !(*why == SurplusCause::RefundSeenFirst && has_gone_back(w, *no))
            && !(*why == SurplusCause::Mismatch && is_another_sum(w, *no))
        {
            return Err(format!("payment {no} is surplus ({why:?}) while the order was payable"));
        }
    }
    Ok(())
}

/// Whether it is not what was asked, in truth.
fn is_another_sum(w: &Watched<'_>, no: PaymentNo) -> bool {
    let payment = w.commit.after.payment_by_no(no);
    payment.is_some_and(|payment| {
        let number = payment.out_trade_no().as_str();
        let truth = w.world.wechat.truth(|truth| truth.paid.get(number).cloned());
        let asked = payment.terms.amount.get();
        truth.is_some_and(|truth| {
            truth.total_fen != asked || truth.appid != payment.terms.appid.as_str()
        })
    })
}

/// Whether WeChat Pay has a refund of it that a failover made us forget.
fn has_gone_back(w: &Watched<'_>, no: PaymentNo) -> bool {
    let payment = w.commit.after.payment_by_no(no);
    let number = payment.map(|payment| payment.out_trade_no().as_str());
    w.world.failovers() > 0
        && w.world
            .wechat
            .refunds()
            .iter()
            .any(|refund| number == Some(refund.out_trade_no.as_str()))
}
