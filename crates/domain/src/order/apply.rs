//! Applies what happened. Cannot refuse, decides nothing.

use crate::Timestamp;
use crate::coupon::CouponHoldStatus;
use crate::order::{Event, Order, OrderStatus, PaymentMethod, SettledBy, Settlement, StockOutcome};
use crate::payment::{Payment, PaymentNo, PaymentState};
use crate::refund::{Application, Asked, RefundState};
use crate::stock::HoldStatus;

impl Order {
    /// This order after `event`. An event about a payment that it does not have changes nothing.
    #[must_use]
    pub fn apply(mut self, event: &Event) -> Order {
        match event {
            Event::Placed(order) => return (**order).clone(),
            Event::PaymentStarted(payment) | Event::PaymentAdopted(payment) => {
                self.payments.push((**payment).clone());
                self.payments.sort_by_key(|payment| payment.no);
            }
            Event::PaymentPayable { no, credential } => {
                self.put(*no, PaymentState::Payable { credential: credential.clone() });
            }
            Event::PaymentUnknown { no } => self.put(*no, PaymentState::Unknown),
            Event::PaymentRejected { no, code } => {
                self.put(*no, PaymentState::Rejected { code: code.clone(), proven: false });
            }
            Event::PaymentRejectionProven { no } => self.prove_rejection(*no),
            Event::PaymentClosing { no, why } => {
                self.put(*no, PaymentState::Closing { why: *why });
            }
            Event::PaymentClosed { no, why, at } => {
                self.put(*no, PaymentState::Closed { why: *why, at: *at });
            }
            Event::PaymentPaid { no, receipt } => {
                self.put(*no, PaymentState::Paid { receipt: receipt.clone() });
            }
            Event::PaymentSurplus { no, receipt, why } => {
                self.put(*no, PaymentState::Surplus { receipt: receipt.clone(), why: *why });
            }
            Event::RefundRequested(refund) | Event::RefundImported(refund) => {
                self.refunds.push(refund.clone());
            }
            Event::RefundMoved { .. }
            | Event::RefundRestated { .. }
            | Event::RefundApplied { .. }
            | Event::ApplicationRefused { .. } => self.change_refund(event),
            Event::GoodsReturned { lines, stock: StockOutcome::Committed, .. } => {
                self.take_back(lines);
            }
            Event::Settled { settlement, stock } => self.take(settlement, *stock),
            Event::CancelRequested { cause } => {
                self.status = OrderStatus::Cancelling;
                self.cancel_cause = Some(*cause);
            }
            Event::CancelWithdrawn => {
                self.status = OrderStatus::Ready;
                self.cancel_cause = None;
            }
            Event::Cancelled { at, stock } => self.end_cancelled(*at, *stock),
            Event::HoldsCommitted { stock } => self.commit_holds(*stock),
            Event::Converted => self.payment_method = PaymentMethod::Wechat,
            Event::CouponMoved { to } => self.move_coupon(*to),
            Event::GoodsReturned { stock: StockOutcome::Refused, .. }
            | Event::CouponStuck { .. }
            | Event::FeesStuck => {}
            Event::PayerReported(report) => self.payer_report = Some(*report),
            Event::Shipped(shipment) => {
                self.status = OrderStatus::Shipped;
                self.shipments.push((**shipment).clone());
            }
            Event::Delivered { at } => {
                self.status = OrderStatus::Delivered;
                self.delivered_at = Some(*at);
            }
            Event::Completed { at, .. } => {
                self.status = OrderStatus::Completed;
                self.completed_at = Some(*at);
            }
        }
        self
    }

    /// This order after all of `events`, one commit later.
    #[must_use]
    pub fn after(self, events: &[Event]) -> Order {
        let version = self.version;
        let mut order = events.iter().fold(self, Order::apply);
        order.version = version.saturating_add(1);
        order
    }

    fn take(&mut self, settlement: &Settlement, stock: StockOutcome) {
        self.status = match self.status {
            // Its money came when it was on its way already.
            OrderStatus::Shipped | OrderStatus::Delivered => self.status,
            OrderStatus::PendingPayment
            | OrderStatus::Cancelling
            | OrderStatus::Cancelled
            | OrderStatus::Ready
            | OrderStatus::Completed => self.purpose.status_when_paid(),
        };
        self.paid_at = Some(self.time_of(settlement));
        self.settlement = Some(settlement.clone());
        if let SettledBy::Wallet { .. } = settlement.by {
            self.payment_method = PaymentMethod::Wallet;
        }
        if self.status == OrderStatus::Completed {
            self.completed_at = Some(settlement.at);
        }
        self.commit_holds(stock);
    }

    fn commit_holds(&mut self, stock: StockOutcome) {
        if stock == StockOutcome::Committed {
            self.move_holds(HoldStatus::Committed);
        }
    }

    /// What was only held is free again; what was sold comes back.
    fn end_cancelled(&mut self, at: Timestamp, stock: StockOutcome) {
        self.status = OrderStatus::Cancelled;
        self.cancelled_at = Some(at);
        if stock == StockOutcome::Refused {
            return;
        }
        self.move_holds(HoldStatus::Released);
        for hold in self.holds.iter_mut().filter(|hold| hold.status == HoldStatus::Committed) {
            hold.returned_quantity = hold.quantity;
        }
    }

    fn take_back(&mut self, lines: &[(u16, u32)]) {
        for (line_no, quantity) in lines {
            for hold in self.holds.iter_mut().filter(|hold| hold.line_no == *line_no) {
                let back = hold.returned_quantity.saturating_add(*quantity);
                hold.returned_quantity = back.min(hold.quantity);
            }
        }
    }

    /// When its money came: what WeChat Pay says, else when we recorded it.
    fn time_of(&self, settlement: &Settlement) -> Timestamp {
        let SettledBy::Wechat { payment_no } = settlement.by else { return settlement.at };
        let payment = self.payment_by_no(payment_no);
        payment.and_then(Payment::receipt).map_or(settlement.at, |receipt| receipt.success_at)
    }

    fn put(&mut self, no: PaymentNo, state: PaymentState) {
        if let Some(payment) = self.payment_mut(no) {
            payment.state = state;
        }
    }

    fn prove_rejection(&mut self, no: PaymentNo) {
        if let Some(Payment { state: PaymentState::Rejected { proven, .. }, .. }) =
            self.payment_mut(no)
        {
            *proven = true;
        }
    }

    fn move_coupon(&mut self, to: CouponHoldStatus) {
        if let Some(coupon) = &mut self.coupon {
            coupon.status = to;
        }
    }

    fn change_refund(&mut self, event: &Event) {
        let number = event.out_refund_no();
        let refund = self.refunds.iter_mut().find(|r| Some(&r.out_refund_no) == number);
        let Some(refund) = refund else { return };
        if let Event::RefundMoved { to, at, .. } = event {
            if let RefundState::Sending = to {
                refund.sent_at = Some(*at);
            }
            if let RefundState::Processing { .. } = to {
                refund.applied = refund.applied.map(Application::under_way);
            }
            refund.state = to.clone();
        } else if let Event::RefundRestated { amount, lines, .. } = event {
            let asked = Asked { amount: refund.amount, lines: refund.lines.clone() };
            refund.asked.get_or_insert(asked);
            refund.amount = *amount;
            refund.lines.clone_from(lines);
        } else if let Event::RefundApplied { to, at, .. } = event {
            refund.applied = Some(Application::after(refund.applied, *to, *at));
        } else if let Event::ApplicationRefused { .. } = event {
            refund.applied = refund.applied.map(Application::refused);
        }
    }

    fn payment_mut(&mut self, no: PaymentNo) -> Option<&mut Payment> {
        self.payments.iter_mut().find(|p| p.no == no)
    }

    fn move_holds(&mut self, to: HoldStatus) {
        for hold in self.holds.iter_mut().filter(|h| h.status == HoldStatus::Held) {
            hold.status = to;
        }
    }
}

impl SettledBy {
    /// Its name in tables.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            SettledBy::Wechat { .. } => "wechat",
            SettledBy::Cash { .. } => "cod",
            SettledBy::Wallet { .. } => "wallet",
            SettledBy::Free => "free",
        }
    }
}
