//! What production's `http-api` does around the use cases, without HTTP: requests come in over wires
//! that lose, delay and repeat them; what was begun is worked on to its end.

mod office;
mod said;

pub use office::{Moving, Setting};
pub use said::{Outcome, Said, Seen};

use crate::kernel::{Home, Letter, letter};
use crate::matrix::{Fault, Flow, Step};
use crate::plan::{Site, Spot};
use crate::tape::Kind;
use crate::time::{MILLI, SECOND};
use crate::world::World;
use domain::card::{BankType, Card, CardHolder, CardNumber, CardOwner, UserCard};
use domain::changeset::Audit;
use domain::order::{CancelCause, Command, PayerResult, PaymentMethod, RefundAsk};
use said::{acted, applied, checked_out, collected, of_transact, quoted, refunded, spent};
use std::sync::Arc;
use usecases::{
    AbnormalApplication, Action, Checkedout, CheckoutError, CheckoutRequest, Keyed, PayRequest,
    Paydesk, RechargeRequest, Spending, Target,
};

/// How long a client waits for an answer.
const PATIENCE: i64 = 15 * SECOND;

const ON_REQUEST: [Fault; 10] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::LostAnswer,
    Fault::NeverArrives,
    Fault::Late,
    Fault::Twice,
    Fault::Reordered,
    Fault::RateLimited,
    Fault::StoreDown,
    Fault::Second,
];
pub(super) const ON_REPLY: [Fault; 4] =
    [Fault::CrashBefore, Fault::CrashAfter, Fault::LostAnswer, Fault::Late];
/// What a client asks.
#[derive(Clone)]
pub enum Ask {
    /// Check out.
    CheckOut(Box<CheckoutRequest>, Keyed),
    /// Buy a recharge.
    Recharge(RechargeRequest, Keyed),
    /// Spend points.
    Spend(Box<Spending>, Keyed),
    /// Pay for an order that exists.
    Pay(PayRequest, Keyed),
    /// Cancel.
    Cancel(Box<Action>, CancelCause),
    /// Ship, deliver, complete.
    Act(Box<Action>, Command),
    /// Send money back.
    Refund(Box<Action>, RefundAsk),
    /// What the payer's client says.
    Report(Target, PayerResult, Audit),
    /// Look, and have WeChat Pay asked.
    Look(Target),
    /// What it would cost.
    Quote(Box<CheckoutRequest>),
    /// Set what is sold, and for how much.
    Set(Box<Setting>, Audit),
    /// Bring stock in, or take it out.
    Stock(Box<Moving>, Keyed),
}

impl Ask {
    /// The key under which something is asked of an order that exists.
    fn keyed(&self) -> Option<&Keyed> {
        match self {
            Ask::Cancel(action, _) | Ask::Act(action, _) | Ask::Refund(action, _) => {
                Some(&action.keyed)
            }
            Ask::Stock(_, keyed) => Some(keyed),
            Ask::CheckOut(..)
            | Ask::Recharge(..)
            | Ask::Spend(..)
            | Ask::Pay(..)
            | Ask::Report(..)
            | Ask::Look(_)
            | Ask::Quote(_)
            | Ask::Set(..) => None,
        }
    }

    /// Its name.
    fn name(&self) -> &'static str {
        match self {
            Ask::CheckOut(..) => "check out",
            Ask::Recharge(..) => "recharge",
            Ask::Spend(..) => "spend",
            Ask::Pay(..) => "pay",
            Ask::Cancel(..) => "cancel",
            Ask::Act(..) => "act",
            Ask::Refund(..) => "refund",
            Ask::Report(..) => "report",
            Ask::Look(_) => "look",
            Ask::Quote(_) => "quote",
            Ask::Set(..) => "set",
            Ask::Stock(..) => "stock",
        }
    }

    fn flow(&self) -> Flow {
        match self {
            Ask::CheckOut(request, _) if request.method == PaymentMethod::Cod => Flow::Door,
            Ask::CheckOut(..) | Ask::Recharge(..) => Flow::Checkout,
            Ask::Pay(..) => Flow::Pay,
            Ask::Cancel(_, CancelCause::Refused) | Ask::Act(_, Command::CollectCash(_)) => {
                Flow::Door
            }
            Ask::Cancel(..) => Flow::Close,
            Ask::Refund(..) => Flow::Refund,
            Ask::Act(_, command) if is_about_refunds(command) => Flow::Refund,
            Ask::Act(..) | Ask::Report(..) | Ask::Spend(..) | Ask::Set(..) | Ask::Stock(..) => {
                Flow::Act
            }
            Ask::Look(_) | Ask::Quote(_) => Flow::Look,
        }
    }
}

/// Sends a request to some node, and waits for the answer; `None` when there is none.
pub async fn ask(world: &Arc<World>, what: Ask) -> Option<Said> {
    let before = world.kernel.label();
    world.turn_to(what.flow());
    world.beside.asks(before.whose, &what);
    let spot = Spot { site: Site::Request, step: Step::Recv, what: what.name() };
    let fault = world.fault(Kind::Client, spot, &ON_REQUEST);
    if fault == Some(Fault::RateLimited) {
        world.kernel.relabel(before);
        return Some(Said::plain(Outcome::Busy));
    }
    let (answered, answer) = letter();
    let copies = if fault == Some(Fault::Twice) { 2 } else { 1 };
    for _ in 0..copies {
        let request = Request {
            world: Arc::clone(world),
            ask: what.clone(),
            fault,
            answered: answered.clone(),
        };
        world.outside(async move { request.go().await });
    }
    let patience = if fault == Some(Fault::NeverArrives) { SECOND } else { PATIENCE };
    let answer = answer.wait(&world.kernel, patience).await;
    world.kernel.relabel(before);
    answer
}

/// The same request comes to another node than `here` at this instant; nobody waits for the answer.
/// Whether there is another.
pub(crate) fn again(world: &Arc<World>, ask: Ask, here: u32) -> bool {
    let Some((node, (home, desk))) = world.other_door(here) else { return false };
    let handling = Handling { world: Arc::clone(world), node, desk, dies: false, mute: true };
    let (nobody, label) = (letter().0, world.kernel.label());
    world.kernel.spawn(home, label, async move { handling.handle(ask, &nobody).await });
    true
}

/// One request under way.
struct Request {
    world: Arc<World>,
    ask: Ask,
    fault: Option<Fault>,
    answered: Letter<Said>,
}

impl Request {
    async fn go(self) {
        let world = &self.world;
        let mut travel = world.travel();
        match self.fault {
            Some(Fault::NeverArrives) => return,
            Some(Fault::Late) => {
                travel += (i64::from(world.how(Fault::Late, Kind::Travel, 30)) + 1) * SECOND;
            }
            Some(Fault::Reordered) => {
                travel +=
                    (i64::from(world.how(Fault::Reordered, Kind::Travel, 16)) + 1) * 100 * MILLI;
            }
            Some(_) | None => {}
        }
        world.kernel.sleep(travel).await;
        // A load balancer sends it to a node that serves.
        let Some(node) = world.serving_node() else { return };
        if self.fault == Some(Fault::CrashBefore) {
            world.crash(node, "as a request comes in");
            return;
        }
        let Some((home, desk)) = world.door(node) else { return };
        world.meets_the_time(node, Step::Recv);
        let label = world.kernel.label();
        let handling = Handling {
            world: Arc::clone(world),
            node,
            desk,
            dies: self.fault == Some(Fault::CrashAfter),
            mute: self.fault == Some(Fault::LostAnswer),
        };
        let (ask, answered) = (self.ask, self.answered);
        world.kernel.spawn(home, label, async move { handling.handle(ask, &answered).await });
    }
}

/// One request at a node.
struct Handling {
    world: Arc<World>,
    node: u32,
    desk: Arc<Paydesk>,
    /// The node dies soon after it began.
    dies: bool,
    /// The connection is gone already.
    mute: bool,
}

impl Handling {
    async fn handle(self, ask: Ask, answered: &Letter<Said>) {
        let world = &self.world;
        if self.dies {
            let (world, node) = (Arc::clone(world), self.node);
            let wait = i64::from(world.how(Fault::CrashAfter, Kind::Client, 40)) * MILLI / 2;
            self.world.outside(async move {
                world.kernel.sleep(wait).await;
                world.crash(node, "soon after a request came in");
            });
        }
        let keyed = ask.keyed().cloned();
        let said = self.perform(ask).await;
        if let Some(keyed) = keyed {
            world.oracle.led(world, keyed, said.outcome);
        }
        let spot = Spot { site: Site::Reply, step: Step::Reply, what: "answer" };
        let fault = world.fault(Kind::Client, spot, &ON_REPLY);
        if fault == Some(Fault::CrashBefore) {
            world.die(self.node, "before an answer").await;
        }
        world.oracle.answers(world, &said);
        if self.mute || fault == Some(Fault::LostAnswer) {
            return;
        }
        let extra = match fault {
            Some(Fault::Late) => i64::from(world.how(Fault::Late, Kind::Travel, 12)) * SECOND,
            Some(_) | None => 0,
        };
        let (wire, answered, travel) = (Arc::clone(world), answered.clone(), world.travel());
        world.outside(async move {
            wire.kernel.sleep(travel + extra).await;
            answered.send(said);
        });
        if fault == Some(Fault::CrashAfter) {
            world.die(self.node, "after an answer").await;
        }
    }

    fn sold(&self, keyed: &Keyed, result: Result<Checkedout, CheckoutError>) -> Said {
        if let Err(CheckoutError::PriceChanged(now)) = &result {
            self.world.oracle.price_moved(&self.world, &keyed.scope, *now);
        }
        if let Err(CheckoutError::PackageChanged(_)) = &result {
            self.world.oracle.package_moved(&self.world, &keyed.scope);
        }
        if let Ok(
            Checkedout::Placed(offer)
            | Checkedout::Replayed { offer, .. }
            | Checkedout::Reused(offer),
        ) = &result
        {
            self.world.oracle.offered(&self.world, offer);
        }
        checked_out(result)
    }

    /// Each use case in a box of its own: a future is as large as the largest that it may wait for,
    /// and is moved on its way to where it runs.
    async fn perform(&self, ask: Ask) -> Said {
        let desk = &self.desk;
        match ask {
            Ask::CheckOut(request, keyed) => {
                self.world.oracle.is_asked(&keyed.scope);
                self.sold(&keyed, Box::pin(desk.check_out(&request, &keyed)).await)
            }
            Ask::Recharge(request, keyed) => {
                self.world.oracle.is_asked(&keyed.scope);
                match Box::pin(desk.recharge(&request, &keyed)).await {
                    Ok(Some(done)) => self.sold(&keyed, Ok(done)),
                    Ok(None) => Said::plain(Outcome::Refused("not_found")),
                    Err(error) => self.sold(&keyed, Err(error)),
                }
            }
            Ask::Spend(spending, keyed) => {
                spent(Box::pin(desk.spend_points(&spending, &keyed)).await)
            }
            Ask::Pay(request, keyed) => {
                self.sold(&keyed, Box::pin(desk.pay_order(&request, &keyed)).await)
            }
            Ask::Cancel(action, cause) => acted(Box::pin(desk.cancel_order(&action, cause)).await),
            Ask::Act(action, Command::RetryRefund { out_refund_no, amount }) => {
                acted(Box::pin(desk.retry_refund(&action, &out_refund_no, amount)).await)
            }
            Ask::Act(action, Command::ApplyAbnormal { out_refund_no, to, as_approver }) => {
                let application =
                    AbnormalApplication { out_refund_no, card: card_of(to), as_approver };
                applied(Box::pin(desk.apply_abnormal(&action, application)).await)
            }
            Ask::Act(action, Command::CollectCash(receipt)) => {
                collected(Box::pin(desk.collect_cash(&action, receipt)).await)
            }
            Ask::Act(action, command) => acted(Box::pin(desk.act(&action, &command)).await),
            Ask::Refund(action, asked) => {
                refunded(Box::pin(desk.refund_order(&action, asked)).await)
            }
            Ask::Report(target, result, audit) => {
                match Box::pin(desk.note_payer_result(&target, result, audit)).await {
                    Ok(order) => Said::of(Outcome::Done, &order),
                    Err(error) => Said::plain(of_transact(&error)),
                }
            }
            Ask::Look(target) => match Box::pin(desk.find(&target)).await {
                Ok(Some(order)) => {
                    let _a_hint = Box::pin(desk.ask_soon(&order)).await;
                    Said::of(Outcome::Done, &order)
                }
                Ok(None) => Said::plain(Outcome::Refused("not_found")),
                Err(_unavailable) => Said::plain(Outcome::Busy),
            },
            Ask::Quote(request) => {
                let CheckoutRequest { buyer, selection, address_id, coupon_id, rush, .. } =
                    &*request;
                let wishes = (coupon_id.as_ref(), *rush);
                quoted(Box::pin(desk.quote(*buyer, selection, *address_id, wishes)).await)
            }
            Ask::Set(setting, audit) => Box::pin(office::set(desk, &setting, &audit)).await,
            Ask::Stock(moving, keyed) => Box::pin(office::move_stock(desk, *moving, &keyed)).await,
        }
    }
}

/// The number of the one card that there is, and whose it is.
pub(crate) const CARD: (&str, &str) = ("6225888888888888888", "张三丰");

fn card_of(owner: CardOwner) -> Card {
    let (account, name) = (CardNumber::parse(CARD.0), CardHolder::parse(CARD.1));
    match (owner, BankType::parse("ICBC_DEBIT"), account, name) {
        (CardOwner::User, Some(bank_type), Some(account), Some(name)) => {
            Card::OfUser(UserCard { bank_type, account, name })
        }
        (CardOwner::User | CardOwner::Merchant, ..) => Card::OfMerchant,
    }
}

/// What persons say about refunds.
fn is_about_refunds(command: &Command) -> bool {
    matches!(
        command,
        Command::ApproveRefund { .. }
            | Command::DeclineRefund { .. }
            | Command::WithdrawRefund { .. }
            | Command::RetryRefund { .. }
            | Command::SettleRefundOffline { .. }
            | Command::ApplyAbnormal { .. }
    )
}

impl World {
    /// A node that serves, drawn among all.
    pub(super) fn serving_node(&self) -> Option<u32> {
        let up: Vec<u32> =
            (0..).zip(&self.nodes).filter(|(_, at)| at.is_up()).map(|(n, _)| n).collect();
        let bound = u32::try_from(up.len()).ok().filter(|count| *count > 0)?;
        let picked = usize::try_from(self.draw(Kind::Travel, bound)).ok()?;
        up.get(picked).copied()
    }

    /// The first node that serves and is not `here`.
    pub(crate) fn other_door(&self, here: u32) -> Option<(u32, (Home, Arc<Paydesk>))> {
        let others = (0..).zip(&self.nodes).map(|(node, _)| node).filter(|node| *node != here);
        others.into_iter().find_map(|node| Some((node, self.door(node)?)))
    }

    /// The application at a node, and where its tasks live.
    pub(super) fn door(&self, node: u32) -> Option<(Home, Arc<Paydesk>)> {
        let at = self.node(node)?;
        Some((at.home(node), at.desk()?))
    }
}
