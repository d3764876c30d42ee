//! Money that is given back elsewhere after it was spent: an operator asks for a part of a recharge, somebody
//! gives another part back at the merchant's console, and then the first is not to go back after all.

use super::{office, operator};
use crate::marks::Mark;
use crate::node::{Ask, ask};
use crate::tape::Kind;
use crate::time::SECOND;
use crate::world::World;
use domain::order::{Command, Order, Purpose, RefundAsk, SettledBy};
use domain::ports::OrderKey;
use domain::recharge::Credit;
use domain::refund::{Asker, RefundStatus};
use domain::{Fen, OrderId, OrderNumber, OutTradeNo};
use std::sync::Arc;
use usecases::{Action, Target};

/// More than one person gives back alone, so that it waits for another one.
const ASKED: Fen = Fen::new(11_000);
/// Given back elsewhere meanwhile, in fen.
const ELSEWHERE: i64 = 9_000;

/// Works while buyers come, in some worlds; the tame world has nobody who does.
pub(super) async fn call_back(world: Arc<World>) {
    if world.draw(Kind::Shop, 4) != 3 {
        return;
    }
    for count in 0..12_u32 {
        world.kernel.sleep((i64::from(world.draw(Kind::Shop, 20)) + 5) * SECOND).await;
        if !world.is_open() {
            return;
        }
        if let Some((id, number, paid)) = spent(&world) {
            once(&world, (id, &number), &paid, count).await;
            return;
        }
    }
}

/// A recharge of which something was spent and of which nothing goes back yet.
fn spent(world: &World) -> Option<(OrderId, OrderNumber, OutTradeNo)> {
    world.oracle.look(|seen| {
        let mut orders = seen.orders.values();
        let found = orders.find(|order| is_credit(order) && is_spent(world, order))?;
        let paid = found.settled_payment()?.out_trade_no().clone();
        Some((found.id, found.number.clone(), paid))
    })
}

fn is_credit(order: &Order) -> bool {
    let is_credit = order.recharge.is_some_and(|promise| promise.credit == Credit::Wallet);
    let is_paid =
        order.settlement.as_ref().is_some_and(|s| matches!(s.by, SettledBy::Wechat { .. }));
    order.purpose == Purpose::Recharge && is_credit && is_paid && order.refunds.is_empty()
}

/// Whether the wallet holds enough for what is asked, and too little for what is given back as well.
fn is_spent(world: &World, order: &Order) -> bool {
    let Some(buyer) = order.buyer else { return false };
    let held = world.store.view(|stored| stored.balances(buyer).wallet).unwrap_or(0);
    let share = |fen: i64| fen + fen / 10;
    held >= share(ASKED.get()) + 10 && held < share(ASKED.get() + ELSEWHERE)
}

async fn once(
    world: &Arc<World>,
    (id, number): (OrderId, &OrderNumber),
    paid: &OutTradeNo,
    count: u32,
) {
    let action = |what: &str, who: &str| {
        let mut audit = operator::audit(what);
        audit.actor = who.to_owned();
        Box::new(Action {
            target: Target::anybodys(OrderKey::Id(id)),
            audit,
            keyed: operator::keyed(who, what, &format!("debt-{count}"), number),
        })
    };
    let asked = RefundAsk {
        what: Some(ASKED).into(),
        reason: "操作员退款".to_owned(),
        by: Asker::Operator,
        out_refund_no: None,
    };
    office::insist(world, Ask::Refund(action("refund", "operator:1"), asked)).await;
    let Some(out_refund_no) = world.oracle.look(|seen| {
        let mut refunds = seen.orders.get(&id)?.refunds.iter();
        let waits = refunds.find(|r| r.state.status() == RefundStatus::AwaitingApproval)?;
        Some(waits.out_refund_no.clone())
    }) else {
        return;
    };
    let refund = format!("{paid}-D{count:02}");
    let of = (paid.as_str(), refund.as_str());
    if !world.wechat.refund_elsewhere(of, Some(ELSEWHERE), world.now()) {
        return;
    }
    world.chronicle.sometimes(Mark::RefundedElsewhere);
    world.kernel.sleep((i64::from(world.draw(Kind::Shop, 60)) + 10) * SECOND).await;
    let no = Command::DeclineRefund { out_refund_no };
    let _answer = ask(world, Ask::Act(action("verdict", "operator:2"), no)).await;
}
