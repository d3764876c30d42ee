//! What can be asked. Small numbers that choose among what is there: a smaller number is a simpler choice, so
//! that what is left after shrinking is simple.

use proptest::option::of;
use proptest::prelude::*;

/// One step of a sequence.
#[derive(Clone, Debug)]
pub enum Op {
    PutSku {
        sku: u8,
        price: u8,
        stale: bool,
    },
    MoveStock {
        sku: u8,
        delta: i8,
        key: u8,
    },
    AddItem {
        buyer: u8,
        sku: u8,
        quantity: u8,
    },
    ChangeItem {
        buyer: u8,
        item: u8,
        quantity: u8,
    },
    RemoveItem {
        buyer: u8,
        item: u8,
    },
    AddAddress {
        buyer: u8,
        max: u8,
    },
    Place(Placing),
    Recharge {
        buyer: u8,
        points: bool,
        principal: u8,
        bonus: u8,
        key: Option<u8>,
    },
    Give(Giving),
    Transfer(Transferring),
    Adopt {
        order: u8,
        no: u8,
        amount: u8,
        lost: bool,
        at: u16,
    },
    Note(Noting),
    Claim {
        at: u16,
        long: bool,
    },
    Finish {
        lease: u8,
        how: u8,
        at: u16,
    },
    Renew {
        lease: u8,
        long: bool,
    },
    Hasten {
        job: u8,
        at: u16,
    },
    Rouse {
        at: u16,
    },
    Sweep {
        at: u16,
    },
    List {
        buyer: Option<u8>,
        status: Option<u8>,
        number: Option<u8>,
        limit: u8,
    },
    Cases {
        kind: Option<u8>,
        status: Option<u8>,
        subject: Option<u8>,
    },
    /// Somebody acts on a case, as it is or as it is not any more.
    Act {
        case: u8,
        how: u8,
        stale: bool,
        key: u8,
    },
    Replay {
        key: u8,
    },
    Committed {
        command: u8,
    },
    Basis {
        buyer: u8,
        only: Option<u8>,
        coupon: Option<u8>,
    },
    PutCoupon {
        coupon: u8,
        off: u8,
        stale: bool,
    },
    PutPackage {
        package: u8,
        price: u8,
        stale: bool,
    },
    PutRules {
        base: u8,
        stale: bool,
    },
    Issue {
        buyer: u8,
        coupon: u8,
        quantity: u8,
        key: u8,
    },
    Grants {
        buyer: u8,
        at: u16,
    },
    Entries {
        buyer: u8,
        account: u8,
        before: Option<u8>,
        limit: u8,
    },
    Entry {
        buyer: u8,
        account: u8,
        name: u8,
    },
    Trial,
}

/// An order to be placed.
#[derive(Clone, Debug)]
pub struct Placing {
    pub buyer: u8,
    pub lines: Vec<(u8, u8)>,
    /// As if from the purchase list: its lines are captured, some of them perhaps not there.
    pub capture: bool,
    pub taken_number: bool,
    pub stale_price: bool,
    /// To be paid at the door.
    pub on_delivery: bool,
    /// Paid from the wallet, which may hold too little.
    pub from_wallet: bool,
    pub coupon: Option<WithCoupon>,
    pub key: Option<u8>,
}

/// With which coupon an order is placed: it may be another order's, spent, or not the buyer's at all.
#[derive(Clone, Copy, Debug)]
pub struct WithCoupon {
    pub coupon: u8,
    pub no: u8,
    pub stale: bool,
}

impl Placing {
    /// One piece of each of two things, with nothing odd about it.
    pub(super) fn plain(buyer: u8) -> Placing {
        Placing {
            buyer,
            lines: vec![(0, 1), (1, 1)],
            capture: false,
            taken_number: false,
            stale_price: false,
            on_delivery: false,
            from_wallet: false,
            coupon: None,
            key: None,
        }
    }
}

/// A command to an order, and what is odd about it.
#[derive(Clone, Debug)]
pub struct Giving {
    pub order: u8,
    pub path: u8,
    pub choice: u16,
    pub which: u8,
    pub at: u16,
    pub late: bool,
    pub twist: Twist,
}

/// What is odd about a commit.
#[derive(Clone, Copy, Debug)]
pub enum Twist {
    Plain,
    /// Committed twice.
    Twin,
    /// Decided on an older version.
    OldVersion(u8),
    /// Under the name of another command.
    OldName(u8),
    /// As a step of a leased job, whose lease may have ended.
    Fenced(u8),
    /// Under an idempotency key.
    Keyed(u8),
    /// With a notification.
    Noticed(u8, u8, u8),
    /// Its stock is not taken.
    WithoutStock,
    /// What closes the payment before it is forgotten.
    TwoOpen,
    /// Decided in this life of the database (0), or in another one.
    InLife(u8),
    /// With one more thing that may happen once.
    Effect(u8),
    /// With the transaction that another order's payment has.
    SameTransaction(u8),
    /// A refund under a number that others use too.
    SameRefund(u8),
    /// Its coupon is not moved.
    WithoutCoupon,
    /// All of it from the wallet.
    FromWallet,
    /// Somebody paid it back in the merchant console; what its buyer does not have any more is owed, or the
    /// ledger refuses.
    Elsewhere {
        covered: bool,
    },
}

/// A commit that moves something in the ledger and nothing else.
#[derive(Clone, Debug)]
pub struct Transferring {
    /// Names are few: some come again.
    pub name: u8,
    pub points: bool,
    pub from: u8,
    /// To the house without.
    pub to: Option<u8>,
    pub amount: i16,
}

/// A commit without an order.
#[derive(Clone, Debug)]
pub struct Noting {
    pub name: Option<u8>,
    pub case: Option<(u8, u8)>,
    pub ended: Option<(u8, u8)>,
    pub effect: Option<u8>,
    pub notice: Option<(u8, u8, u8)>,
    pub job: Option<(u8, u16)>,
    pub lost_job: Option<u8>,
    pub key: Option<u8>,
    pub at: u16,
}

fn twist() -> impl Strategy<Value = Twist> {
    let small = 0..6_u8;
    prop_oneof![
        14 => Just(Twist::Plain),
        1 => Just(Twist::Twin),
        2 => small.clone().prop_map(Twist::OldVersion),
        1 => small.clone().prop_map(Twist::OldName),
        3 => small.clone().prop_map(Twist::Fenced),
        2 => (0..20_u8).prop_map(Twist::Keyed),
        2 => (0..4_u8, 0..2_u8, 0..5_u8).prop_map(|(a, b, c)| Twist::Noticed(a, b, c)),
        1 => Just(Twist::WithoutStock),
        1 => Just(Twist::TwoOpen),
        2 => (0..3_u8).prop_map(Twist::InLife),
        1 => small.prop_map(Twist::Effect),
        3 => (0..2_u8).prop_map(Twist::SameTransaction),
        5 => (0..2_u8).prop_map(Twist::SameRefund),
        1 => Just(Twist::WithoutCoupon),
        3 => Just(Twist::FromWallet),
        2 => prop::bool::ANY.prop_map(|covered| Twist::Elsewhere { covered }),
    ]
}

fn placing() -> impl Strategy<Value = Placing> {
    let paid = (prop::bool::weighted(0.3), prop::bool::weighted(0.2));
    let coupon = (0..2_u8, 0..4_u8, prop::bool::weighted(0.1));
    let coupon = coupon.prop_map(|(coupon, no, stale)| WithCoupon { coupon, no, stale });
    let odd = (prop::bool::weighted(0.15), prop::bool::weighted(0.06), prop::bool::weighted(0.06));
    let lines = prop::collection::vec((0..4_u8, 1..7_u8), 1..3);
    (0..2_u8, lines, odd, paid, prop::option::weighted(0.4, coupon), of(0..20_u8)).prop_map(
        |(buyer, lines, (capture, taken_number, stale_price), paid, coupon, key)| {
            let (on_delivery, from_wallet) = paid;
            Placing {
                buyer,
                lines,
                capture,
                taken_number,
                stale_price,
                on_delivery,
                from_wallet,
                coupon,
                key,
            }
        },
    )
}

fn transferring() -> impl Strategy<Value = Transferring> {
    (0..9_u8, prop::bool::ANY, 0..3_u8, of(0..3_u8), -400..700_i16).prop_map(
        |(name, points, from, to, amount)| Transferring { name, points, from, to, amount },
    )
}

fn giving() -> impl Strategy<Value = Giving> {
    let chosen = (0..6_u8, 0..4_u8, 0..1_020_u16, 0..=u8::MAX);
    (chosen, 0..1_700_u16, prop::bool::weighted(0.1), twist()).prop_map(
        |((order, path, choice, which), at, late, twist)| Giving {
            order,
            path,
            choice,
            which,
            at,
            late,
            twist,
        },
    )
}

fn noting() -> impl Strategy<Value = Noting> {
    let cases = (of((0..8_u8, 0..3_u8)), of((0..8_u8, 0..3_u8)));
    let jobs = (of((0..8_u8, 0..1_700_u16)), of(0..8_u8));
    let names = (
        prop::option::weighted(0.2, 0..6_u8),
        of(0..4_u8),
        of((0..4_u8, 0..2_u8, 0..5_u8)),
        of(0..20_u8),
    );
    (cases, jobs, names, 0..1_700_u16).prop_map(
        |((case, ended), (job, lost_job), (name, effect, notice, key), at)| Noting {
            name,
            case,
            ended,
            effect,
            notice,
            job,
            lost_job,
            key,
            at,
        },
    )
}

/// Any step: mostly commands to orders, so that those get somewhere.
pub(super) fn any() -> impl Strategy<Value = Op> {
    let at = 0..1_700_u16;
    let small = 0..6_u8;
    prop_oneof![
        9 => placing().prop_map(Op::Place),
        32 => giving().prop_map(Op::Give),
        2 => (small, 1..5_u8, 0..2_u8, prop::bool::ANY, at).prop_map(
            |(order, no, amount, lost, at)| Op::Adopt { order, no, amount, lost, at }),
        4 => noting().prop_map(Op::Note),
        3 => (0..2_u8, prop::bool::ANY, 0..4_u8, 0..3_u8, of(0..20_u8)).prop_map(
            |(buyer, points, principal, bonus, key)| Op::Recharge {
                buyer, points, principal, bonus, key }),
        4 => transferring().prop_map(Op::Transfer),
        10 => jobs(),
        6 => looks(),
        8 => shop(),
        3 => (0..8_u8, 0..5_u8, prop::bool::weighted(0.2), 0..12_u8).prop_map(
            |(case, how, stale, key)| Op::Act { case, how, stale, key }),
    ]
}

fn jobs() -> BoxedStrategy<Op> {
    let at = 0..3_400_u16;
    let small = 0..6_u8;
    let strategy = prop_oneof![
        6 => (at.clone(), prop::bool::weighted(0.6)).prop_map(|(at, long)| Op::Claim { at, long }),
        4 => (small.clone(), 0..5_u8, at.clone()).prop_map(
            |(lease, how, at)| Op::Finish { lease, how, at }),
        1 => (small, prop::bool::ANY).prop_map(|(lease, long)| Op::Renew { lease, long }),
        3 => (0..10_u8, at.clone()).prop_map(|(job, at)| Op::Hasten { job, at }),
        1 => at.clone().prop_map(|at| Op::Rouse { at }),
        1 => at.prop_map(|at| Op::Sweep { at }),
    ];
    strategy.boxed()
}

fn looks() -> BoxedStrategy<Op> {
    let strategy = prop_oneof![
        (of(0..3_u8), of(0..7_u8), of(0..12_u8), 1..5_u8)
            .prop_map(|(buyer, status, number, limit)| Op::List { buyer, status, number, limit }),
        (of(0..8_u8), of(0..7_u8), of(0..3_u8)).prop_map(|(kind, status, subject)| Op::Cases {
            kind,
            status,
            subject
        }),
        (0..20_u8).prop_map(|key| Op::Replay { key }),
        (0..9_u8).prop_map(|command| Op::Committed { command }),
        (0..3_u8, of(0..4_u8), of(0..3_u8)).prop_map(|(buyer, only, coupon)| Op::Basis {
            buyer,
            only,
            coupon
        }),
        (0..3_u8, 0..1_700_u16).prop_map(|(buyer, at)| Op::Grants { buyer, at }),
        (0..3_u8, 0..4_u8, of(0..5_u8), 1..5_u8).prop_map(|(buyer, account, before, limit)| {
            Op::Entries { buyer, account, before, limit }
        }),
        (0..3_u8, 0..4_u8, 0..9_u8).prop_map(|(buyer, account, name)| Op::Entry {
            buyer,
            account,
            name
        }),
        Just(Op::Trial),
    ];
    strategy.boxed()
}

fn shop() -> BoxedStrategy<Op> {
    let (buyer, sku) = (0..3_u8, 0..4_u8);
    let strategy = prop_oneof![
        2 => (sku.clone(), 0..9_u8, prop::bool::weighted(0.2)).prop_map(
            |(sku, price, stale)| Op::PutSku { sku, price, stale }),
        2 => (sku.clone(), -9..20_i8, 0..6_u8).prop_map(
            |(sku, delta, key)| Op::MoveStock { sku, delta, key }),
        4 => (buyer.clone(), sku, 1..5_u8).prop_map(
            |(buyer, sku, quantity)| Op::AddItem { buyer, sku, quantity }),
        1 => (buyer.clone(), 0..4_u8, 1..5_u8).prop_map(
            |(buyer, item, quantity)| Op::ChangeItem { buyer, item, quantity }),
        1 => (buyer.clone(), 0..4_u8).prop_map(|(buyer, item)| Op::RemoveItem { buyer, item }),
        1 => (buyer.clone(), 1..4_u8).prop_map(|(buyer, max)| Op::AddAddress { buyer, max }),
        1 => (0..3_u8, 0..5_u8, prop::bool::weighted(0.2)).prop_map(
            |(coupon, off, stale)| Op::PutCoupon { coupon, off, stale }),
        1 => (0..3_u8, 1..5_u8, prop::bool::weighted(0.2)).prop_map(
            |(package, price, stale)| Op::PutPackage { package, price, stale }),
        1 => (0..5_u8, prop::bool::weighted(0.2)).prop_map(
            |(base, stale)| Op::PutRules { base, stale }),
        2 => (buyer, 0..3_u8, 1..4_u8, 0..6_u8).prop_map(
            |(buyer, coupon, quantity, key)| Op::Issue { buyer, coupon, quantity, key }),
    ];
    strategy.boxed()
}
