//! What the model's workers ask of the order: the real commands, by small names.

use crate::{Owed, Phase, Which, opening};
use core::fmt;
use domain::fact::{
    Evidence, PaymentFact, Receipt, RefundAtWechat, RefundFact, RefundProgress, RefundStatement,
    Trade,
};
use domain::names::{RefundId, TransactionId};
use domain::order::{CancelCause, Command, Order, PrepayAnswer, RefundAnswer};
use domain::payment::{ClosingCause, Credential};

/// A command, and what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// The buyer cancels.
    Cancel,
    /// The deadline is found to have passed.
    Expire,
    /// The buyer wants to pay, or to pay in another way.
    Pay(Which),
    /// The answer to a prepay call is recorded.
    RecordPrepay(Which, Answer),
    /// A number that WeChat Pay holds already is closed for another to take its place.
    GiveUpNumber(Which),
    /// What WeChat Pay says of a payment is recorded.
    RecordFact(Which, Says, By),
    /// A payment whose record was lost is taken on again.
    Adopt(Which, Says, By),
    /// The refund of a payment is about to be sent.
    SendRefund(Which, Owed),
    /// What became of the refund of a payment is recorded.
    RecordRefund(Which, Owed, Refunding),
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
    /// `REFUND`.
    Refunded,
}

/// What a refund call, or a query about it, came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refunding {
    /// WeChat Pay has accepted the refund.
    Accepted,
    /// The call was refused.
    Refused,
    /// Nothing that can be used.
    Unknown,
    /// A query answered that there is no such refund.
    NotExist,
}

/// How a statement reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// As the answer to a query.
    Query(Asked),
    /// By itself.
    Notification,
}

/// When a query was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asked {
    /// After so many failovers.
    pub on: u8,
    /// Whether the horizon has passed since.
    pub is_old: bool,
}

impl Asked {
    /// Just now.
    #[must_use]
    pub fn now(failovers: u8) -> Asked {
        Asked { on: failovers, is_old: false }
    }
}

impl Deed {
    /// The command, as a use case would give it in this phase.
    #[must_use]
    pub fn command(self, order: &Order, phase: Phase) -> Command {
        match self {
            Deed::Cancel => Command::Cancel(CancelCause::Buyer),
            Deed::Expire => Command::Cancel(CancelCause::Deadline),
            Deed::Pay(which) => Command::StartPayment(opening::payment(which)),
            Deed::RecordPrepay(which, answer) => Command::RecordPrepay {
                out_trade_no: opening::number(order, which),
                answer: answer.recorded(),
            },
            Deed::GiveUpNumber(which) => Command::ClosePayment {
                out_trade_no: opening::number(order, which),
                why: ClosingCause::Refused,
            },
            Deed::RecordFact(which, says, by) => {
                Command::RecordFact(fact(order, which, says, by.at(phase)))
            }
            Deed::Adopt(which, says, by) => Command::Adopt(fact(order, which, says, by.at(phase))),
            Deed::SendRefund(which, owed) => {
                Command::SendRefund { out_refund_no: opening::refund_number(order, which, owed) }
            }
            Deed::RecordRefund(which, owed, refunding) => refunding.command(order, which, owed),
        }
    }
}

/// `by` and the phase in which it was asked for.
fn fact(order: &Order, which: Which, says: Says, (by, phase): (By, Phase)) -> PaymentFact {
    let number = opening::number(order, which);
    let fact =
        PaymentFact::attested(by.evidence(), opening::mchid(), number, says.trade(which), None);
    match by {
        By::Query(asked) => fact.asked_on(&opening::epoch(asked.on)).asked_at(opening::now(phase)),
        By::Notification => fact,
    }
}

impl Refunding {
    fn command(self, order: &Order, which: Which, owed: Owed) -> Command {
        let out_refund_no = opening::refund_number(order, which, owed);
        let fact = |refund| {
            let evidence = Evidence::Query { request_id: None };
            let number = opening::refund_number(order, which, owed);
            Command::RecordRefund(RefundFact::attested(evidence, opening::mchid(), number, refund))
        };
        match self {
            Refunding::Accepted => fact(RefundAtWechat::Known(RefundStatement {
                refund_id: RefundId::new(format!("refund of {which}")),
                transaction_id: transaction(which),
                out_trade_no: opening::number(order, which),
                amount: opening::TOTAL,
                progress: RefundProgress::Processing,
            })),
            Refunding::NotExist => fact(RefundAtWechat::NotExist),
            Refunding::Refused => {
                let answer = RefundAnswer::Refused { code: "RESOURCE_NOT_EXISTS".to_owned() };
                Command::RecordRefundCall { out_refund_no, answer }
            }
            Refunding::Unknown => {
                Command::RecordRefundCall { out_refund_no, answer: RefundAnswer::Unknown }
            }
        }
    }
}

fn transaction(which: Which) -> TransactionId {
    TransactionId::new(format!("transaction of {which}"))
}

fn receipt(which: Which) -> Receipt {
    Receipt {
        transaction_id: transaction(which),
        appid: opening::appid(),
        amount: opening::TOTAL,
        currency: "CNY".to_owned(),
        payer_total: None,
        payer: None,
        success_at: opening::start(),
    }
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
            Says::Success => Trade::Success(receipt(which)),
            Says::Refunded => Trade::Refunded(receipt(which)),
            Says::NotPaid => Trade::NotPaid,
            Says::Closed => Trade::Closed,
            Says::NotExist => Trade::NotExist,
        }
    }
}

impl By {
    /// The same, and the phase in which it was said.
    fn at(self, phase: Phase) -> (By, Phase) {
        match self {
            By::Query(Asked { is_old: true, .. }) => (self, Phase::Overdue),
            By::Query(Asked { is_old: false, .. }) | By::Notification => (self, phase),
        }
    }

    fn evidence(self) -> Evidence {
        match self {
            By::Query(_) => Evidence::Query { request_id: None },
            By::Notification => Evidence::Notification { event_id: "event".to_owned() },
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Deed::Cancel => write!(f, "the buyer cancels"),
            Deed::Expire => write!(f, "the deadline is found to have passed"),
            Deed::Pay(Which::First) => write!(f, "the buyer asks to pay"),
            Deed::Pay(Which::Second) => write!(f, "the buyer asks for another way to pay"),
            Deed::RecordPrepay(which, answer) => write!(f, "{which}: the prepay was {answer}"),
            Deed::GiveUpNumber(which) => write!(f, "{which}: its number is given up"),
            Deed::RecordFact(which, says, By::Query(_)) => {
                write!(f, "{which}: it is recorded that a query said {says}")
            }
            Deed::RecordFact(which, says, By::Notification) => {
                write!(f, "{which}: a notification says {says}")
            }
            Deed::Adopt(which, says, _) => {
                write!(f, "{which}: its record was lost; a query said {says}")
            }
            Deed::SendRefund(which, _) => write!(f, "{which}: its refund is about to be sent"),
            Deed::RecordRefund(which, _, refunding) => {
                write!(f, "{which}: it is recorded that its refund {refunding}")
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
            Says::Refunded => "REFUND",
        })
    }
}

impl fmt::Display for Refunding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refunding::Accepted => "was accepted",
            Refunding::Refused => "was refused",
            Refunding::Unknown => "was not answered",
            Refunding::NotExist => "does not exist",
        })
    }
}
