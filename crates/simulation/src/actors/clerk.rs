//! Who fetches the bills of the day before, until there is a use case that does: asks a node, waits, and asks
//! again as the port `BillSource` says. The client on the node is production's own.

use crate::kernel::{Home, Label, Letter, letter};
use crate::matrix::Flow;
use crate::oracle::{Fetched, is_had};
use crate::tape::Kind;
use crate::time::SECOND;
use crate::world::World;
use domain::bill::{BillDay, FundAccount, TradeBillKind};
use domain::ports::{BillAnswer, BillError, BillSource, GatewayError};
use std::sync::Arc;
use wechatpay::WechatPay;

/// Who was not answered for so long asks another node: two calls of which nothing is heard.
const PATIENCE: i64 = 12 * SECOND;
/// A bill that is not made yet is asked for again so much later, as the port says.
const NOT_YET: i64 = 1_800 * SECOND;
/// What somebody has to repair is tried again so much later.
const REPAIRED: i64 = 60 * SECOND;
/// Any other question is asked again so much later.
const AGAIN: i64 = 2 * SECOND;
/// From so much after the end of a day on, that there was nothing on it can be believed, in seconds.
const BELIEVED_S: i64 = 36_000;

/// Which bill of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// 交易账单.
    Trades(TradeBillKind),
    /// 资金账单.
    Funds(FundAccount),
}

impl Wanted {
    /// Which one, in words.
    pub(crate) fn words(self) -> String {
        match self {
            Wanted::Trades(kind) => format!("trade bill ({kind:?})"),
            Wanted::Funds(account) => format!("fund flow bill ({account:?})"),
        }
    }
}

/// Fetches each of them, one after the other, for as long as it takes.
pub(crate) async fn fetch_all(world: &Arc<World>, day: BillDay, wanted: &[Wanted]) {
    let mut node = world.draw(Kind::Actor, world.setup.nodes);
    for one in wanted {
        loop {
            world.morning.asks(day, *one);
            let answer = match begin(world, node, day, *one) {
                Some(answer) => answer.wait(&world.kernel, PATIENCE).await,
                None => None,
            };
            match answer {
                Some(Next::Had) => break,
                Some(Next::Later(micros)) => world.kernel.sleep(micros).await,
                // It died, or stands still.
                None => {
                    node = node.saturating_add(1).checked_rem(world.setup.nodes).unwrap_or(0);
                    world.kernel.sleep(AGAIN).await;
                }
            }
        }
        world.morning.has(*one);
    }
}

/// What the clerk does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// There is nothing more to ask.
    Had,
    /// Asks again so many microseconds later.
    Later(i64),
}

/// A node that serves begins to fetch it.
fn begin(world: &Arc<World>, node: u32, day: BillDay, wanted: Wanted) -> Option<Letter<Next>> {
    let at = world.node(node)?;
    let client = at.client()?;
    let label = Label { whose: world.kernel.label().whose, errand: Flow::Bill.number() };
    let (done, answer) = letter();
    let asking = Arc::clone(world);
    world.kernel.spawn(at.home(node), label, async move {
        done.send(ask(&asking, (node, &client), day, wanted).await);
    });
    Some(answer)
}

impl World {
    /// Another node fetches the same bill at this instant; whether there is another, and any is fetched.
    pub(crate) fn same_bill_elsewhere(self: &Arc<World>) -> bool {
        let Home::Node { node, .. } = self.kernel.home() else { return false };
        let Some((other, _)) = self.other_door(node) else { return false };
        let asked = self.morning.asked(self.plan().is_some());
        asked.is_some_and(|(day, wanted)| begin(self, other, day, wanted).is_some())
    }
}

async fn ask(
    world: &Arc<World>,
    (node, client): (u32, &Arc<WechatPay>),
    day: BillDay,
    wanted: Wanted,
) -> Next {
    match wanted {
        Wanted::Trades(kind) => {
            let answer = client.trade_bill(day, kind).await;
            next(world, (node, day, wanted), answer, Fetched::Trades)
        }
        Wanted::Funds(account) => {
            let answer = client.fund_flow_bill(day, account).await;
            next(world, (node, day, wanted), answer, Fetched::Funds)
        }
    }
}

fn next<B>(
    world: &World,
    (node, day, wanted): (u32, BillDay, Wanted),
    answer: Result<BillAnswer<B>, BillError>,
    fetched: impl FnOnce(B) -> Fetched,
) -> Next {
    let (fetched, next) = match answer {
        Ok(BillAnswer::Published(bill)) => (fetched(bill), Next::Had),
        Ok(BillAnswer::NoneThatDay) if is_believed(world, node, day, wanted) => {
            (Fetched::None, Next::Had)
        }
        Ok(BillAnswer::NoneThatDay | BillAnswer::NotYet) => (Fetched::NotYet, Next::Later(NOT_YET)),
        Err(why) => {
            let later = later(&why);
            (Fetched::Failed(why), Next::Later(later))
        }
    };
    is_had(world, node, (day, wanted), &fetched);
    next
}

/// As the error says.
fn later(why: &BillError) -> i64 {
    match why {
        BillError::Gateway(GatewayError::Misconfigured(_) | GatewayError::Refused(_))
        | BillError::ForeignLink
        | BillError::TooLarge { .. }
        | BillError::Malformed(_) => REPAIRED,
        BillError::Gateway(
            GatewayError::AlreadyPaid(_)
            | GatewayError::NumberSpent(_)
            | GatewayError::Retryable(_)
            | GatewayError::OutcomeUnknown(_)
            | GatewayError::Untrusted(_),
        )
        | BillError::Damaged(_) => AGAIN,
    }
}

/// That there was nothing is not signed: it is believed from ten o'clock on, by who saw nothing either.
fn is_believed(world: &World, node: u32, day: BillDay, wanted: Wanted) -> bool {
    let Some(desk) = world.node(node).and_then(crate::node::Node::desk) else { return false };
    let is_late = desk.clock.now() >= day.ends_at().plus_seconds(BELIEVED_S);
    let saw = match wanted {
        Wanted::Trades(TradeBillKind::Refund) => world.oracle.look(|seen| seen.saw_a_refund(day)),
        Wanted::Trades(TradeBillKind::All | TradeBillKind::Success)
        | Wanted::Funds(FundAccount::Basic) => world.oracle.look(|seen| seen.saw_a_payment(day)),
        // Nobody here knows which account pays the fees.
        Wanted::Funds(FundAccount::Fees | FundAccount::Operation) => false,
    };
    is_late && !saw
}
