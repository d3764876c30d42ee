//! Orders in every state, each made the way it is made for real: by commands. Refunds in every state
//! are in `refund_samples.rs`.

use super::moment::{Moment, written};
use super::refund_samples::{
    PART, ask, ask_rest, paid_with_another_closing, play, said, send, succeeded,
};
use super::samples::{
    TOTAL, accepted, after, cash_on_delivery, close, collect, fact, placed, placed_directly,
    prepay, receipt, ship, start, start_payment, success,
};
use crate::fact::{Evidence, PaymentFact, RefundProgress, Trade};
use crate::names::Mchid;
use crate::order::{CancelCause, Command, CompletedBy, Lost, Order, PrepayAnswer};
use crate::payment::TradeType;
use crate::refund::Asker;
use crate::{OrderId, OutTradeNo};
use uuid::Uuid;

/// Every state of the order and its first payment that commands can make.
pub(super) fn states() -> Vec<(&'static str, Order)> {
    let new = placed();
    let payable = after(new.clone(), &accepted(&new, 1), start());
    let found = after(new.clone(), &fact(&new, 1, Trade::NotPaid), start());
    let unknown = after(new.clone(), &prepay(&new, 1, PrepayAnswer::Unknown), start());
    let refused = PrepayAnswer::Refused { code: "NO_AUTH".to_owned() };
    let rejected = after(new.clone(), &prepay(&new, 1, refused), start());
    let proven = after(rejected.clone(), &fact(&new, 1, Trade::NotExist), start());
    let closed = after(payable.clone(), &fact(&new, 1, Trade::Closed), start());
    let closing = after(payable.clone(), &close(&new, 1), start());
    let mismatch = after(payable.clone(), &success(&new, 1, "T-other", 1), start());
    let cancel = Command::Cancel(CancelCause::Buyer);
    let cancelling = after(payable.clone(), &cancel, start());
    let cancelling_rejected = after(rejected.clone(), &cancel, start());
    let cancelled = after(cancelling.clone(), &fact(&new, 1, Trade::Closed), start());
    let late_success = after(cancelled.clone(), &success(&new, 1, "T-1", TOTAL), start());
    let refund_first =
        after(payable.clone(), &fact(&new, 1, Trade::Refunded(receipt("T-1", TOTAL))), start());
    let superseded = after(payable.clone(), &start_payment(TradeType::Native), start());
    let paid = after(payable.clone(), &success(&new, 1, "T-1", TOTAL), start());
    let in_part = after(paid.clone(), &ship("SF-1", false), start());
    let shipped = after(paid.clone(), &ship("SF-1", true), start());
    let delivered = after(shipped.clone(), &Command::Deliver, start());
    let completed = after(delivered.clone(), &Command::Complete(CompletedBy::Operator), start());
    let refunding = play(paid.clone(), &[|_| cancel_paid()]);
    let accepted_back = |order| {
        let order = play(order, &[send]);
        play(order, &[|order| said(order, RefundProgress::Processing)])
    };
    let refund_processing = accepted_back(play(paid_with_another_closing(), &[|_| cancel_paid()]));
    let back = |order| play(accepted_back(order), &[|order| said(order, succeeded())]);
    let cancelled_refunded = back(refunding.clone());
    let partially_refunded = back(play(paid.clone(), &[|_| ask(PART, Asker::Operator)]));
    let shipped_refunded = back(play(shipped.clone(), &[|_| ask_rest(Asker::Operator)]));
    let mut states = vec![
        ("pending_payment, no payment yet", placed_directly()),
        ("pending_payment, created", new),
        ("pending_payment, payable", payable),
        ("pending_payment, payable without credential", found),
        ("pending_payment, unknown", unknown),
        ("pending_payment, rejected", rejected),
        ("pending_payment, rejected and proven", proven),
        ("pending_payment, closing", closing),
        ("pending_payment, closed", closed),
        ("pending_payment, surplus (mismatch)", mismatch),
        ("pending_payment, surplus (refund seen first)", refund_first),
        ("pending_payment, superseded by a second payment", superseded),
        ("cancelling, closing", cancelling),
        ("cancelling, rejected", cancelling_rejected),
        ("cancelled, closed", cancelled),
        ("cancelled, surplus (late)", late_success),
        ("ready, paid", paid),
        ("shipped in part, paid", in_part),
        ("shipped, paid", shipped),
        ("delivered, paid", delivered),
        ("completed, paid", completed),
        ("ready, partially refunded", partially_refunded),
        ("cancelling, refund requested", refunding),
        ("cancelling, refund processing", refund_processing),
        ("cancelled, refunded", cancelled_refunded),
        ("cancelled, adopted", adopted()),
        ("shipped, refunded", shipped_refunded),
    ];
    states.extend(cod_states());
    states
}

/// Cash on delivery, in every state that it can be in on its way and back.
fn cod_states() -> Vec<(&'static str, Order)> {
    let online = |order: Order| {
        let order = after(order, &start_payment(TradeType::Jsapi), start());
        after(order.clone(), &accepted(&order, 1), start())
    };
    let refuse = Command::Cancel(CancelCause::Refused);
    let ready = cash_on_delivery();
    let in_part = after(ready.clone(), &ship("SF-1", false), start());
    let shipped = after(ready.clone(), &ship("SF-1", true), start());
    let delivered = after(shipped.clone(), &Command::Deliver, start());
    let converting = online(ready.clone());
    let shipped_converting = online(shipped.clone());
    let delivered_converting = online(delivered.clone());
    let closing = after(delivered_converting.clone(), &close(&converting, 1), start());
    let just_over = after(closing.clone(), &fact(&converting, 1, Trade::Closed), start());
    let cancelling = after(converting.clone(), &Command::Cancel(CancelCause::Buyer), start());
    let refused_converting = after(shipped_converting.clone(), &refuse, start());
    let paid_after_all =
        after(refused_converting.clone(), &success(&converting, 1, "T-1", TOTAL), start());
    let converted =
        after(shipped_converting.clone(), &success(&converting, 1, "T-1", TOTAL), start());
    let collected = after(just_over.clone(), &collect(TOTAL, "王五"), start());
    let paid_twice = after(collected.clone(), &success(&converting, 1, "T-1", TOTAL), start());
    let completed = after(collected.clone(), &Command::Complete(CompletedBy::Operator), start());
    vec![
        ("ready, cash on delivery", ready.clone()),
        ("shipped in part, cash on delivery", in_part),
        ("shipped, cash on delivery", shipped.clone()),
        ("delivered, cash on delivery", delivered),
        ("ready, converting", converting),
        ("shipped, converting", shipped_converting),
        ("delivered, converting", delivered_converting),
        ("delivered, converting, closing", closing),
        ("delivered, just converted back", just_over),
        ("cancelling, cash on delivery", cancelling),
        ("cancelling, refused at the door", refused_converting),
        ("ready, refused at the door and paid after all", paid_after_all),
        ("shipped, converted", converted),
        ("delivered, cash collected", collected),
        ("delivered, cash collected and paid online", paid_twice),
        ("completed, cash collected", completed),
        (
            "cancelled, cash on delivery",
            after(ready, &Command::Cancel(CancelCause::Buyer), start()),
        ),
        ("cancelled, refused at the door", after(shipped, &refuse, start())),
    ]
}

fn cancel_paid() -> Command {
    Command::Cancel(CancelCause::Buyer)
}

/// Made again to carry its payment, whose record was lost.
fn adopted() -> Order {
    let number = placed().number;
    let evidence = Evidence::Query { request_id: None };
    let mchid = Mchid::new("1900000109");
    let paid = Trade::Success(receipt("T-1", TOTAL));
    let first = OutTradeNo::of_payment(&number, 1);
    let fact = PaymentFact::attested(evidence, mchid, first, paid, None);
    let lost = Lost { id: OrderId::new(Uuid::from_u128(9)), number };
    let events = lost.decide(&fact, &Moment::at(start()).circumstances()).unwrap();
    written(None, events, start()).order.unwrap().order
}
