//! What is worth counting of a commit: the marks that a run has to meet.

use super::Seen;
use super::safety::prices::delivery;
use crate::actors::offers::{HALF_OFF, HALF_OFF_MOST};
use crate::marks::Mark;
use crate::world::World;
use domain::card::CardOwner;
use domain::case::CaseKind;
use domain::changeset::Changeset;
use domain::coupon::CouponHoldStatus;
use domain::ledger::{Account, BuyerAccount, Transfer};
use domain::order::{CancelCause, Event, Order, OrderStatus, PaymentMethod, SettledBy};
use domain::payment::{Payment, PaymentNo, PaymentState};
use domain::ports::Clock as _;
use domain::refund::{RefundState, RefundStatus};
use domain::stock::Hold;

impl Seen {
    /// What is worth counting.
    pub(super) fn mark(&self, world: &World, node: u32, changeset: &Changeset) {
        if changeset.cases.iter().any(|case| case.kind == CaseKind::Foreign) {
            world.chronicle.sometimes(Mark::ForeignLeft);
        }
        if super::spenders(changeset).next().is_some() {
            world.chronicle.sometimes(Mark::PointsSpent);
        }
        mark_debts(world, changeset);
        let Some(write) = &changeset.order else { return };
        mark_wallet(world, changeset, &write.order);
        let before = self.orders.get(&write.order.id);
        for event in &changeset.events {
            match event {
                Event::Settled { .. } => self.mark_settled(world, before, &write.order),
                Event::PaymentPaid { no, .. } => self.mark_paid(world, node, before, *no),
                Event::PaymentSurplus { .. } => mark_surplus(world, before),
                Event::PaymentAdopted(adopted) => self.mark_adopted(world, adopted),
                Event::RefundImported(_) => {
                    world.chronicle.sometimes(Mark::RefundImported);
                    mark_displaced(world, before, changeset);
                }
                Event::RefundMoved { out_refund_no, to, .. } => {
                    refund_mark(world, before, out_refund_no, to);
                }
                Event::RefundApplied { .. } | Event::ApplicationRefused { .. } => {
                    mark_application(world, event);
                }
                Event::PaymentRejected { .. } => world.chronicle.sometimes(Mark::PrepayRefused),
                Event::PaymentRejectionProven { .. } => {
                    world.chronicle.sometimes(Mark::RefusalProven);
                }
                Event::PaymentClosed { no, .. } => mark_closed(world, &write.order, *no),
                Event::RefundRequested(refund) if refund.replaces.is_some() => {
                    world.chronicle.sometimes(Mark::RefundReplaced);
                }
                Event::RefundRequested(_) => {}
                Event::GoodsReturned { .. } => mark_returned(world, &write.order),
                Event::CouponMoved { to } => self.mark_coupon(world, &write.order, *to),
                Event::CancelWithdrawn => world.chronicle.sometimes(Mark::CancelWithdrawn),
                Event::Cancelled { .. } => {
                    if write.order.settlement.is_some() {
                        world.chronicle.sometimes(Mark::CancelledAfterPaid);
                    }
                }
                Event::Completed { by: domain::order::CompletedBy::Elapsed, .. } => {
                    world.chronicle.sometimes(Mark::OrderCompletedByItself);
                }
                Event::Converted => world.chronicle.sometimes(Mark::Converted),
                Event::CancelRequested { cause: CancelCause::Refused } => {
                    world.chronicle.sometimes(Mark::RefusedAtTheDoor);
                }
                Event::Placed(order) => self.mark_placed(world, changeset, order),
                Event::HoldsCommitted { .. }
                | Event::PaymentStarted(_)
                | Event::PaymentPayable { .. }
                | Event::PaymentUnknown { .. }
                | Event::PaymentClosing { .. }
                | Event::RefundRestated { .. }
                | Event::CancelRequested { .. }
                | Event::CouponStuck { .. }
                | Event::FeesStuck
                | Event::PayerReported(_)
                | Event::Shipped(_)
                | Event::Delivered { .. }
                | Event::Completed { .. } => {}
            }
        }
    }

    fn mark_adopted(&self, world: &World, adopted: &Payment) {
        world.chronicle.sometimes(Mark::OrphanAdopted);
        if self.losses.has_record(adopted.out_trade_no().as_str()) {
            world.chronicle.sometimes(Mark::LostPaymentAdopted);
        }
    }

    fn mark_settled(&self, world: &World, before: Option<&Order>, after: &Order) {
        let now = world.store_time.real();
        let Some(before) = before else {
            world.chronicle.sometimes(Mark::FreeOrder);
            return;
        };
        let settled = after.settled_payment();
        if settled
            .is_some_and(|payment| self.losses.has_settlement(payment.out_trade_no().as_str()))
        {
            world.chronicle.sometimes(Mark::LostPaymentSettledAgain);
        }
        if has_cash(after) {
            world.chronicle.sometimes(Mark::CashCollected);
            if !before.payments.is_empty() {
                world.chronicle.sometimes(Mark::ConvertedBack);
            }
        }
        if before.status == OrderStatus::Cancelling
            && before.cancel_cause == Some(CancelCause::Refused)
        {
            world.chronicle.sometimes(Mark::RefusedAndPaid);
        }
        if before.status == OrderStatus::Cancelling {
            world.chronicle.sometimes(Mark::SuccessWhileCancelling);
        }
        if before.pay_deadline.is_some_and(|deadline| deadline < now) {
            world.chronicle.sometimes(Mark::SuccessAfterDeadline);
        }
    }

    fn mark_coupon(&self, world: &World, after: &Order, to: CouponHoldStatus) {
        let is_free = matches!(&after.settlement, Some(s) if s.by == SettledBy::Free);
        let ends = after.coupon.as_ref().and_then(|c| self.coupon_ends.get(&c.grant.coupon_id));
        let mark = match to {
            CouponHoldStatus::Held => return,
            CouponHoldStatus::Used if is_free => Mark::FreeByCoupon,
            CouponHoldStatus::Used if ends.is_some_and(|ends| *ends <= world.store_time.real()) => {
                Mark::CouponSpentPastItsEnd
            }
            CouponHoldStatus::Used => Mark::CouponSpent,
            CouponHoldStatus::Released => Mark::CouponReleased,
            CouponHoldStatus::Returned => Mark::CouponReturned,
        };
        world.chronicle.sometimes(mark);
    }

    fn mark_placed(&self, world: &World, changeset: &Changeset, order: &Order) {
        let says = |mark| world.chronicle.sometimes(mark);
        let amounts = order.amounts;
        if order.lines.len() > 1 {
            says(Mark::TwoKinds);
        }
        if order.payment_method == PaymentMethod::Cod {
            says(Mark::PlacedAtTheDoor);
        }
        if amounts.delivery.get() > 0 && amounts.rush.get() > 0 {
            says(Mark::FeesCharged);
        }
        if let (Some(rules), Some(address)) = (self.shop.rules.last(), &order.checkout.address) {
            let (fee, is_regional, is_waived) = delivery(rules, &address.region, amounts.items);
            if is_regional && fee == amounts.delivery {
                says(Mark::RegionalFee);
            }
            if is_waived && amounts.delivery.get() == 0 {
                says(Mark::DeliveryWaived);
            }
        }
        if order.coupon.as_ref().is_some_and(|c| c.grant.coupon_id.as_str() == HALF_OFF)
            && amounts.discount == HALF_OFF_MOST
        {
            says(Mark::CouponCapped);
        }
        let scope = changeset.replay.as_ref().map(|replay| &replay.scope);
        if scope.is_some_and(|scope| self.shop.shown.contains_key(scope)) {
            says(Mark::ChargedAsShown);
        }
    }

    fn mark_paid(&self, world: &World, node: u32, before: Option<&Order>, no: PaymentNo) {
        let paid = before.and_then(|b| b.payment_by_no(no));
        if paid.is_some_and(|p| p.state == PaymentState::Created) {
            world.chronicle.sometimes(Mark::SuccessBeforePrepayAnswer);
        }
        let number = paid.map(|paid| paid.out_trade_no().as_str());
        let orderer = number.and_then(|number| self.orderer.get(number));
        if orderer.is_some_and(|orderer| *orderer != node) {
            world.chronicle.sometimes(Mark::NoticeAppliedByAnotherNode);
        }
    }
}

fn mark_surplus(world: &World, before: Option<&Order>) {
    world.chronicle.sometimes(Mark::SurplusRecorded);
    if before.is_some_and(has_cash) {
        world.chronicle.sometimes(Mark::PaidAfterCash);
    }
    if before.is_some_and(|before| before.status == OrderStatus::Cancelled) {
        world.chronicle.sometimes(Mark::SuccessAfterCancelled);
    }
}

fn mark_returned(world: &World, order: &Order) {
    world.chronicle.sometimes(Mark::GoodsReturned);
    let all_back = |hold: &Hold| hold.returned_quantity == hold.quantity;
    if order.holds.iter().any(all_back) && !order.holds.iter().all(all_back) {
        world.chronicle.sometimes(Mark::OneOfTwoReturned);
    }
}

/// Who came to owe something, or owes less.
fn mark_debts(world: &World, changeset: &Changeset) {
    for entry in changeset.transfers.iter().flat_map(Transfer::entries) {
        if matches!(entry.account, Account::Buyer(_, BuyerAccount::Receivable(_))) {
            let owes = entry.amount < 0;
            world.chronicle.sometimes(if owes { Mark::BuyerOwes } else { Mark::DebtSetOff });
        }
    }
}

/// Whether cash settled it.
fn has_cash(order: &Order) -> bool {
    order.settlement.as_ref().is_some_and(|s| matches!(s.by, SettledBy::Cash { .. }))
}

/// What became of wallets.
fn mark_wallet(world: &World, changeset: &Changeset, after: &Order) {
    let says = |mark| world.chronicle.sometimes(mark);
    let from_wallet = |no: PaymentNo| no == domain::payment::WALLET_PAYMENT;
    let paid = after.settled_payment().is_some_and(|payment| from_wallet(payment.no));
    for event in &changeset.events {
        match event {
            Event::Settled { .. } if after.recharge.is_some() => says(Mark::RechargeCredited),
            Event::Settled { .. } if paid => says(Mark::PaidFromWallet),
            Event::PaymentSurplus { .. } if paid => says(Mark::PaidAfterWallet),
            Event::RefundMoved { to: RefundState::Succeeded { .. }, .. } if paid => {
                says(Mark::RefundedToWallet);
            }
            Event::RefundRequested(_) if after.recharge.is_some() => says(Mark::RechargeTakenBack),
            Event::Settled { .. }
            | Event::PaymentSurplus { .. }
            | Event::RefundMoved { .. }
            | Event::RefundRestated { .. }
            | Event::RefundApplied { .. }
            | Event::ApplicationRefused { .. }
            | Event::RefundRequested(_)
            | Event::RefundImported(_)
            | Event::Placed(_)
            | Event::PaymentStarted(_)
            | Event::PaymentPayable { .. }
            | Event::PaymentUnknown { .. }
            | Event::PaymentRejected { .. }
            | Event::PaymentRejectionProven { .. }
            | Event::PaymentClosing { .. }
            | Event::PaymentClosed { .. }
            | Event::PaymentPaid { .. }
            | Event::PaymentAdopted(_)
            | Event::GoodsReturned { .. }
            | Event::CouponMoved { .. }
            | Event::CouponStuck { .. }
            | Event::FeesStuck
            | Event::HoldsCommitted { .. }
            | Event::Converted
            | Event::CancelRequested { .. }
            | Event::CancelWithdrawn
            | Event::Cancelled { .. }
            | Event::PayerReported(_)
            | Event::Shipped(_)
            | Event::Delivered { .. }
            | Event::Completed { .. } => {}
        }
    }
}

/// What of ours gave way to a refund that was made elsewhere.
fn mark_displaced(world: &World, before: Option<&Order>, changeset: &Changeset) {
    let events = || changeset.events.iter();
    let gave_way =
        events().any(|e| matches!(e, Event::RefundMoved { to: RefundState::Withdrawn, .. }));
    if !gave_way {
        return;
    }
    world.chronicle.sometimes(Mark::GaveWay);
    if events().any(|event| matches!(event, Event::RefundRequested(_))) {
        world.chronicle.sometimes(Mark::RestAskedAgain);
    }
    if before.is_some_and(|before| before.status == OrderStatus::Cancelling) {
        world.chronicle.sometimes(Mark::CancelledAllTheSame);
    }
}

fn mark_closed(world: &World, after: &Order, no: PaymentNo) {
    let was = after.payment_by_no(no);
    let number = was.map(|p| p.out_trade_no().as_str());
    let ordered = |number| world.wechat.truth(|t| t.ordered.contains_key(number));
    if number.is_some_and(|number| !ordered(number)) {
        world.chronicle.sometimes(Mark::ClosedPastHorizon);
    }
}

fn mark_application(world: &World, event: &Event) {
    let is_refused = matches!(event, Event::ApplicationRefused { .. });
    let mark = if is_refused { Mark::ApplicationRefused } else { Mark::RefundApplied };
    world.chronicle.sometimes(mark);
}

fn refund_mark(
    world: &World,
    before: Option<&Order>,
    number: &domain::OutRefundNo,
    to: &RefundState,
) {
    let was = before.and_then(|before| before.refund(number)).map(|refund| refund.state.status());
    let had_freed = matches!(
        was,
        Some(RefundStatus::Rejected | RefundStatus::Withdrawn | RefundStatus::Declined)
    );
    let is_there = matches!(
        to,
        RefundState::Processing { .. }
            | RefundState::Succeeded { .. }
            | RefundState::Abnormal { .. }
    );
    if had_freed && is_there {
        world.chronicle.sometimes(Mark::RefundThereAfterAll);
    }
    let applied = before.and_then(|before| before.refund(number)).and_then(|refund| refund.applied);
    if let (Some(applied), RefundState::Succeeded { .. }) = (applied, to) {
        let is_theirs = applied.to == CardOwner::User;
        let mark = if is_theirs { Mark::ApplicationTaken } else { Mark::AppliedToMerchant };
        world.chronicle.sometimes(mark);
    }
    let mark = match to {
        RefundState::Abnormal { .. } if applied.is_some() => Mark::ApplicationLost,
        RefundState::Succeeded { .. } if was == Some(RefundStatus::Sending) => {
            Mark::RefundHeardBeforeItsAnswer
        }
        RefundState::Succeeded { .. } => Mark::RefundSucceeded,
        RefundState::Unknown { refused: Some(_) } => Mark::RefundRefused,
        RefundState::Unknown { refused: None } => Mark::RefundAnswerLost,
        RefundState::Abnormal { .. } => Mark::RefundAbnormal,
        RefundState::Closed { .. } => Mark::RefundClosed,
        RefundState::Rejected { .. } => Mark::RefundRejected,
        RefundState::Declined => Mark::RefundDeclined,
        RefundState::Withdrawn => Mark::RefundWithdrawn,
        RefundState::SettledOffline { .. } => Mark::RefundSettledOffline,
        RefundState::AwaitingApproval
        | RefundState::Requested
        | RefundState::Sending
        | RefundState::Processing { .. } => return,
    };
    world.chronicle.sometimes(mark);
}
