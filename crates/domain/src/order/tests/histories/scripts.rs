//! What leads deep: ways that chance alone does not take. Each is played on every base; what an order refuses is
//! passed over.

use super::{Kind, Much, Step};
use crate::fact::RefundProgress;
use crate::order::CancelCause;
use crate::order::tests::refund_samples::succeeded;
use crate::refund::{Asker, REFUNDS_MAX};

/// It comes a minute after the one before, about the newest refund that it can be about.
fn step(kind: Kind, much: Much) -> Step {
    Step {
        kind,
        payment: 1,
        refund: 0,
        variant: 2,
        gap_s: 61,
        new_epoch: false,
        asked_ago: 0,
        actor: 1,
        aimed: Some(much),
        name: 100,
    }
}

/// Asked for, each time under a name of its own.
fn ask(by: Asker, much: Much, name: u8) -> Step {
    Step { name: 100 + name, ..step(Kind::Ask(by), much) }
}

/// These lines: one bit each of `which`.
fn ask_lines(by: Asker, which: u8, name: u8) -> Step {
    let variant = if which == 1 { 1 } else { 4 };
    Step { name: 100 + name, variant, ..step(Kind::AskLines(by), Much::Rest) }
}

fn then(kind: Kind) -> Step {
    step(kind, Much::Rest)
}

/// Where a limit makes it wait for another person.
fn waits(step: Step) -> Step {
    Step { actor: 0, ..step }
}

/// After commits were lost.
fn after_a_failover(step: Step) -> Step {
    Step { new_epoch: true, ..step }
}

#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn scripts() -> Vec<Vec<Step>> {
    use Asker::{Buyer, Operator, Service};
    use Kind::{Approve, Brings, Cancel, Decline, Elsewhere, Late, Otherwise, Rejects, Retry};
    use RefundProgress::{Abnormal, Closed, Processing};
    let third = || ask(Operator, Much::Third, 0);
    let cancel = || then(Cancel(CancelCause::Buyer));
    let elsewhere = |much| Step { variant: 3, ..step(Elsewhere(Processing), much) };
    let and_elsewhere = |much| Step { variant: 8, ..elsewhere(much) };
    vec![
        vec![],
        vec![third(), then(Rejects)],
        // Refused twice, and asked for once more.
        vec![third(), then(Rejects), then(Retry), then(Rejects), then(Retry)],
        // A chain of three: of what is asked for, of a cancellation, of a surplus.
        vec![third(), then(Brings(Closed)), then(Brings(Closed))],
        vec![cancel(), then(Brings(Closed)), then(Brings(Closed))],
        vec![third(), then(Kind::TakesNumber), then(Retry), then(Kind::TakesNumber), then(Retry)],
        // Everything but a fen.
        vec![ask(Service, Much::RestButOne, 0), then(Brings(succeeded()))],
        // By lines, and then exactly what is left; and the other way round.
        vec![ask_lines(Service, 1, 0), then(Brings(succeeded())), ask(Service, Much::Rest, 1)],
        vec![ask(Service, Much::Line(0), 0), ask_lines(Service, 2, 1)],
        vec![
            ask_lines(Buyer, 1, 0),
            ask_lines(Buyer, 2, 1),
            then(Brings(Processing)),
            then(Brings(Processing)),
        ],
        // A line that came to nothing is the last one when it is tried again.
        vec![
            ask_lines(Service, 2, 1),
            ask_lines(Service, 1, 0),
            then(Rejects),
            then(Brings(succeeded())),
            then(Retry),
        ],
        // And its first request is there after all, and closed.
        vec![
            ask_lines(Service, 2, 1),
            ask_lines(Service, 1, 0),
            then(Rejects),
            then(Brings(succeeded())),
            then(Retry),
            then(Late(Processing)),
            then(Kind::Said(Closed)),
        ],
        // It is worth another fen at WeChat Pay: what it was is lost, and it was asked for again.
        vec![
            ask_lines(Buyer, 1, 0),
            then(Kind::Send),
            after_a_failover(then(Otherwise(Processing))),
            ask_lines(Buyer, 1, 1),
        ],
        vec![
            ask_lines(Service, 1, 0),
            ask_lines(Service, 2, 1),
            then(Kind::Send),
            Step { variant: 3, ..after_a_failover(step(Otherwise(succeeded()), Much::Third)) },
        ],
        vec![third(), then(Rejects), after_a_failover(then(Otherwise(succeeded())))],
        vec![third(), after_a_failover(then(Otherwise(Processing))), then(Kind::Said(Closed))],
        // Refused, asked for anew, and there after all: the other is sent, or gives way.
        vec![
            ask_lines(Service, 2, 0),
            then(Rejects),
            ask_lines(Buyer, 2, 1),
            then(Kind::Send),
            then(Late(succeeded())),
        ],
        vec![
            ask_lines(Service, 2, 0),
            then(Rejects),
            ask_lines(Buyer, 2, 1),
            then(Late(Processing)),
        ],
        // What was tried again waits for another person.
        vec![third(), then(Rejects), waits(then(Retry))],
        // It was agreed to and sent, and so is what it was to go in the place of.
        vec![
            third(),
            then(Rejects),
            waits(then(Retry)),
            then(Approve),
            then(Kind::Send),
            then(Late(Processing)),
        ],
        vec![ask(Operator, Much::Rest, 0), then(Rejects), waits(then(Retry)), then(Decline)],
        vec![
            waits(ask(Operator, Much::Rest, 0)),
            then(Decline),
            waits(ask(Operator, Much::Rest, 1)),
        ],
        vec![
            waits(ask(Operator, Much::Third, 0)),
            waits(ask(Operator, Much::Rest, 1)),
            then(Approve),
        ],
        // Some of it, or all, goes back elsewhere.
        vec![elsewhere(Much::Third)],
        vec![cancel(), elsewhere(Much::Third), and_elsewhere(Much::Rest)],
        vec![third(), then(Rejects), then(Retry), elsewhere(Much::RestButOne)],
        // Goods are sent for money of which a refund came to nothing.
        vec![cancel(), then(Rejects), then(Kind::Ship)],
        vec![
            cancel(),
            then(Rejects),
            then(Kind::Ship),
            then(Late(Processing)),
            then(Kind::Said(Closed)),
        ],
        vec![third(), then(Brings(Abnormal)), then(Kind::SettleOffline)],
        vec![third(), then(Brings(Abnormal)), then(Kind::Apply), then(Kind::ApplicationRefused)],
        vec![third(), then(Brings(Abnormal)), then(Kind::Apply), then(Kind::Said(succeeded()))],
        vec![third(), then(Rejects), then(Kind::SettleOffline), then(Late(succeeded()))],
        vec![then(Kind::Ship), ask(Buyer, Much::Rest, 0), then(Decline)],
        vec![then(Kind::Ship), ask(Service, Much::Rest, 0), then(Rejects)],
        vec![
            third(),
            then(Kind::Send),
            after_a_failover(then(Kind::CallRefused)),
            then(Kind::RefundNotExist),
        ],
    ]
}

/// Of money that an order could not take: nobody asks for it.
pub(super) fn of_surplus() -> Vec<Vec<Step>> {
    use Kind::{
        Brings, Elsewhere, Late, Otherwise, Rejects, Retry, RetryNaming, Said, TakesNumber,
    };
    use RefundProgress::{Abnormal, Closed, Processing};
    let elsewhere = |much| Step { variant: 3, ..step(Elsewhere(Processing), much) };
    let naming = |much| step(RetryNaming, much);
    let third_named = || vec![then(Rejects), naming(Much::Third)];
    let named_twice = |much| [third_named(), vec![then(Rejects), naming(much)]].concat();
    let second = |step: Step| Step { payment: 2, ..step };
    vec![
        vec![],
        vec![then(Rejects)],
        vec![then(Brings(Closed)), then(Brings(Closed))],
        vec![then(Rejects), then(Rejects), then(Retry), then(Retry)],
        vec![then(TakesNumber), then(Retry), then(TakesNumber)],
        third_named(),
        [third_named(), vec![then(Brings(Closed))]].concat(),
        [third_named(), vec![naming(Much::AsLast)]].concat(),
        named_twice(Much::RestButOne),
        named_twice(Much::One),
        [named_twice(Much::RestButOne), vec![then(Late(Processing))]].concat(),
        [third_named(), vec![then(Late(Processing)), then(Said(Closed))]].concat(),
        [third_named(), vec![then(Kind::Send), then(Otherwise(Processing))]].concat(),
        [named_twice(Much::One), vec![then(Kind::Send), then(Late(Processing))]].concat(),
        vec![elsewhere(Much::Third)],
        vec![elsewhere(Much::Rest), then(Said(Closed))],
        vec![then(Rejects), then(Retry), elsewhere(Much::Third), then(Said(Closed))],
        vec![second(elsewhere(Much::Third)), then(Brings(Abnormal)), then(Kind::SettleOffline)],
    ]
}

/// As many as WeChat Pay takes, but for one, and one more.
pub(super) fn at_the_limit() -> Vec<Vec<Step>> {
    vec![many_refunds(REFUNDS_MAX - 1), many_refunds(REFUNDS_MAX + 1)]
}

/// So many, a fen each.
fn many_refunds(count: usize) -> Vec<Step> {
    let asks = (0..count).filter_map(|nth| u8::try_from(nth).ok());
    asks.map(|nth| Step { gap_s: 0, ..ask(Asker::Service, Much::One, nth) }).collect()
}
