//! Operators: ship what is paid, say that it arrived, complete, and sometimes cancel.

use super::{dawdle, offers, scope};
use crate::node::{Ask, ask};
use crate::tape::Kind;
use crate::time::SECOND;
use crate::world::World;
use domain::card::CardOwner;
use domain::changeset::Audit;
use domain::order::{
    CancelCause, Command, CompletedBy, LineQuantity, OrderStatus, RefundAsk, RefundOf,
};
use domain::payment::Payment;
use domain::ports::OrderKey;
use domain::refund::{Asker, Refund, RefundKind, RefundStatus};
use domain::shipment::{LogisticsType, Package, ShipmentDraft};
use domain::{Fen, OrderId, OrderNumber};
use std::sync::Arc;
use usecases::{Action, Keyed, Target};

/// Works while buyers come; the tame operator does nothing.
pub(super) async fn work(world: Arc<World>) {
    let zeal = world.draw(Kind::Actor, 4);
    if zeal == 0 {
        return;
    }
    let mut count = 0_u32;
    while world.is_open() {
        world.kernel.sleep(i64::from(20 / zeal) * SECOND).await;
        let orders: Vec<(OrderId, OrderNumber, OrderStatus)> = world.oracle.look(|seen| {
            // What is to be paid at the door is the couriers'.
            let shop = seen.orders.values().filter(|order| !order.awaits_cash());
            shop.map(|o| (o.id, o.number.clone(), o.status)).collect()
        });
        let Some(bound) = u32::try_from(orders.len()).ok().filter(|bound| *bound > 0) else {
            continue;
        };
        let which = usize::try_from(world.draw(Kind::Actor, bound)).unwrap_or(0);
        let Some((id, number, status)) = orders.get(which) else { continue };
        count = count.saturating_add(1);
        dawdle(&world, 8).await;
        let Some(asked) = wish(&world, *id, number, *status, key(count)) else { continue };
        if matches!(asked, Ask::Refund(..)) && world.draw(Kind::Actor, 2) == 1 {
            count = count.saturating_add(1);
            aside(&world, refund(&world, *id, number, count));
        }
        let _answer = ask(&world, asked).await;
    }
}

/// Now and then a new wish comes under the key of the one before.
fn key(count: u32) -> u32 {
    if count % 8 == 7 { count - 1 } else { count }
}

/// A colleague does something at the same time.
fn aside(world: &Arc<World>, what: Ask) {
    let colleague = Arc::clone(world);
    world.outside(async move {
        dawdle(&colleague, 1).await;
        let _answer = ask(&colleague, what).await;
    });
}

fn wish(
    world: &World,
    id: OrderId,
    number: &OrderNumber,
    status: OrderStatus,
    count: u32,
) -> Option<Ask> {
    let cancels = world.draw(Kind::Actor, 4) == 3;
    if let Some(command) = verdict(world, id) {
        let mut action = action(id, number, "verdict", count);
        // Every other time it is somebody else who looks; who asked for a refund may not approve it.
        if count.is_multiple_of(2) {
            action.audit.actor = "operator:2".to_owned();
        }
        return Some(Ask::Act(action, command));
    }
    let act = |what: &str, command: Command| Ask::Act(action(id, number, what, count), command);
    match status {
        OrderStatus::PendingPayment if cancels => {
            Some(Ask::Cancel(action(id, number, "cancel", count), CancelCause::Operator))
        }
        OrderStatus::Ready if cancels => {
            Some(Ask::Cancel(action(id, number, "cancel", count), CancelCause::Operator))
        }
        OrderStatus::Ready if world.draw(Kind::Actor, 3) == 2 => {
            Some(refund(world, id, number, count))
        }
        OrderStatus::Shipped | OrderStatus::Delivered if world.draw(Kind::Actor, 4) == 3 => {
            Some(refund(world, id, number, count))
        }
        OrderStatus::Ready => Some(act("ship", Command::Ship(parcel(count)))),
        OrderStatus::Shipped => Some(act("deliver", Command::Deliver)),
        OrderStatus::Delivered if cancels => {
            Some(act("complete", Command::Complete(CompletedBy::Operator)))
        }
        OrderStatus::Completed if world.draw(Kind::Actor, 8) == 7 => {
            Some(refund(world, id, number, count))
        }
        OrderStatus::PendingPayment
        | OrderStatus::Cancelling
        | OrderStatus::Cancelled
        | OrderStatus::Delivered
        | OrderStatus::Completed => None,
    }
}

fn action(id: OrderId, number: &OrderNumber, what: &str, count: u32) -> Box<Action> {
    Box::new(Action {
        target: Target::anybodys(OrderKey::Id(id)),
        audit: audit(what),
        keyed: keyed("operator:1", what, &format!("op-{count}"), number),
    })
}

/// What the audit says of who acts in the back office.
pub(super) fn audit(what: &str) -> Audit {
    Audit { actor: "operator:1".to_owned(), cause: what.to_owned(), request_id: None }
}

/// One thing that is done with an order, under a key of its own.
pub(super) fn keyed(principal: &str, what: &str, key: &str, number: &OrderNumber) -> Keyed {
    Keyed {
        scope: scope(principal, what, key),
        fingerprint: format!("{what} {number}"),
        request_id: key.to_owned(),
    }
}

/// What a person says of a refund that waits for one: mostly yes.
fn verdict(world: &World, id: OrderId) -> Option<Command> {
    let (refund, paid) = world.oracle.look(|seen| {
        let order = seen.orders.get(&id)?;
        let mut refunds = order.refunds.iter();
        let waits = refunds.find(|refund| match refund.state.status() {
            RefundStatus::AwaitingApproval | RefundStatus::Abnormal | RefundStatus::Rejected => {
                true
            }
            RefundStatus::Closed => order.replacement_of(&refund.out_refund_no).is_none(),
            RefundStatus::Declined
            | RefundStatus::Withdrawn
            | RefundStatus::Requested
            | RefundStatus::Sending
            | RefundStatus::Unknown
            | RefundStatus::Processing
            | RefundStatus::Succeeded
            | RefundStatus::SettledOffline => false,
        })?;
        let payment = order.payment_of(waits);
        Some((waits.clone(), payment?.clone()))
    })?;
    let (out_refund_no, status) = (refund.out_refund_no.clone(), refund.state.status());
    let note = "银行转账".to_owned();
    let no = world.draw(Kind::Actor, 4) == 3;
    Some(match status {
        RefundStatus::AwaitingApproval if no => Command::DeclineRefund { out_refund_no },
        RefundStatus::AwaitingApproval => {
            Command::ApproveRefund { out_refund_no, as_approver: true }
        }
        RefundStatus::Abnormal => match world.draw(Kind::Actor, 4) {
            0 => Command::SettleRefundOffline { out_refund_no, note },
            1 => {
                Command::ApplyAbnormal { out_refund_no, to: CardOwner::Merchant, as_approver: true }
            }
            _ => Command::ApplyAbnormal { out_refund_no, to: CardOwner::User, as_approver: true },
        },
        RefundStatus::Rejected if no => Command::SettleRefundOffline { out_refund_no, note },
        RefundStatus::Declined
        | RefundStatus::Withdrawn
        | RefundStatus::Requested
        | RefundStatus::Sending
        | RefundStatus::Unknown
        | RefundStatus::Processing
        | RefundStatus::Succeeded
        | RefundStatus::SettledOffline
        | RefundStatus::Rejected
        | RefundStatus::Closed => {
            Command::RetryRefund { out_refund_no, amount: still_owed(world, &refund, &paid) }
        }
    })
}

/// Who looks at WeChat Pay sees what else went back of money that an order could not take.
fn still_owed(world: &World, refund: &Refund, paid: &Payment) -> Option<Fen> {
    if refund.kind != RefundKind::Surplus || world.draw(Kind::Actor, 3) < 2 {
        return None;
    }
    let number = paid.out_trade_no().as_str();
    let went_back = world.wechat.refunds();
    let went_back = went_back.iter().filter(|other| other.out_trade_no == number);
    let went_back = went_back.filter(|other| other.status != "CLOSED");
    let went_back: i64 = went_back.map(|other| other.refund_fen).sum();
    let rest = paid.receipt()?.amount.minus(Fen::new(went_back))?;
    (rest > Fen::ZERO).then_some(rest)
}

/// A part of it, or all of it.
fn refund(world: &World, id: OrderId, number: &OrderNumber, count: u32) -> Ask {
    let parts = i64::from(world.draw(Kind::Actor, 4));
    let ask = RefundAsk {
        what: match world.draw(Kind::Wish, 3) {
            0 => (parts > 0).then(|| Fen::new(parts.saturating_mul(1_000))).into(),
            pieces => {
                let line_no = offers::some_line(world, number);
                RefundOf::Lines(vec![LineQuantity { line_no, quantity: pieces }])
            }
        },
        reason: "操作员退款".to_owned(),
        by: Asker::Operator,
        out_refund_no: None,
    };
    Ask::Refund(action(id, number, "refund", count), ask)
}

pub(super) fn parcel(count: u32) -> ShipmentDraft {
    ShipmentDraft {
        logistics_type: LogisticsType::Express,
        packages: vec![Package {
            express_company: Some("SF".to_owned()),
            tracking_no: Some(format!("SF{count}")),
            item_desc: "goods".to_owned(),
            contact: None,
        }],
        is_all_delivered: true,
    }
}
