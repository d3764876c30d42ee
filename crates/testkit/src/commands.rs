//! Anything that can be asked of an order, chosen by numbers. What is chosen depends on the order as it is and
//! on the numbers alone, so that equal orders are asked the same.

use crate::sample;
use domain::OutTradeNo;
use domain::card::CardOwner;
use domain::cash::{CashReceipt, Courier};
use domain::fact::{RefundProgress, Trade};
use domain::order::{
    CancelCause, Command, CompletedBy, Order, PayerResult, PrepayAnswer, RefundAnswer,
};
use domain::payment::{ClosingCause, Credential, TradeType};
use domain::refund::Asker;

/// One of all commands: mostly of those that fit to how far the order got.
pub fn any(order: &Order, path: u64, choice: u64, which: u64) -> Command {
    match path % 4 {
        0..2 if order.awaits_cash() => of_the_door(order, choice),
        0 if order.settlement.is_some() => of_goods(choice),
        0..3 if order.settlement.is_some() => of_refunds(order, choice, which),
        3 if !order.refunds.is_empty() => of_refunds(order, choice, which),
        _ => of_payments(order, choice, which),
    }
}

/// What happens to an unpaid order, or late to a paid one.
fn of_payments(order: &Order, choice: u64, which: u64) -> Command {
    let count = u64::try_from(order.payments.len()).unwrap().max(1);
    let no = u8::try_from(1 + which % count).unwrap();
    let no = order.payments.get(usize::from(no - 1)).map_or(no, |payment| payment.no);
    let out_trade_no = OutTradeNo::of_payment(&order.number, no);
    let prepay = |answer| Command::RecordPrepay { out_trade_no: out_trade_no.clone(), answer };
    let says = |trade| sample::says_of(&out_trade_no, trade);
    let transaction = format!("T-{out_trade_no}");
    match choice % 20 {
        0 => prepay(PrepayAnswer::Accepted(Credential::PrepayId("wx-1".to_owned()))),
        1 => prepay(PrepayAnswer::Accepted(Credential::CodeUrl("weixin://1".to_owned()))),
        2 => prepay(PrepayAnswer::Refused { code: "NO_AUTH".to_owned() }),
        3 => prepay(PrepayAnswer::Unknown),
        4 => says(Trade::NotPaid),
        5 => says(Trade::Closed),
        6 => says(Trade::NotExist),
        7 => says(Trade::Refunded(sample::receipt(&transaction, order.amounts.total))),
        8 => says(Trade::Success(sample::receipt(&transaction, order.amounts.total))),
        9 => says(Trade::Success(sample::receipt(&transaction, domain::Fen::new(1)))),
        10 => Command::Cancel(CancelCause::Buyer),
        11 => Command::Cancel(CancelCause::Deadline),
        12 => Command::ClosePayment { out_trade_no, why: ClosingCause::Expired },
        13 => Command::StartPayment(sample::new_payment(TradeType::Native)),
        14 => Command::StartPayment(sample::new_payment(TradeType::Jsapi)),
        15 => Command::NoteReport(PayerResult::Ok),
        16 => Command::StartPayment(sample::new_payment(TradeType::H5)),
        17 => Command::StartPayment(sample::new_payment(TradeType::App)),
        18 => prepay(PrepayAnswer::Accepted(Credential::H5Url("https://1".to_owned()))),
        _ => Command::NoteReport(PayerResult::Cancel),
    }
}

/// What happens to an order that is to be paid at the door.
fn of_the_door(order: &Order, choice: u64) -> Command {
    let courier = Courier::parse("王五").unwrap();
    let cash = |amount| CashReceipt { amount, courier };
    match choice % 12 {
        0 => Command::Ship(sample::shipment("SF-1", false)),
        1 | 2 => Command::Ship(sample::shipment("SF-2", true)),
        3..6 => Command::Deliver,
        6..9 => Command::CollectCash(cash(order.amounts.total)),
        9 => Command::Cancel(CancelCause::Refused),
        10 => Command::StartPayment(sample::new_payment(TradeType::Native)),
        _ => Command::CollectCash(cash(domain::Fen::new(1))),
    }
}

/// What happens to a refund of the order, or begins one.
fn of_refunds(order: &Order, choice: u64, which: u64) -> Command {
    let asker =
        [Asker::Buyer, Asker::Operator, Asker::Service][usize::try_from(which % 3).unwrap()];
    let count = u64::try_from(order.refunds.len()).unwrap();
    if count == 0 || choice.is_multiple_of(6) {
        return match which % 7 {
            0 => sample::refund_ask(None, asker),
            1 => sample::refund_ask(Some(1), asker),
            2 => sample::refund_ask(Some(40), asker),
            3 => sample::refund_ask(Some(700), asker),
            4 => sample::refund_lines(&[(1, 1)], asker),
            5 => sample::refund_lines(&[(1, 1), (2, 1)], asker),
            _ => sample::refund_lines(&[(2, 2)], asker),
        };
    }
    let refund = &order.refunds[usize::try_from(which % count).unwrap()];
    let out_refund_no = refund.out_refund_no.clone();
    let number = out_refund_no.clone();
    let says = |progress| Command::RecordRefund(sample::refund_fact(order, &number, progress));
    let called = |answer| Command::RecordRefundCall { out_refund_no: number.clone(), answer };
    match choice % 17 {
        0..4 => Command::SendRefund { out_refund_no },
        15 => {
            let to = if which.is_multiple_of(2) { CardOwner::User } else { CardOwner::Merchant };
            Command::ApplyAbnormal { out_refund_no, to, as_approver: true }
        }
        16 => Command::RecordApplicationRefused {
            applied_at: refund.applied.map_or(sample::start(), |applied| applied.at),
            code: "PARAM_ERROR".to_owned(),
            said: sample::refund_fact(order, &number, RefundProgress::Abnormal),
        },
        4 => says(RefundProgress::Processing),
        5 => says(RefundProgress::Abnormal),
        6 => says(RefundProgress::Closed),
        7 => says(RefundProgress::Succeeded { at: sample::start().plus_seconds(900) }),
        8 => called(RefundAnswer::Unknown),
        9 => called(RefundAnswer::Refused { code: "NO_AUTH".to_owned() }),
        10 => sample::no_refund(&out_refund_no),
        11 => Command::ApproveRefund { out_refund_no, as_approver: true },
        12 => Command::DeclineRefund { out_refund_no },
        13 => {
            let amount = choice.is_multiple_of(2).then_some(domain::Fen::new(7));
            Command::RetryRefund { out_refund_no, amount }
        }
        _ => Command::SettleRefundOffline { out_refund_no, note: "by hand".to_owned() },
    }
}

/// What happens to an order that is paid.
fn of_goods(choice: u64) -> Command {
    match choice % 6 {
        0 => Command::Ship(sample::shipment("SF-1", false)),
        1 => Command::Ship(sample::shipment("SF-2", true)),
        2 => Command::Deliver,
        3 => Command::Complete(CompletedBy::Buyer),
        4 => Command::Complete(CompletedBy::Operator),
        _ => Command::Complete(CompletedBy::Elapsed),
    }
}
