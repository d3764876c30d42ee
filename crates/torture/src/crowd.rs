//! Everybody outside: buyers of every temper, people in the back office, a forger.
//!
//! They act over HTTP alone. What they are told is remembered (`told.rs`), and what must never be said to
//! them is a difference at once.

pub(crate) mod buyer;
mod clerk;
mod forger;
pub(crate) mod office;
pub(crate) mod phone;
pub(crate) mod shop;
mod stranger;
pub(crate) mod temper;
pub(crate) mod told;

pub(crate) use clerk::stock_up;
pub(crate) use forger::FORGERIES;

use crate::background::spawn;
use crate::chance::Chance;
use crate::clock::{Stopwatch, pause_ms, within};
use crate::plan::Plan;
use crate::secrets::Secrets;
use crate::stage::Stage;
use crate::stage::node::Watch;
use crate::stage::sandbox::Sandbox;
use crate::torture::Times;
use buyer::Buyer;
use office::Keys;
use phone::Phone;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use temper::Temper;
use tokio::task::JoinHandle;
use told::Told;

/// More at once would only wait for each other.
const AT_ONCE_MAX: usize = 150;

/// What everybody outside shares.
#[derive(Clone)]
pub(crate) struct Outside {
    pub(crate) sandbox: Sandbox,
    pub(crate) watch: Watch,
    pub(crate) told: Told,
    pub(crate) secrets: Secrets,
    /// Those of the back office.
    keys: Keys,
    /// Numbers of orders that were paid, for the clerk and the forger.
    paid: Arc<Mutex<Vec<String>>>,
}

impl Outside {
    pub(crate) fn new(stage: &Stage, secrets: Secrets) -> Outside {
        let (told, paid) = (Told::default(), Arc::default());
        let (sandbox, watch) = (stage.sandbox.clone(), stage.watch.clone());
        Outside { sandbox, watch, told, secrets, keys: stage.keys.clone(), paid }
    }

    fn note_paid(&self, out_trade_no: &str) {
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        paid.push(out_trade_no.to_owned());
    }

    /// Every number that was paid, as those say who paid.
    pub(crate) fn told_paid(&self) -> Value {
        let paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        paid.iter().map(|number| json!({"out_trade_no": number})).collect()
    }

    /// Any number that was paid.
    fn a_paid_one(&self, chance: &mut Chance) -> Option<String> {
        let paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        paid.get(chance.below(paid.len())).cloned()
    }
}

/// All who came.
pub(crate) struct Crowd {
    outside: Outside,
    /// Those who are still busy, with what they want just now.
    busy: BTreeMap<u64, (JoinHandle<()>, Phone)>,
}

impl Crowd {
    /// Nobody yet.
    pub(crate) fn of(outside: &Outside) -> Crowd {
        Crowd { outside: outside.clone(), busy: BTreeMap::new() }
    }

    /// One more, who is busy with this.
    pub(crate) fn join(&mut self, number: u64, task: JoinHandle<()>, phone: Phone) {
        self.busy.insert(number, (task, phone));
    }

    /// How many are still busy.
    pub(crate) fn busy(&self) -> usize {
        self.busy.values().filter(|(task, _)| !task.is_finished()).count()
    }

    /// Buyers come until the time is over.
    pub(crate) async fn come(stage: &Stage, plan: &Plan, times: Times, outside: Outside) -> Crowd {
        let begun = Stopwatch::start();
        let mut arrivals = Chance::of(plan.seed, "arrivals");
        let mut crowd = Crowd::of(&outside);
        let clerk = clerk::Clerk::new(stage, &outside, Chance::of(plan.seed, "clerk"));
        let shown = clerk.phone().clone();
        // Nobody has number 0. What the clerk has in hand is brought to its end like a buyer's wish.
        crowd.busy.insert(0, (spawn(clerk.work(times.lasts)), shown));
        let forger = spawn(forger::forge(outside.clone(), Chance::of(plan.seed, "forger")));
        let others = Chance::of(plan.seed, "stranger");
        let stranger = spawn(stranger::sell(outside.clone(), stage.notify.addr, others));
        let mut number = 0_u64;
        while begun.elapsed() < times.lasts {
            pause_ms(arrivals.between(0, times.buyer_every_ms.saturating_mul(2))).await;
            crowd.busy.retain(|_, (task, _)| !task.is_finished());
            if crowd.busy.len() > AT_ONCE_MAX {
                outside.watch.tally.count("buyers turned away: too many at once");
                continue;
            }
            number = number.saturating_add(1);
            crowd.enter(stage, plan, number);
        }
        forger.abort();
        stranger.abort();
        crowd
    }

    fn enter(&mut self, stage: &Stage, plan: &Plan, number: u64) {
        let mut chance = Chance::of(plan.seed, &format!("buyer-{number}"));
        let temper = Temper::draw(&mut chance);
        let phone = Phone::new(stage.door.addr, &self.outside, chance.clone());
        let shown = phone.clone();
        self.outside.watch.tally.count(format!("buyers by temper: {}", temper.name()));
        let task = spawn(async move {
            let mut buyer = Buyer::arrive(phone, number, chance).await;
            temper.buy(&mut buyer).await;
        });
        self.busy.insert(number, (task, shown));
    }

    /// When the trouble is over: everybody gets what they asked for, soon.
    pub(crate) async fn leave(self, limit: Duration) {
        let begun = Stopwatch::start();
        for (number, (mut task, phone)) in self.busy {
            let rest = limit.saturating_sub(begun.elapsed());
            match within(rest, &mut task).await {
                Ok(Ok(())) => {}
                Ok(Err(panic)) => {
                    let what = format!("buyer {number}: {panic}");
                    self.outside.watch.findings.add("the torturer itself is wrong", what);
                }
                Err(_late) => {
                    task.abort();
                    let what = format!("buyer {number} still waits: {}", phone.wish());
                    self.outside.watch.findings.add("never answered", what);
                }
            }
        }
    }
}
