//! What can be asked. Small numbers that choose among what is there: a smaller number is a simpler choice, so that
//! what is left after shrinking is simple.

use proptest::option::weighted;
use proptest::prelude::*;

/// One step of a sequence.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// A call of WeChat Pay's API, and what is odd about it.
    Call(Call, Twist),
    /// The buyer pays, or tries.
    Pay { number: u8, form: u8 },
    /// A refund ends now.
    EndRefund { refund: u8, outcome: u8 },
    /// What was shipped arrives.
    Receive { number: u8, state: u8 },
    /// Another system orders.
    Elsewhere { number: u8, form: u8 },
    /// Other fault rules.
    Faults(u8),
    /// Other settings.
    Settings(u8),
    /// Time passes.
    Clock(u8),
    /// Another key signs.
    Mode(u8),
    /// A new platform certificate.
    Rotate,
    /// The notification of a payment, or of a refund, once more; and how it is answered.
    Notify { refund: bool, number: u8, tamper: Option<u8>, reply: u8 },
    /// The receiver answers one of the notifications that it holds.
    Answer { which: u8, reply: u8 },
    /// What the payer's client was given.
    Params { number: u8, wrong: u8 },
    /// Something is only looked at.
    Look(u8),
    /// Everything is forgotten but keys.
    Reset,
}

/// A call of the API.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Prepay {
        number: u8,
        product: u8,
        amount: u8,
        expires: Option<u8>,
        odd: u8,
    },
    Query {
        number: u8,
    },
    QueryById {
        number: u8,
    },
    Close {
        number: u8,
    },
    Refund {
        number: u8,
        refund: u8,
        amount: u8,
        by_id: bool,
        notified: bool,
        odd: u8,
    },
    QueryRefund {
        refund: u8,
    },
    AbnormalRefund {
        refund: u8,
        card: u8,
        odd: u8,
    },
    Bill(Bill),
    /// A bill that was asked for before, or none.
    Download {
        which: u8,
    },
    Certificates,
    Login {
        odd: u8,
    },
    /// A call of the WeChat platform.
    Platform(Platform),
}

/// Which call, about which order, and what it says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Platform {
    pub(crate) call: u8,
    pub(crate) number: u8,
    pub(crate) report: u8,
    pub(crate) odd: u8,
}

/// Which bill, of which day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bill {
    pub(crate) day: u8,
    pub(crate) kind: u8,
    pub(crate) gzip: bool,
}

/// What is odd about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twist {
    Plain,
    /// Which key the answer is to be signed with: a known one, or none.
    Serial(u8),
    WrongSignature,
    Unsigned,
    /// Another scheme, and other things that are no authorization.
    Authorization(u8),
    OldTimestamp,
    OtherMerchant,
    OtherSerial,
    /// A header that is not there.
    Without(u8),
    WrongMethod(u8),
    /// A body that is no JSON, or not that of this call, or not UTF-8.
    Body(u8),
    /// The same path written otherwise.
    Path(u8),
    /// Another query.
    Query(u8),
}

fn twist() -> impl Strategy<Value = Twist> {
    let small = 0..4_u8;
    prop_oneof![
        30 => Just(Twist::Plain),
        3 => small.clone().prop_map(Twist::Serial),
        1 => Just(Twist::WrongSignature),
        1 => Just(Twist::Unsigned),
        1 => small.clone().prop_map(Twist::Authorization),
        1 => Just(Twist::OldTimestamp),
        1 => Just(Twist::OtherMerchant),
        1 => Just(Twist::OtherSerial),
        1 => small.clone().prop_map(Twist::Without),
        1 => small.clone().prop_map(Twist::WrongMethod),
        1 => (0..5_u8).prop_map(Twist::Body),
        1 => (0..6_u8).prop_map(Twist::Path),
        1 => small.prop_map(Twist::Query),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    let (number, refund) = (number(), seldom(3));
    prop_oneof![
        8 => (number.clone(), prop::bool::ANY, 0..3_u8, weighted(0.3, 0..4_u8), odd()).prop_map(
            |(number, first, amount, expires, odd)| Call::Prepay {
                number, product: product(number, first), amount, expires, odd
            }),
        5 => number.clone().prop_map(|number| Call::Query { number }),
        2 => number.clone().prop_map(|number| Call::QueryById { number }),
        4 => number.clone().prop_map(|number| Call::Close { number }),
        9 => (number, refund.clone(), 0..5_u8, prop::bool::ANY, prop::bool::weighted(0.7), odd())
            .prop_map(|(number, refund, amount, by_id, notified, odd)| Call::Refund {
                number, refund, amount, by_id, notified, odd
            }),
        4 => refund.clone().prop_map(|refund| Call::QueryRefund { refund }),
        8 => (refund, 0..3_u8, odd())
            .prop_map(|(refund, card, odd)| Call::AbnormalRefund { refund, card, odd }),
        6 => (seldom(6), prop_oneof![2 => Just(0), 1 => Just(4), 2 => 0..8_u8], prop::bool::ANY)
            .prop_map(|(day, kind, gzip)| Call::Bill(Bill { day, kind, gzip })),
        5 => seldom(3).prop_map(|which| Call::Download { which }),
        1 => Just(Call::Certificates),
        1 => (0..5_u8).prop_map(|odd| Call::Login { odd }),
        6 => platform().prop_map(Call::Platform),
    ]
}

/// Mostly a report about one of the two that are there from the beginning.
fn platform() -> impl Strategy<Value = Platform> {
    let call = prop_oneof![3 => Just(0_u8), 5 => Just(1), 3 => Just(2), 1 => 3..5_u8];
    (call, seldom(2), 0..6_u8, odd()).prop_map(|(call, number, report, odd)| Platform {
        call,
        number,
        report,
        odd,
    })
}

/// One of the orders, mostly of those that are there from the beginning.
fn number() -> impl Strategy<Value = u8> + Clone {
    prop_oneof![4 => Just(0_u8), 4 => Just(1_u8), 2 => 2..4_u8]
}

/// How an order is to be paid: those that are there from the beginning by JSAPI or Native, others by App or H5.
fn product(number: u8, first: bool) -> u8 {
    match (number < 2, first) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 3,
        (false, false) => 2,
    }
}

/// Mostly the first of so many.
fn seldom(count: u8) -> impl Strategy<Value = u8> + Clone {
    prop_oneof![2 => Just(0), 1 => 0..count]
}

/// Mostly nothing.
fn odd() -> impl Strategy<Value = u8> {
    prop_oneof![9 => Just(0_u8), 1 => 1..7_u8]
}

/// Any step; now and then a new certificate, which takes a second to make.
pub(crate) fn any() -> impl Strategy<Value = Op> {
    prop_oneof![400 => quick(), 1 => Just(Op::Rotate)]
}

/// Mostly calls and payments, so that orders get somewhere.
fn quick() -> impl Strategy<Value = Op> {
    let (number, refund) = (number(), seldom(3));
    prop_oneof![
        64 => (call(), twist()).prop_map(|(call, twist)| Op::Call(call, twist)),
        14 => (number.clone(), odd()).prop_map(|(number, form)| Op::Pay { number, form }),
        12 => (0..4_u8, prop_oneof![1 => Just(0), 2 => 0..6_u8]).prop_map(|(which, reply)| Op::Answer { which, reply }),
        8 => (0..11_u8).prop_map(Op::Clock),
        6 => prop_oneof![3 => 0..15_u8, 1 => Just(6), 1 => Just(3)].prop_map(Op::Faults),
        4 => (0..18_u8).prop_map(Op::Settings),
        8 => (refund, prop_oneof![1 => 0..4_u8, 1 => Just(1)])
            .prop_map(|(refund, outcome)| Op::EndRefund { refund, outcome }),
        2 => (number.clone(), 0..8_u8).prop_map(|(number, form)| Op::Elsewhere { number, form }),
        2 => (0..4_u8).prop_map(Op::Mode),
        5 => (prop::bool::ANY, number.clone(), weighted(0.7, 0..18_u8), 0..6_u8).prop_map(
            |(refund, number, tamper, reply)| Op::Notify { refund, number, tamper, reply }),
        3 => (number, prop_oneof![1 => Just(0), 1 => 0..4_u8]).prop_map(|(number, wrong)| Op::Params { number, wrong }),
        3 => (0..14_u8).prop_map(Op::Look),
        2 => (0..4_u8).prop_map(|state| Op::Receive { number: 0, state }),
        1 => Just(Op::Reset),
    ]
}
