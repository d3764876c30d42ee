//! How what happens in a world is drawn.

use super::super::super::refund_samples::succeeded;
use super::acts::{Act, Answer, Call, From, History, LONG_S, SHORT_S, Step, Was};
use crate::fact::RefundProgress;
use crate::order::CancelCause;
use crate::refund::Asker;
use proptest::prelude::*;
use proptest::sample::select;

/// Every kind of order, everything that can happen; goods that are asked for once more; what is owed of a surplus; and
/// an order that is cancelled although somebody had said no; and goods that were sent because their refund had been
/// given up.
pub(super) fn worlds() -> impl Strategy<Value = History> {
    prop_oneof![
        3 => of_everything(),
        3 => of_goods(),
        3 => of_a_surplus(),
        1 => of_a_no(),
        1 => of_what_was_given_up(),
    ]
}

fn of_everything() -> impl Strategy<Value = History> {
    let from = select(vec![
        From::Paid,
        From::TeaAndCup,
        From::ThreeAtADiscount,
        From::TwoWithFees,
        From::Shipped,
        From::Surplus,
    ]);
    let act = prop_oneof![
        2 => ask(),
        2 => ask_for_goods(),
        1 => cancel(),
        10 => work(),
        4 => get_on(),
        2 => query(),
        3 => arrive(),
        2 => decide(),
        2 => retry(),
        1 => pay_by_bank(),
        1 => send_back_in_the_console(),
        2 => lose_commits(),
        1 => Just(Act::Ship),
        2 => ask_in_lost_commits(),
    ];
    (from, prop::collection::vec(step(act), 0..50))
        .prop_map(|(from, steps)| History { from, steps })
}

fn of_goods() -> impl Strategy<Value = History> {
    (any_goods(), prop::collection::vec(about_goods(), 5..60))
        .prop_map(|(from, steps)| History { from, steps })
}

fn of_what_was_given_up() -> impl Strategy<Value = History> {
    let begin = [
        Act::AskForGoods { lines: 0b010, whole: true, by: Asker::Service },
        Act::Work { which: 0, call: Call::IsLate },
        Act::Work { which: 0, call: Call::Arrives },
        Act::Ship,
        Act::Arrive { told: true },
    ]
    .map(soon);
    (any_goods(), prop::collection::vec(about_goods(), 0..20))
        .prop_map(move |(from, steps)| History { from, steps: [begin.to_vec(), steps].concat() })
}

fn any_goods() -> impl Strategy<Value = From> {
    select(vec![From::TeaAndCup, From::ThreeAtADiscount, From::TwoWithFees])
}

fn about_goods() -> impl Strategy<Value = Step> {
    step(prop_oneof![
        1 => ask(),
        3 => ask_for_goods(),
        1 => cancel(),
        4 => work(),
        2 => get_on(),
        2 => query(),
        3 => arrive(),
        2 => decide(),
        2 => retry(),
        1 => pay_by_bank(),
        1 => lose_commits(),
        1 => Just(Act::Ship),
        3 => ask_in_lost_commits(),
    ])
}

fn of_a_surplus() -> impl Strategy<Value = History> {
    let act = prop_oneof![
        3 => work(),
        2 => get_on(),
        2 => query(),
        3 => arrive(),
        2 => decide(),
        3 => retry(),
        1 => pay_by_bank(),
        1 => send_back_in_the_console(),
        1 => lose_commits(),
        3 => ask_in_lost_commits(),
    ];
    let begins = select(vec![
        vec![],
        refused_and_named(Call::IsRefused, 100),
        refused_and_named(Call::IsLate, 400),
        refused_and_named(Call::IsLate, 1_000),
        [refused_and_named(Call::IsLate, 400), refused_and_named(Call::IsLate, 1_000)].concat(),
        [refused_and_named(Call::IsLate, 1_000), refused_and_named(Call::IsLate, 400)].concat(),
    ]);
    (begins, prop::collection::vec(step(act), 5..60))
        .prop_map(|(begin, steps)| History { from: From::Surplus, steps: [begin, steps].concat() })
}

fn of_a_no() -> impl Strategy<Value = History> {
    let act = prop_oneof![
        1 => ask(),
        2 => work(),
        4 => get_on(),
        2 => query(),
        2 => arrive(),
        2 => decide(),
        1 => retry(),
        2 => send_back_in_the_console(),
        1 => lose_commits(),
        1 => ask_in_lost_commits(),
    ];
    let refused = [
        Act::Cancel(CancelCause::Operator),
        Act::Work { which: 0, call: Call::IsLate },
        Act::Work { which: 0, call: Call::Arrives },
        Act::Retry { which: 0, owed: None },
        Act::Decide { which: 0, answer: Answer::No },
        Act::Arrive { told: true },
    ];
    let begin = refused.map(|act| {
        // Nobody may give so much back alone a second time.
        let approval_above = matches!(act, Act::Retry { .. }).then_some(0);
        Step { approval_above, ..soon(act) }
    });
    let from = select(vec![From::Paid, From::TeaAndCup]);
    (from, prop::collection::vec(step(act), 0..20))
        .prop_map(move |(from, steps)| History { from, steps: [begin.to_vec(), steps].concat() })
}

/// The newest refund is refused, which a query proves, and a person says that so much is owed.
fn refused_and_named(call: Call, fen: i64) -> Vec<Step> {
    let acts = [
        Act::Work { which: 0, call },
        Act::Work { which: 0, call: Call::Arrives },
        Act::Retry { which: 0, owed: Some(fen) },
    ];
    acts.map(soon).to_vec()
}

fn soon(act: Act) -> Step {
    Step { act, seconds: SHORT_S, actor: "operator:2", name: 0, approval_above: None }
}

fn step(act: impl Strategy<Value = Act>) -> impl Strategy<Value = Step> {
    let seconds = prop_oneof![6 => Just(SHORT_S), 1 => Just(LONG_S)];
    let approval_above = prop_oneof![3 => Just(None), 1 => Just(Some(100))];
    let actor = select(vec!["operator:1", "operator:2"]);
    (act, seconds, actor, 0_u8..4, approval_above).prop_map(
        |(act, seconds, actor, name, approval_above)| Step {
            act,
            seconds,
            actor,
            name,
            approval_above,
        },
    )
}

fn which() -> impl Strategy<Value = usize> {
    0_usize..16
}

fn asker() -> impl Strategy<Value = Asker> {
    select(vec![Asker::Buyer, Asker::Service, Asker::Operator])
}

fn ask() -> impl Strategy<Value = Act> {
    (select(vec![100, 300, 500, 1_000]), asker()).prop_map(|(fen, by)| Act::Ask { fen, by })
}

fn ask_for_goods() -> impl Strategy<Value = Act> {
    let lines = select(vec![0b010, 0b100, 0b110]);
    (lines, any::<bool>(), asker()).prop_map(|(lines, whole, by)| Act::AskForGoods {
        lines,
        whole,
        by,
    })
}

fn cancel() -> impl Strategy<Value = Act> {
    select(vec![CancelCause::Buyer, CancelCause::Operator]).prop_map(Act::Cancel)
}

fn work() -> impl Strategy<Value = Act> {
    let call = prop_oneof![
        6 => Just(Call::Arrives),
        1 => Just(Call::ArrivesUnanswered),
        1 => Just(Call::ArrivesAndWeStop),
        1 => Just(Call::IsLost),
        3 => Just(Call::IsRefused),
        5 => Just(Call::IsLate),
    ];
    (which(), call).prop_map(|(which, call)| Act::Work { which, call })
}

fn get_on() -> impl Strategy<Value = Act> {
    let to = prop_oneof![
        2 => Just(succeeded()),
        1 => Just(RefundProgress::Closed),
        1 => Just(RefundProgress::Abnormal),
    ];
    (which(), to, prop::bool::weighted(0.7)).prop_map(|(which, to, told)| Act::GetOn {
        which,
        to,
        told,
    })
}

fn query() -> impl Strategy<Value = Act> {
    which().prop_map(|which| Act::Query { which })
}

fn arrive() -> impl Strategy<Value = Act> {
    any::<bool>().prop_map(|told| Act::Arrive { told })
}

fn decide() -> impl Strategy<Value = Act> {
    let answer =
        prop_oneof![2 => Just(Answer::Yes), 1 => Just(Answer::No), 1 => Just(Answer::NeverMind)];
    (which(), answer).prop_map(|(which, answer)| Act::Decide { which, answer })
}

fn retry() -> impl Strategy<Value = Act> {
    let owed = select(vec![None, Some(100), Some(400), Some(1_000)]);
    (which(), owed).prop_map(|(which, owed)| Act::Retry { which, owed })
}

fn pay_by_bank() -> impl Strategy<Value = Act> {
    which().prop_map(|which| Act::PayByBank { which })
}

fn send_back_in_the_console() -> impl Strategy<Value = Act> {
    (0_u8..3, select(vec![Some(1), Some(200), Some(700), None]))
        .prop_map(|(name, fen)| Act::SendBackInTheConsole { name, fen })
}

fn lose_commits() -> impl Strategy<Value = Act> {
    (1_usize..7).prop_map(Act::LoseCommits)
}

fn ask_in_lost_commits() -> impl Strategy<Value = Act> {
    let was = select(vec![
        Was::More(-1),
        Was::More(1),
        Was::More(87),
        Was::More(0),
        Was::Half,
        Was::Fen(1),
        Was::Fen(300),
        Was::Fen(1_000),
    ]);
    (which(), was).prop_map(|(which, was)| Act::AskInLostCommits { which, was })
}
