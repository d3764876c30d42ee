//! A violation as a story that a person can read: what happened, step by step, and where
//! everything stood.

use crate::{Broken, Model, Step, Which, World};
use core::fmt;
use domain::order::Order;
use domain::payment::Payment;

/// How an invariant is broken, in as few steps as it takes.
#[derive(Clone, Debug)]
pub struct Story {
    /// The invariant.
    pub broken: Broken,
    /// What happened, with the world after each step.
    pub lines: Vec<String>,
}

impl Story {
    /// The story of `worlds`, each one step after the other, and the last step.
    pub(crate) fn of(model: &mut Model, worlds: &[World], last: Step, broken: Broken) -> Story {
        let mut lines = Vec::new();
        for pair in worlds.windows(2) {
            let [from, to] = *pair else { continue };
            let step = model.steps(from).into_iter().find(|(_, next)| next.as_ref() == Ok(&to));
            let step = step.map_or_else(String::new, |(step, _)| step.to_string());
            lines.push(format!("{step}\n      {}", scene(model, &to)));
        }
        lines.push(last.to_string());
        Story { broken, lines }
    }
}

/// Where everything stands, in a line.
fn scene(model: &Model, world: &World) -> String {
    let order = model.book().order(world.order);
    let payments: Vec<String> = order.payments.iter().map(|p| sketch(order, p)).collect();
    let [first, second] = Which::BOTH.map(|which| world.number(which).truth);
    let payments = payments.join(", ");
    format!("{:?}, {payments}; at WeChat Pay 1 {first:?}, 2 {second:?}", order.status)
}

fn sketch(order: &Order, payment: &Payment) -> String {
    let refunds = order.refunds.iter().filter(|refund| refund.payment_no == payment.no);
    let refunds = refunds.map(|refund| format!(" (refund {:?})", refund.state.status()));
    let refunds: String = refunds.collect();
    format!("payment {} {:?}{refunds}", payment.no, payment.state.status())
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in (1..).zip(&self.lines) {
            writeln!(f, "{number:>4}. {line}")?;
        }
        write!(f, "      and {}", self.broken)
    }
}
