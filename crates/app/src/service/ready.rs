//! What must be well before money can be taken.
//!
//! May not say to the outside why something is not: that goes to the log, once per change. Asks
//! nobody but the database, and answers many at once with one look.

use super::heartbeat::Pulse;
use crate::metrics::MeteredJobs;
use domain::ports::{PortFuture, StoreError};
use http_api::{Readiness, Ready};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store_postgres::{Fitness, PostgresStore};
use tokio::time::Instant;
use wechatpay::WechatPay;

/// A database that takes longer to answer cannot take money either.
const WITHIN: Duration = Duration::from_secs(2);
/// One look answers everybody who asks within this time: the probe is open to anybody.
const KEPT: Duration = Duration::from_millis(500);
/// Business time that was not measured for longer may have drifted.
const CLOCK_WITHIN: Duration = Duration::from_secs(60);
/// How much longer than a lease a scheduler with all its hands full may be silent.
const SCHEDULER_GRACE: Duration = Duration::from_secs(30);

/// A check: its name, and why it does not pass.
type Check = (&'static str, Result<(), String>);

/// The service's own checks.
pub(super) struct ServiceReady {
    store: Arc<PostgresStore>,
    wechat_pay: Arc<WechatPay>,
    pulse: Pulse,
    /// `None` where this process has no scheduler.
    scheduler: Option<(Arc<MeteredJobs>, Duration)>,
    stopping: AtomicBool,
    looked: tokio::sync::Mutex<Option<(Instant, Vec<Readiness>)>>,
    said: Mutex<Said>,
}

/// How each check was when it was last looked at.
#[derive(Default)]
struct Said(BTreeMap<&'static str, bool>);

impl Said {
    /// Whether that is news. What passes from the start is not worth a line.
    fn is_news(&mut self, name: &'static str, ok: bool) -> bool {
        self.0.insert(name, ok).unwrap_or(true) != ok
    }
}

impl ServiceReady {
    pub(super) fn new(
        store: Arc<PostgresStore>,
        wechat_pay: Arc<WechatPay>,
        pulse: Pulse,
        scheduler: Option<(Arc<MeteredJobs>, Duration)>,
    ) -> ServiceReady {
        ServiceReady {
            store,
            wechat_pay,
            pulse,
            scheduler,
            stopping: AtomicBool::new(false),
            looked: tokio::sync::Mutex::new(None),
            said: Mutex::default(),
        }
    }

    /// From now on it is not ready.
    pub(super) fn stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    async fn look(&self) -> Vec<Readiness> {
        let fitness = tokio::time::timeout(WITHIN, self.store.fitness()).await;
        let [database, schema] = of_database(fitness.ok());
        let keys = self.wechat_pay.can_verify();
        let mut checks = vec![
            database,
            schema,
            ("wechat_pay_keys", keys.then_some(()).ok_or_else(|| NO_KEYS.to_owned())),
            ("clock", recent("the database's clock", self.pulse.last(), CLOCK_WITHIN)),
        ];
        if let Some((jobs, lease)) = &self.scheduler {
            let within = lease.saturating_add(SCHEDULER_GRACE);
            checks.push(("scheduler", recent("work", jobs.last_look(), within)));
        }
        checks.into_iter().map(|check| self.note(check)).collect()
    }

    /// Says why when a check begins to fail, and when it passes again.
    fn note(&self, (name, found): Check) -> Readiness {
        let ok = found.is_ok();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_news(name, ok) {
            match found {
                Ok(()) => tracing::info!(check = name, ok, "readiness.changed"),
                Err(why) => tracing::warn!(check = name, ok, why, "readiness.changed"),
            }
        }
        Readiness { name, ok }
    }
}

const NO_KEYS: &str = "no key of WeChat Pay is at hand that is valid now: nothing it says could be \
                       verified";

/// `None` when the time was up.
fn of_database(fitness: Option<Result<Fitness, StoreError>>) -> [Check; 2] {
    let (database, schema) = match fitness {
        Some(Ok(Fitness { writable, migrated })) => (
            writable.then_some(()).ok_or("it cannot be written to: a standby, or read only"),
            migrated.then_some(()).ok_or("a migration of this program is not applied"),
        ),
        Some(Err(why)) => {
            return [("database", Err(why.to_string())), ("schema", Err(UNSEEN.to_owned()))];
        }
        None => (Err("it did not answer in time"), Err(UNSEEN)),
    };
    [("database", database.map_err(str::to_owned)), ("schema", schema.map_err(str::to_owned))]
}

const UNSEEN: &str = "the database does not answer";

fn recent(what: &str, last: Option<Instant>, within: Duration) -> Result<(), String> {
    match last.map(|last| last.elapsed()) {
        Some(ago) if ago <= within => Ok(()),
        Some(ago) => Err(format!("{what} was last looked at {} s ago", ago.as_secs())),
        None => Err(format!("{what} was not looked at yet")),
    }
}

impl Ready for ServiceReady {
    fn check(&self) -> PortFuture<'_, Vec<Readiness>> {
        Box::pin(async move {
            let mut looked = self.looked.lock().await;
            let kept = looked.as_ref().filter(|(at, _)| at.elapsed() < KEPT);
            let mut found = match kept {
                Some((_, found)) => found.clone(),
                None => {
                    let found = self.look().await;
                    *looked = Some((Instant::now(), found.clone()));
                    found
                }
            };
            drop(looked);
            let accepting = !self.stopping.load(Ordering::Relaxed);
            found.push(Readiness { name: "accepting", ok: accepting });
            found
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(checks: &[Check]) -> Vec<&'static str> {
        checks.iter().filter(|(_, found)| found.is_err()).map(|(name, _)| *name).collect()
    }

    #[test]
    fn a_database_that_answers_may_still_be_no_place_for_money() {
        let fit = |writable, migrated| of_database(Some(Ok(Fitness { writable, migrated })));
        assert!(failing(&fit(true, true)).is_empty());
        assert_eq!(failing(&fit(false, true)), ["database"]);
        assert_eq!(failing(&fit(true, false)), ["schema"]);
        let down = StoreError::Unavailable("refused".to_owned());
        assert_eq!(failing(&of_database(Some(Err(down)))), ["database", "schema"]);
        assert_eq!(failing(&of_database(None)), ["database", "schema"]);
    }

    #[test]
    fn a_check_is_news_when_it_changes_and_not_while_it_stays() {
        let mut said = Said::default();
        let news: Vec<bool> = [true, true, false, false, true, false]
            .into_iter()
            .map(|ok| said.is_news("database", ok))
            .collect();
        assert_eq!(news, [false, false, true, false, true, true]);
        assert!(said.is_news("clock", false), "what fails from the start is news");
    }

    #[test]
    fn what_was_looked_at_too_long_ago_is_not_known() {
        assert!(recent("x", None, CLOCK_WITHIN).is_err());
        let seen = |ago: Duration| Instant::now().checked_sub(ago);
        assert_eq!(recent("x", seen(CLOCK_WITHIN / 2), CLOCK_WITHIN), Ok(()));
        let why = recent("the clock", seen(CLOCK_WITHIN + KEPT), CLOCK_WITHIN).unwrap_err();
        assert_eq!(why, "the clock was last looked at 60 s ago");
    }
}
