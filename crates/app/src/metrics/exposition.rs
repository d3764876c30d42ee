//! One scrape: what is so now is asked, then everything is written down.
//!
//! May not take longer than a scrape may: a database that does not answer is a metric, too.

use super::Meters;
use domain::ports::{Clock as _, PortFuture};
use http_api::{Exposition, Ready};
use metrics_exporter_prometheus::PrometheusHandle;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store_postgres::{Backlog, PostgresStore};

/// The longest that the database is waited for.
const WITHIN: Duration = Duration::from_secs(2);

/// Answers scrapes.
pub(crate) struct Scrape {
    meters: Arc<Meters>,
    handle: PrometheusHandle,
    store: Arc<PostgresStore>,
    ready: Arc<dyn Ready>,
    /// Kinds of cases that were open at some scrape: theirs falls back to 0, not to silence.
    kinds: Mutex<BTreeSet<String>>,
}

impl Scrape {
    pub(crate) fn new(
        meters: &Arc<Meters>,
        store: Arc<PostgresStore>,
        ready: Arc<dyn Ready>,
    ) -> Scrape {
        let (meters, handle) = (Arc::clone(meters), meters.handle());
        Scrape { meters, handle, store, ready, kinds: Mutex::default() }
    }

    async fn look(&self) {
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        self.meters.set("paydesk_build_info", &version, 1.0);
        for check in self.ready.check().await {
            self.meters.set("paydesk_ready", &[("check", check.name)], flag(check.ok));
        }
        let used = self.store.pool_use();
        for (state, connections) in [("in_use", used.in_use), ("idle", used.idle)] {
            let labels = [("state", state)];
            self.meters.set("paydesk_database_connections", &labels, number(connections));
        }
        self.meters.set("paydesk_database_connections_max", &[], number(used.max));
        self.meters.set("paydesk_database_waiting", &[], number(used.waiting));
        let now = self.store.clock().now();
        let asked = tokio::time::timeout(WITHIN, self.store.backlog(now)).await;
        let backlog = asked.ok().and_then(Result::ok);
        self.meters.set("paydesk_database_up", &[], flag(backlog.is_some()));
        self.show(backlog);
    }

    /// Without an answer the last one is not repeated: nobody knows.
    fn show(&self, backlog: Option<Backlog>) {
        let known = backlog.is_some();
        let backlog = backlog.unwrap_or_default();
        let shown = |value: f64| if known { value } else { f64::NAN };
        let (overdue, parked) = (number(backlog.jobs_overdue), number(backlog.jobs_parked));
        self.meters.set("paydesk_jobs_overdue", &[], shown(overdue));
        self.meters.set("paydesk_jobs_lag_seconds", &[], shown(backlog.oldest_overdue_s));
        self.meters.set("paydesk_jobs_parked", &[], shown(parked));
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in kinds.iter() {
            self.meters.set("paydesk_cases_open", &[("kind", kind)], shown(0.0));
        }
        for (kind, open) in backlog.open_cases {
            self.meters.set("paydesk_cases_open", &[("kind", &kind)], number(open));
            kinds.insert(kind);
        }
    }
}

fn flag(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}

/// As Prometheus counts; beyond four thousand million nobody needs to know how many.
fn number<N>(n: N) -> f64
where
    u32: TryFrom<N>,
{
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

impl Exposition for Scrape {
    fn text(&self) -> PortFuture<'_, String> {
        Box::pin(async move {
            self.look().await;
            self.handle.render()
        })
    }
}
