//! Refunds in every state, each made by commands, and what may be said about them.

use super::moment::{Moment, at};
use super::samples::{
    TOTAL, accepted, after, fact, number, placed, prepay, receipt, ship, start, start_payment,
    success,
};
use crate::card::CardOwner;
use crate::fact::{Evidence, RefundAtWechat, RefundFact, RefundProgress, RefundStatement, Trade};
use crate::names::{Mchid, RefundId, TransactionId};
use crate::order::{CancelCause, Command, Order, PrepayAnswer, RefundAnswer, RefundAsk};
use crate::payment::TradeType;
use crate::refund::{Asker, Refund};
use crate::{Fen, OutRefundNo};

/// A part of [`TOTAL`].
pub(super) const PART: i64 = 500;

pub(super) fn payable() -> Order {
    let order = placed();
    after(order.clone(), &accepted(&order, 1), start())
}

/// WeChat Pay refused its payment; no query has confirmed that yet.
pub(super) fn refused() -> Order {
    let refused = PrepayAnswer::Refused { code: "NO_AUTH".to_owned() };
    after(placed(), &prepay(&placed(), 1, refused), start())
}

/// Paid, not shipped.
pub(super) fn paid() -> Order {
    let order = payable();
    after(order.clone(), &success(&order, 1, "T-1", TOTAL), start())
}

/// Paid and on its way: nothing of it is cancelled any more.
pub(super) fn shipped() -> Order {
    after(paid(), &ship("SF-1", true), start())
}

/// Paid, not shipped, and another payment of it is still being closed.
pub(super) fn paid_with_another_closing() -> Order {
    let order = after(payable(), &start_payment(TradeType::Native), start());
    after(order.clone(), &success(&order, 1, "T-1", TOTAL), start())
}

/// Cancelled, and then paid: all of it goes back by itself.
pub(super) fn surplus() -> Order {
    let order = after(payable(), &Command::Cancel(CancelCause::Buyer), start());
    let order = after(order.clone(), &fact(&order, 1, Trade::Closed), start());
    after(order.clone(), &success(&order, 1, "T-1", TOTAL), start())
}

/// What WeChat Pay shows as refunded before we ever saw it paid.
pub(super) fn refund_seen_first() -> Order {
    let order = payable();
    after(order.clone(), &fact(&order, 1, Trade::Refunded(receipt("T-1", TOTAL))), start())
}

pub(super) fn ask_for(amount: Option<i64>, by: Asker) -> RefundAsk {
    let what = amount.map(Fen::new).into();
    RefundAsk { what, reason: "不想要了".to_owned(), by, out_refund_no: None }
}

pub(super) fn ask(amount: i64, by: Asker) -> Command {
    Command::Refund(ask_for(Some(amount), by))
}

/// Everything that is left.
pub(super) fn ask_rest(by: Asker) -> Command {
    Command::Refund(ask_for(None, by))
}

/// Under a number that a merchant's backend gives.
pub(super) fn ask_as(number: &str, amount: i64) -> Command {
    let out_refund_no = OutRefundNo::parse(number);
    assert!(out_refund_no.is_some(), "not a number: {number}");
    Command::Refund(RefundAsk { out_refund_no, ..ask_for(Some(amount), Asker::Service) })
}

/// The refund that was made last.
pub(super) fn last(order: &Order) -> &Refund {
    order.refunds.last().unwrap()
}

pub(super) fn no(order: &Order) -> OutRefundNo {
    last(order).out_refund_no.clone()
}

pub(super) fn send(order: &Order) -> Command {
    Command::SendRefund { out_refund_no: no(order) }
}

pub(super) fn approve(order: &Order) -> Command {
    Command::ApproveRefund { out_refund_no: no(order), as_approver: true }
}

pub(super) fn decline(order: &Order) -> Command {
    Command::DeclineRefund { out_refund_no: no(order) }
}

pub(super) fn withdraw(order: &Order) -> Command {
    Command::WithdrawRefund { out_refund_no: no(order) }
}

pub(super) fn retry(order: &Order) -> Command {
    Command::RetryRefund { out_refund_no: no(order), amount: None }
}

pub(super) fn settle_offline(order: &Order) -> Command {
    Command::SettleRefundOffline { out_refund_no: no(order), note: "bank transfer".to_owned() }
}

pub(super) fn apply_to(order: &Order, to: CardOwner) -> Command {
    Command::ApplyAbnormal { out_refund_no: no(order), to, as_approver: true }
}

/// To a card of the payer's.
pub(super) fn apply(order: &Order) -> Command {
    apply_to(order, CardOwner::User)
}

/// WeChat Pay refuses the last application, and says this of the refund.
pub(super) fn application_refused(order: &Order, progress: RefundProgress) -> Command {
    application_of_refused(order, last(order), progress)
}

/// The same about a refund; what was not applied for was applied for at no time that counts.
pub(super) fn application_of_refused(
    order: &Order,
    refund: &Refund,
    progress: RefundProgress,
) -> Command {
    let Command::RecordRefund(said) = said_of(order, refund, progress) else {
        panic!("not a fact")
    };
    let applied_at = refund.applied.map_or(start(), |applied| applied.at);
    Command::RecordApplicationRefused { applied_at, code: "PARAM_ERROR".to_owned(), said }
}

pub(super) fn call_unknown(order: &Order) -> Command {
    Command::RecordRefundCall { out_refund_no: no(order), answer: RefundAnswer::Unknown }
}

pub(super) fn call_refused(order: &Order) -> Command {
    let answer = RefundAnswer::Refused { code: "USER_ACCOUNT_ABNORMAL".to_owned() };
    Command::RecordRefundCall { out_refund_no: no(order), answer }
}

/// What WeChat Pay says of a refund of `amount` of the first payment.
pub(super) fn statement(order: &Order, amount: i64, progress: RefundProgress) -> RefundStatement {
    RefundStatement {
        refund_id: RefundId::new("R-1"),
        transaction_id: TransactionId::new("T-1"),
        out_trade_no: number(order, 1),
        amount: Fen::new(amount),
        progress,
    }
}

pub(super) fn refund_fact(out_refund_no: &OutRefundNo, refund: RefundAtWechat) -> Command {
    let evidence = Evidence::Query { request_id: None };
    let mchid = Mchid::new("1900000109");
    Command::RecordRefund(RefundFact::attested(evidence, mchid, out_refund_no.clone(), refund))
}

/// What WeChat Pay says of the last refund, in full agreement with it.
pub(super) fn said(order: &Order, progress: RefundProgress) -> Command {
    said_of(order, last(order), progress)
}

/// What WeChat Pay says of a refund, in full agreement with it.
pub(super) fn said_of(order: &Order, refund: &Refund, progress: RefundProgress) -> Command {
    let payment = order.payment_of(refund).unwrap();
    let said = RefundStatement {
        out_trade_no: payment.out_trade_no().clone(),
        transaction_id: payment.receipt().unwrap().transaction_id.clone(),
        ..statement(order, refund.amount.get(), progress)
    };
    refund_fact(&refund.out_refund_no, RefundAtWechat::Known(said))
}

/// What WeChat Pay says of a refund of the first payment, whatever we have it with.
pub(super) fn stated(
    order: &Order,
    number: &OutRefundNo,
    fen: i64,
    progress: RefundProgress,
) -> Command {
    let refund_id = RefundId::new(format!("R-{number}"));
    let said = RefundStatement { refund_id, ..statement(order, fen, progress) };
    refund_fact(number, RefundAtWechat::Known(said))
}

pub(super) fn not_exist(order: &Order) -> Command {
    refund_fact(&no(order), RefundAtWechat::NotExist)
}

pub(super) fn succeeded() -> RefundProgress {
    RefundProgress::Succeeded { at: start() }
}

/// A refund that was made in the merchant console.
pub(super) fn console(order: &Order, amount: i64, progress: RefundProgress) -> Command {
    let known = RefundAtWechat::Known(statement(order, amount, progress));
    refund_fact(&OutRefundNo::stated("console-1").unwrap(), known)
}

/// Plays commands that are made of the order as it then is; each has to lead somewhere.
pub(super) fn play(order: Order, commands: &[fn(&Order) -> Command]) -> Order {
    commands.iter().fold(order, |order, make| Moment::at(start()).play(&order, &make(&order)))
}

/// Sent, and then refused with a code that a query confirms.
const REFUSAL: [fn(&Order) -> Command; 3] = [send, call_refused, not_exist];

pub(super) fn rejected(order: Order) -> Order {
    play(order, &REFUSAL)
}

/// The same, so many seconds after everything began.
pub(super) fn refused_at(seconds: i64, order: &Order) -> Order {
    REFUSAL.iter().fold(order.clone(), |order, make| at(seconds).play(&order, &make(&order)))
}

pub(super) fn closed(order: Order) -> Order {
    play(order, &[send, |order| said(order, RefundProgress::Closed)])
}

/// Every state of a refund that commands can make, with the order around it.
pub(super) fn refund_states() -> Vec<(&'static str, Order)> {
    let part = || play(paid(), &[|_| ask(PART, Asker::Operator)]);
    let whole = || play(paid(), &[|_| Command::Cancel(CancelCause::Buyer)]);
    let by_buyer = || play(shipped(), &[|_| ask(PART, Asker::Buyer)]);
    let big = Moment::at(start()).approving_above(PART - 1);
    let by_operator = big.play(&paid(), &ask(PART, Asker::Operator));
    let sending = || play(part(), &[send]);
    let processing = || play(sending(), &[|order| said(order, RefundProgress::Processing)]);
    let abnormal = || play(processing(), &[|order| said(order, RefundProgress::Abnormal)]);
    let of_rejected = |progress| {
        let order = rejected(part());
        let fact = said(&order, progress);
        Moment::at(start()).play(&order, &fact)
    };
    let imported = |progress| Moment::at(start()).play(&paid(), &console(&paid(), PART, progress));
    vec![
        ("awaiting_approval, asked for by the buyer", by_buyer()),
        ("awaiting_approval, asked for by an operator", by_operator),
        ("declined", play(by_buyer(), &[decline])),
        ("withdrawn", play(by_buyer(), &[withdraw])),
        ("requested", part()),
        ("sending", sending()),
        ("unknown", play(sending(), &[call_unknown])),
        ("unknown, refused", play(sending(), &[call_refused])),
        ("processing", processing()),
        ("succeeded", play(processing(), &[|order| said(order, succeeded())])),
        ("abnormal", abnormal()),
        ("processing, applied for", play(abnormal(), &[apply])),
        ("abnormal, an application refused", {
            let refused = |order: &Order| application_refused(order, RefundProgress::Abnormal);
            play(abnormal(), &[apply, refused])
        }),
        ("succeeded, at the merchant's account", {
            let merchants = |order: &Order| apply_to(order, CardOwner::Merchant);
            play(abnormal(), &[merchants, |order| said(order, succeeded())])
        }),
        ("closed, replaced", closed(part())),
        ("closed, not replaced", of_rejected(RefundProgress::Closed)),
        ("rejected", rejected(part())),
        ("settled_offline", play(abnormal(), &[settle_offline])),
        ("of a cancellation, requested", whole()),
        ("of a cancellation, unknown and refused", play(whole(), &[send, call_refused])),
        ("of a cancellation, rejected", rejected(whole())),
        ("of a surplus, requested", surplus()),
        ("of a surplus, seen before the payment", refund_seen_first()),
        ("made elsewhere, processing", imported(RefundProgress::Processing)),
        ("made elsewhere, closed", imported(RefundProgress::Closed)),
    ]
}
