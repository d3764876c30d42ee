//! I48a: what is taken for a bill of a day is WeChat Pay's own ledger of that day.
//!
//! Compared with what was true when it happened (`wechat/truth.rs`) and with the refunds as they stand at WeChat Pay,
//! line by line, and never with what Paydesk has recorded: a bill is there to find what that lacks.

mod funds;

use super::Seen;
use crate::actors::clerk::Wanted;
use crate::marks::Mark;
use crate::wechat::BookedRefund;
use crate::world::World;
use domain::Timestamp;
use domain::bill::{BillDay, FundFlowBill, TradeBill, TradeBillKind, TradeEntry};
use domain::order::Order;
use domain::payment::{Channel, Payment};
use domain::ports::BillError;
use domain::refund::{Refund, RefundState};

const WECHATS_OWN: &str =
    "what is taken for a bill of a day is WeChat Pay's own ledger of that day";

/// What an asker was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// A trade bill.
    Trades(TradeBill),
    /// A fund-flow bill.
    Funds(FundFlowBill),
    /// That there was nothing, and it is believed.
    None,
    /// Nothing yet.
    NotYet,
    /// Nothing, because of this.
    Failed(BillError),
}

/// A node was given this for a bill of `day`.
pub(crate) fn is_had(
    world: &World,
    node: u32,
    (day, wanted): (BillDay, Wanted),
    fetched: &Fetched,
) {
    let said = || format!("{} of {day}: {}", wanted.words(), words(fetched));
    world.chronicle.say(|| format!("node {node}"), None, said);
    let sometimes = |mark| world.chronicle.sometimes(mark);
    let judged = match fetched {
        Fetched::Trades(bill) => trades(world, day, wanted, bill),
        Fetched::Funds(bill) => funds::agree(world, day, wanted, bill),
        Fetched::None => none(world, day, wanted),
        Fetched::NotYet => {
            sometimes(Mark::BillNotYet);
            return;
        }
        Fetched::Failed(BillError::Damaged(_)) => {
            sometimes(Mark::BillDamaged);
            return;
        }
        Fetched::Failed(BillError::Gateway(_)) => return,
        // Nobody makes a bill here that is too long or of another form, nor a link to anybody else: whoever
        // says so has read what is not WeChat Pay's.
        Fetched::Failed(why) => Err(why.to_string()),
    };
    match judged {
        Ok(()) if *fetched == Fetched::None => sometimes(Mark::BillNone),
        Ok(()) => sometimes(Mark::BillTaken),
        Err(seen) => {
            let seen = format!("{} of {day}: {seen}", wanted.words());
            world.chronicle.violated("I48a", WECHATS_OWN, seen);
        }
    }
}

fn words(fetched: &Fetched) -> String {
    match fetched {
        Fetched::Trades(bill) => format!("{} lines", bill.lines.len()),
        Fetched::Funds(bill) => format!("{} lines", bill.lines.len()),
        Fetched::None => "there was nothing".to_owned(),
        Fetched::NotYet => "not yet".to_owned(),
        Fetched::Failed(why) => why.to_string(),
    }
}

/// The seconds in which bills tell the time.
fn second(at: Timestamp) -> i64 {
    at.seconds()
}

fn trades(world: &World, day: BillDay, wanted: Wanted, bill: &TradeBill) -> Result<(), String> {
    let mut lines: Vec<String> = Vec::with_capacity(bill.lines.len());
    for line in &bill.lines {
        let of = format!(
            "{} {} at {}",
            line.out_trade_no,
            line.transaction_id.as_str(),
            second(line.at)
        );
        lines.push(match &line.entry {
            TradeEntry::Payment(amount) => {
                let appid = line.appid.as_ref().map_or("", |appid| appid.as_str());
                format!("payment {of}, {} fen, {appid}", amount.total.get())
            }
            TradeEntry::Refund(refund) => {
                let number = refund.out_refund_no.as_ref().map_or("", |number| number.as_str());
                let id = refund.refund_id.as_str();
                format!("refund {of}, {number} {id}, {} fen", refund.amount.get())
            }
            TradeEntry::Revoked(_) => format!("revoked {of}"),
        });
    }
    let true_lines = trade_lines(world, day, wanted);
    same(lines, true_lines)?;
    let sum =
        |entry: fn(&TradeEntry) -> i64| bill.lines.iter().map(|line| entry(&line.entry)).sum();
    let paid: i64 = sum(|entry| match entry {
        TradeEntry::Payment(amount) => amount.total.get(),
        TradeEntry::Refund(_) | TradeEntry::Revoked(_) => 0,
    });
    let refunded: i64 = sum(|entry| match entry {
        TradeEntry::Refund(refund) => refund.amount.get(),
        TradeEntry::Payment(_) | TradeEntry::Revoked(_) => 0,
    });
    let totals = (bill.totals.paid.get(), bill.totals.refunded.get());
    if totals == (paid, refunded) {
        Ok(())
    } else {
        Err(format!("its totals are {totals:?} instead of {:?}", (paid, refunded)))
    }
}

/// Every success and every refund of the day under our merchant number, as far as they are asked for.
fn trade_lines(world: &World, day: BillDay, wanted: Wanted) -> Vec<String> {
    let (payments, refunds) = match wanted {
        Wanted::Trades(TradeBillKind::All) => (true, true),
        Wanted::Trades(TradeBillKind::Success) => (true, false),
        Wanted::Trades(TradeBillKind::Refund) => (false, true),
        Wanted::Funds(_) => (false, false),
    };
    let mut lines = Vec::new();
    if payments {
        world.wechat.truth(|truth| {
            for paid in truth.took.values().filter(|paid| BillDay::of(paid.at) == day) {
                lines.push(format!(
                    "payment {} {} at {}, {} fen, {}",
                    paid.out_trade_no,
                    paid.transaction_id,
                    second(paid.at),
                    paid.total_fen,
                    paid.appid
                ));
            }
        });
    }
    let booked = if refunds { world.wechat.booked_refunds() } else { Vec::new() };
    for refund in booked.into_iter().filter(|refund| BillDay::of(refund.at) == day) {
        let BookedRefund { out_refund_no, refund_id, out_trade_no, .. } = &refund;
        let (transaction, at) = (&refund.transaction_id, second(refund.at));
        lines.push(format!(
            "refund {out_trade_no} {transaction} at {at}, {out_refund_no} {refund_id}, {} fen",
            refund.refund_fen
        ));
    }
    lines
}

/// It is believed that there was nothing.
fn none(world: &World, day: BillDay, wanted: Wanted) -> Result<(), String> {
    let lines = match wanted {
        Wanted::Trades(_) => trade_lines(world, day, wanted),
        Wanted::Funds(account) => funds::moved(world, day, account),
    };
    match lines.first() {
        None => Ok(()),
        Some(line) => Err(format!("it is taken for empty, without {line}")),
    }
}

/// The same lines, in whichever order.
fn same(mut told: Vec<String>, mut expected: Vec<String>) -> Result<(), String> {
    told.sort_unstable();
    expected.sort_unstable();
    if told == expected {
        return Ok(());
    }
    let without = |from: &[String], others: &[String]| {
        let missing = from.iter().find(|line| !others.contains(line));
        missing.cloned().unwrap_or_else(|| "one line too many".to_owned())
    };
    if let Some(line) = told.iter().find(|line| !expected.contains(line)) {
        return Err(format!("it says {line}; true is {}", without(&expected, &told)));
    }
    Err(format!(
        "it has {} lines of {}, without {}",
        told.len(),
        expected.len(),
        without(&expected, &told)
    ))
}

impl Seen {
    /// Whether we know of money that WeChat Pay took on that day.
    pub(crate) fn saw_a_payment(&self, day: BillDay) -> bool {
        self.at_wechat().any(|(_, payment)| {
            payment.receipt().is_some_and(|receipt| BillDay::of(receipt.success_at) == day)
        })
    }

    /// Whether we know of a refund that WeChat Pay took on, and that was sent on that day.
    pub(crate) fn saw_a_refund(&self, day: BillDay) -> bool {
        self.at_wechat().any(|(order, payment)| {
            let refunds = order.refunds.iter().filter(|refund| refund.payment_no == payment.no);
            refunds.into_iter().any(|refund| {
                is_taken_on(refund) && refund.sent_at.is_some_and(|at| BillDay::of(at) == day)
            })
        })
    }

    fn at_wechat(&self) -> impl Iterator<Item = (&Order, &Payment)> {
        let all = self.orders.values().flat_map(|order| {
            let payments = order.payments.iter();
            payments.map(move |payment| (order, payment))
        });
        all.filter(|(_, payment)| match payment.terms.channel {
            Channel::Wechat(_) => true,
            Channel::Wallet => false,
        })
    }
}

fn is_taken_on(refund: &Refund) -> bool {
    match refund.state {
        RefundState::Processing { .. }
        | RefundState::Succeeded { .. }
        | RefundState::Abnormal { .. }
        | RefundState::Closed { .. } => true,
        RefundState::AwaitingApproval
        | RefundState::Declined
        | RefundState::Withdrawn
        | RefundState::Requested
        | RefundState::Sending
        | RefundState::Unknown { .. }
        | RefundState::Rejected { .. }
        | RefundState::SettledOffline { .. } => false,
    }
}
