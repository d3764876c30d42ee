//! The golden grid: every state × every command → outcome, kept as `docs/state-grid.md`. Its second
//! part, about refunds, is in `grid/refunds.rs`.
//!
//! A changed cell shows itself in review. `UPDATE_EXPECT=1 cargo test -p domain` writes it anew.

mod refunds;

use super::samples::{
    TOTAL, accepted, close, collect, deadline, fact, not_exist, prepay, receipt, ship, start,
    start_payment, success,
};
use super::states::states;
use crate::Timestamp;
use crate::fact::Trade;
use crate::order::{
    COMPLETE_AFTER_S, CancelCause, Command, CompletedBy, Decision, Event, Order, PREPAY_MARGIN_S,
    PayerResult, PrepayAnswer,
};
use crate::payment::TradeType;
use expect_test::expect_file;

type Make = fn(&Order) -> Command;

fn past_horizon() -> Timestamp {
    deadline().plus_seconds(crate::order::HORIZON_S + 1)
}

fn commands() -> Vec<(&'static str, Make, Timestamp)> {
    let later = past_horizon();
    let last_minute = deadline().plus_seconds(-PREPAY_MARGIN_S);
    let a_week_later = start().plus_seconds(COMPLETE_AFTER_S);
    let refused = |o: &Order| prepay(o, 1, PrepayAnswer::Refused { code: "NO_AUTH".to_owned() });
    vec![
        ("prepay accepted", |o| accepted(o, 1), start()),
        ("prepay refused", refused, start()),
        ("prepay unknown", |o| prepay(o, 1, PrepayAnswer::Unknown), start()),
        ("SUCCESS", |o| success(o, 1, "T-1", TOTAL), start()),
        ("SUCCESS, other transaction", |o| success(o, 1, "T-2", TOTAL), start()),
        ("SUCCESS, other amount", |o| success(o, 1, "T-other", 1), start()),
        ("NOTPAY", |o| fact(o, 1, Trade::NotPaid), start()),
        ("CLOSED", |o| fact(o, 1, Trade::Closed), start()),
        ("REFUND", |o| fact(o, 1, Trade::Refunded(receipt("T-1", TOTAL))), start()),
        ("NOT_EXIST", |o| fact(o, 1, Trade::NotExist), start()),
        ("NOT_EXIST, asked long ago", |o| not_exist(o, 1, start()), later),
        ("NOT_EXIST past the horizon", |o| not_exist(o, 1, past_horizon()), later),
        ("cancel by buyer", |_| Command::Cancel(CancelCause::Buyer), start()),
        ("cancel by deadline, early", |_| Command::Cancel(CancelCause::Deadline), start()),
        ("cancel by deadline", |_| Command::Cancel(CancelCause::Deadline), deadline()),
        ("give way to another order", |_| Command::GiveWay, start()),
        ("close payment", |o| close(o, 1), start()),
        ("pay the same way", |_| start_payment(TradeType::Jsapi), start()),
        ("pay another way", |_| start_payment(TradeType::Native), start()),
        ("pay in the last minute", |_| start_payment(TradeType::Native), last_minute),
        ("client says ok", |_| Command::NoteReport(PayerResult::Ok), start()),
        ("cancel by operator", |_| Command::Cancel(CancelCause::Operator), start()),
        ("ship the last package", |_| ship("SF-9", true), start()),
        ("ship one of several", |_| ship("SF-9", false), start()),
        ("deliver", |_| Command::Deliver, start()),
        ("confirm receipt", |_| Command::Complete(CompletedBy::Buyer), start()),
        ("complete by operator", |_| Command::Complete(CompletedBy::Operator), start()),
        ("complete, early", |_| Command::Complete(CompletedBy::Elapsed), start()),
        ("collect the cash", |_| collect(TOTAL, "王五"), start()),
        ("collect another amount", |_| collect(TOTAL - 1, "王五"), start()),
        ("collect, another courier", |_| collect(TOTAL, "赵六"), start()),
        ("refused at the door", |_| Command::Cancel(CancelCause::Refused), start()),
        ("complete after seven days", |_| Command::Complete(CompletedBy::Elapsed), a_week_later),
    ]
}

#[test]
fn every_state_answers_every_command_as_the_grid_says() {
    let mut text = String::from(
        "# Order, payment and refund: state × command → outcome\n\n\
         Generated from the code by a test of `domain`; do not edit. `=` means that everything\n\
         asked is recorded already. A refusal is in italics and changes nothing.\n\n\
         ## Orders and their first payment\n\n\
         After the arrow: where the order stands then, and the payment.\n",
    );
    for (state, order) in states() {
        text += &heading(state);
        for (name, make, now) in commands() {
            text += &format!("| {name} | {} |\n", outcome(&order, &make(&order), now));
        }
    }
    text += &refunds::part();
    expect_file!["../../../../../docs/state-grid.md"].assert_eq(&text);
}

fn heading(state: &str) -> String {
    format!("\n### {state}\n\n| command | outcome |\n|---|---|\n")
}

fn outcome(order: &Order, command: &Command, now: Timestamp) -> String {
    match order.decide(command, now) {
        Ok(Decision::AlreadyApplied) => "=".to_owned(),
        Ok(Decision::Record(events)) => {
            let names: Vec<&str> = events.iter().map(Event::name).collect();
            let end = order.clone().after(&events);
            let payment = end.payments.first().map(|p| p.state.status());
            format!("{} → {:?}, {payment:?}", names.join(" · "), end.status)
                .replace("Some(", "")
                .replace(')', "")
        }
        Err(why) => format!("*{why}*").replace(order.number.as_str(), "the payment"),
    }
}
