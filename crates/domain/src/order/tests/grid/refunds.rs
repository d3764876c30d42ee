//! The part about refunds: every state of a refund × everything that is asked or said of it.

use super::super::moment::Moment;
use super::super::refund_samples::{
    PART, application_of_refused, ask, ask_rest, refund_fact, refund_states, said_of, statement,
    succeeded,
};
use super::super::samples::{TOTAL, number, start};
use super::heading;
use crate::OutRefundNo;
use crate::card::CardOwner;
use crate::fact::{RefundAtWechat, RefundProgress, RefundStatement};
use crate::names::RefundId;
use crate::order::{CancelCause, Command, Decision, Event, Order, RefundAnswer};
use crate::refund::{Asker, Refund};

type Make = fn(&Order, &Refund) -> Command;

/// What is asked, by whom, under which name.
fn commands() -> Vec<(&'static str, Make, Moment)> {
    let now = || Moment::at(start().plus_seconds(600)).by("operator:2").named("another");
    vec![
        ("approve, as an approver", |_, r| approve(r, true), now()),
        ("approve, as an operator", |_, r| approve(r, false), now()),
        ("approve, as who asked", |_, r| approve(r, true), now().by("operator:1")),
        ("decline", |_, r| Command::DeclineRefund { out_refund_no: no(r) }, now()),
        ("withdraw", |_, r| Command::WithdrawRefund { out_refund_no: no(r) }, now()),
        ("send", |_, r| Command::SendRefund { out_refund_no: no(r) }, now()),
        ("send, in the same minute", |_, r| Command::SendRefund { out_refund_no: no(r) }, {
            Moment::at(start())
        }),
        ("the call is refused", |_, r| call(r, RefundAnswer::Refused { code: "NO".into() }), now()),
        ("the call's answer is lost", |_, r| call(r, RefundAnswer::Unknown), now()),
        ("PROCESSING", |o, r| said_of(o, r, RefundProgress::Processing), now()),
        ("SUCCESS", |o, r| said_of(o, r, succeeded()), now()),
        ("ABNORMAL", |o, r| said_of(o, r, RefundProgress::Abnormal), now()),
        ("CLOSED", |o, r| said_of(o, r, RefundProgress::Closed), now()),
        ("NOT_EXIST", |_, r| refund_fact(&r.out_refund_no, RefundAtWechat::NotExist), now()),
        ("SUCCESS, other amount", |o, r| other_amount(o, r), now()),
        ("SUCCESS, other payment", |o, r| other_payment(o, r), now()),
        ("retry", |_, r| Command::RetryRefund { out_refund_no: no(r), amount: None }, now()),
        ("settle offline", |_, r| settle(r), now()),
        ("apply for it to a card", |_, r| to_a_card(r, true), now()),
        ("apply for it, of much and no approver", |_, r| to_a_card(r, false), {
            now().approving_above(PART - 1)
        }),
        (
            "the application is refused, ABNORMAL",
            |o, r| application_of_refused(o, r, RefundProgress::Abnormal),
            now(),
        ),
        (
            "the application is refused, PROCESSING",
            |o, r| application_of_refused(o, r, RefundProgress::Processing),
            now(),
        ),
        ("ask for a part", |_, _| ask(PART, Asker::Operator), now()),
        ("ask for the rest", |_, _| ask_rest(Asker::Operator), now()),
        ("ask for all of it", |_, _| ask(TOTAL, Asker::Operator), now()),
        ("all but a fen, made elsewhere", |o, _| elsewhere(o, TOTAL - 1), now()),
        ("all of it, made elsewhere", |o, _| elsewhere(o, TOTAL), now()),
        ("cancel the order", |_, _| Command::Cancel(CancelCause::Buyer), now()),
    ]
}

fn to_a_card(refund: &Refund, as_approver: bool) -> Command {
    Command::ApplyAbnormal { out_refund_no: no(refund), to: CardOwner::User, as_approver }
}

fn elsewhere(order: &Order, amount: i64) -> Command {
    let said = RefundStatement {
        refund_id: RefundId::new("R-2"),
        ..statement(order, amount, RefundProgress::Processing)
    };
    let number = OutRefundNo::stated("console-2").unwrap();
    refund_fact(&number, RefundAtWechat::Known(said))
}

pub(super) fn part() -> String {
    let mut text = String::from(
        "\n## Refunds\n\n\
         After the arrow: where the order stands then, and its refunds, oldest first.\n",
    );
    for (state, order) in refund_states() {
        let refund = &order.refunds[0];
        text += &heading(state);
        for (name, make, moment) in commands() {
            let command = make(&order, refund);
            text += &format!("| {name} | {} |\n", outcome(&order, &command, &moment));
        }
    }
    text
}

fn outcome(order: &Order, command: &Command, moment: &Moment) -> String {
    match moment.decide(order, command) {
        Ok(Decision::AlreadyApplied) => "=".to_owned(),
        Ok(Decision::Record(events)) => {
            let names: Vec<&str> = events.iter().map(Event::name).collect();
            let end = order.clone().after(&events);
            let refunds = end.refunds.iter().map(|r| format!(", {:?}", r.state.status()));
            format!("{} → {:?}{}", names.join(" · "), end.status, refunds.collect::<String>())
        }
        Err(why) => {
            let number = order.refunds[0].out_refund_no.as_str();
            format!("*{why}*").replace(number, "the refund").replace(order.number.as_str(), "…")
        }
    }
}

fn no(refund: &Refund) -> crate::OutRefundNo {
    refund.out_refund_no.clone()
}

fn approve(refund: &Refund, as_approver: bool) -> Command {
    Command::ApproveRefund { out_refund_no: no(refund), as_approver }
}

fn call(refund: &Refund, answer: RefundAnswer) -> Command {
    Command::RecordRefundCall { out_refund_no: no(refund), answer }
}

fn settle(refund: &Refund) -> Command {
    Command::SettleRefundOffline { out_refund_no: no(refund), note: "bank transfer".to_owned() }
}

fn other_amount(order: &Order, refund: &Refund) -> Command {
    let amount = refund.amount.get() - 1;
    let said = statement(order, amount, succeeded());
    refund_fact(&refund.out_refund_no, RefundAtWechat::Known(said))
}

fn other_payment(order: &Order, refund: &Refund) -> Command {
    let said = statement(order, refund.amount.get(), succeeded());
    let said = RefundStatement { out_trade_no: number(order, 9), ..said };
    refund_fact(&refund.out_refund_no, RefundAtWechat::Known(said))
}
