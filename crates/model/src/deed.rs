//! What the model's workers ask of the order: the real commands, by small names.

use crate::Which;
use core::fmt;
use domain::fact::{Evidence, PaymentFact, Receipt, Trade};
use domain::names::TransactionId;
use domain::order::{CancelCause, Command, NewPayment, Order, PrepayAnswer};
use domain::payment::{ClosingCause, Credential, TradeType};

use crate::opening;

/// A command, and what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// The buyer cancels.
    Cancel,
    /// The deadline is found to have passed.
    Expire,
    /// The buyer wants to pay in another way.
    PayAnotherWay,
    /// The answer to a prepay call is recorded.
    RecordPrepay(Which, Answer),
    /// A number that WeChat Pay holds already is closed for another to take its place.
    GiveUpNumber(Which),
    /// What WeChat Pay says is recorded.
    RecordFact(Which, Says, By),
}

/// What a prepay call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// The payment can be paid.
    Accepted,
    /// Nothing was ordered.
    Refused,
    /// Nothing that can be used; also "it was paid", which a query has to say.
    Unknown,
    /// The number was closed before.
    Spent,
}

/// WeChat Pay's statements about a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Says {
    /// `SUCCESS`.
    Success,
    /// `NOTPAY`.
    NotPaid,
    /// `CLOSED`.
    Closed,
    /// `ORDER_NOT_EXIST`.
    NotExist,
}

/// How a statement reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// As the answer to our query.
    Query,
    /// By itself.
    Notification,
}

impl Deed {
    /// The command, as a use case would give it.
    #[must_use]
    pub fn command(self, order: &Order) -> Command {
        match self {
            Deed::Cancel => Command::Cancel(CancelCause::Buyer),
            Deed::Expire => Command::Cancel(CancelCause::Deadline),
            Deed::PayAnotherWay => Command::StartPayment(another_way()),
            Deed::RecordPrepay(which, answer) => Command::RecordPrepay {
                out_trade_no: opening::number(order, which),
                answer: answer.recorded(),
            },
            Deed::GiveUpNumber(which) => Command::ClosePayment {
                out_trade_no: opening::number(order, which),
                why: ClosingCause::Refused,
            },
            Deed::RecordFact(which, says, by) => Command::RecordFact(PaymentFact::attested(
                by.evidence(),
                opening::mchid(),
                opening::number(order, which),
                says.trade(which),
                None,
            )),
        }
    }
}

fn another_way() -> NewPayment {
    opening::payment(TradeType::Native)
}

impl Answer {
    fn recorded(self) -> PrepayAnswer {
        match self {
            Answer::Accepted => {
                PrepayAnswer::Accepted(Credential::PrepayId("credential".to_owned()))
            }
            Answer::Refused => PrepayAnswer::Refused { code: "NO_AUTH".to_owned() },
            Answer::Unknown | Answer::Spent => PrepayAnswer::Unknown,
        }
    }
}

impl Says {
    fn trade(self, which: Which) -> Trade {
        match self {
            Says::Success => Trade::Success(Receipt {
                transaction_id: TransactionId::new(format!("transaction of {which}")),
                appid: opening::appid(),
                amount: opening::TOTAL,
                currency: "CNY".to_owned(),
                payer_total: None,
                payer: None,
                success_at: opening::start(),
            }),
            Says::NotPaid => Trade::NotPaid,
            Says::Closed => Trade::Closed,
            Says::NotExist => Trade::NotExist,
        }
    }
}

impl By {
    fn evidence(self) -> Evidence {
        match self {
            By::Query => Evidence::Query { request_id: None },
            By::Notification => Evidence::Notification { event_id: "event".to_owned() },
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Deed::Cancel => write!(f, "the buyer cancels"),
            Deed::Expire => write!(f, "the deadline is found to have passed"),
            Deed::PayAnotherWay => write!(f, "the buyer asks for another way to pay"),
            Deed::RecordPrepay(which, answer) => write!(f, "{which}: the prepay was {answer}"),
            Deed::GiveUpNumber(which) => write!(f, "{which}: its number is given up"),
            Deed::RecordFact(which, says, By::Query) => write!(f, "{which}: a query said {says}"),
            Deed::RecordFact(which, says, By::Notification) => {
                write!(f, "{which}: a notification says {says}")
            }
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Answer::Accepted => "accepted",
            Answer::Refused => "refused",
            Answer::Unknown => "not answered",
            Answer::Spent => "refused, because the number was closed",
        })
    }
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Says::Success => "SUCCESS",
            Says::NotPaid => "NOTPAY",
            Says::Closed => "CLOSED",
            Says::NotExist => "ORDER_NOT_EXIST",
        })
    }
}
