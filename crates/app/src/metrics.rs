//! Metrics: numbers about what the service does, for Prometheus.
//!
//! Decorators around the ports; the rules inside know nothing of them. May not put anything
//! personal or unbounded into a label. Each name and its meaning: `docs/observability.md`.

mod exposition;
mod gateway;
mod http;
mod jobs;
mod orders;
mod paid;
#[cfg(test)]
mod tests;

pub(crate) use exposition::Scrape;
pub(crate) use http::CountsAnswers;
pub(crate) use orders::MeteredOrders;

use anyhow::{Context as _, Result};
use metrics::{Key, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Where the buckets of every duration end, in seconds: from a commit to a call that times out.
const BUCKETS_S: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// A name and its value.
pub(crate) type Labels<'a> = &'a [(&'static str, &'a str)];

/// Every metric of one service. Two services in one process count apart.
pub(crate) struct Meters {
    recorder: PrometheusRecorder,
}

impl Meters {
    /// No metric yet, but those whose first event must be seen as a rise from nothing.
    pub(crate) fn new() -> Result<Meters> {
        let builder = PrometheusBuilder::new();
        let builder = builder.set_buckets(&BUCKETS_S).context("no buckets for durations")?;
        let meters = Meters { recorder: builder.build_recorder() };
        for (name, help) in COUNTERS {
            meters.recorder.describe_counter((*name).into(), None, (*help).into());
        }
        for (name, help) in DURATIONS {
            meters.recorder.describe_histogram((*name).into(), None, (*help).into());
        }
        for (name, help) in GAUGES {
            meters.recorder.describe_gauge((*name).into(), None, (*help).into());
        }
        Ok(meters)
    }

    /// Adds `by`.
    pub(crate) fn add(&self, name: &'static str, labels: Labels<'_>, by: u64) {
        self.recorder.register_counter(&key(name, labels), &ABOUT).increment(by);
    }

    /// Adds one.
    pub(crate) fn count(&self, name: &'static str, labels: Labels<'_>) {
        self.add(name, labels, 1);
    }

    /// Notes how long something took.
    pub(crate) fn took(&self, name: &'static str, labels: Labels<'_>, took: Duration) {
        let histogram = self.recorder.register_histogram(&key(name, labels), &ABOUT);
        histogram.record(took.as_secs_f64());
    }

    /// Sets what is so now.
    pub(crate) fn set(&self, name: &'static str, labels: Labels<'_>, value: f64) {
        self.recorder.register_gauge(&key(name, labels), &ABOUT).set(value);
    }

    /// Everything, as text. Also to be called now and then when nobody asks: until then each
    /// duration is kept by itself.
    pub(crate) fn handle(&self) -> PrometheusHandle {
        self.recorder.handle()
    }
}

fn key(name: &'static str, labels: Labels<'_>) -> Key {
    let labels: Vec<Label> =
        labels.iter().map(|(name, value)| Label::new(*name, (*value).to_owned())).collect();
    Key::from_parts(name, labels)
}

const ABOUT: Metadata<'static> = Metadata::new("app", Level::INFO, None);

/// A port, counted.
pub(crate) struct Metered<P: ?Sized> {
    inner: Arc<P>,
    meters: Arc<Meters>,
}

impl<P: ?Sized> Metered<P> {
    pub(crate) fn new(inner: Arc<P>, meters: &Arc<Meters>) -> Metered<P> {
        Metered { inner, meters: Arc::clone(meters) }
    }
}

/// When the scheduler last looked for work; nothing before its first look.
pub(crate) type LastLook = watch::Sender<Option<Instant>>;

/// A job queue, counted, that tells when it was last asked for work.
pub(crate) struct MeteredJobs {
    inner: Arc<dyn domain::ports::JobQueue>,
    meters: Arc<Meters>,
    last_look: LastLook,
}

/// `(name, help)` of what only rises.
const COUNTERS: &[(&str, &str)] = &[
    ("paydesk_http_requests_total", "Answers, by route, method and class of status."),
    ("paydesk_notifications_total", "Notifications of WeChat Pay, by what they were answered."),
    ("paydesk_wechat_calls_total", "Calls to WeChat, by kind and outcome."),
    ("paydesk_keys_renewed_total", "Other keys in the configuration, by what came of them."),
    ("paydesk_commits_total", "Commits, by the store's answer."),
    ("paydesk_order_events_total", "Events of orders, once each is durable."),
    ("paydesk_cases_raised_total", "Commits that ask for a case; one that is open stays one."),
    ("paydesk_jobs_claimed_total", "Jobs that were begun."),
    ("paydesk_jobs_finished_total", "Jobs that ended, by result."),
    ("paydesk_sweep_found_total", "Work that no job had promised: each one is a bug."),
];

/// `(name, help)` of durations in seconds.
const DURATIONS: &[(&str, &str)] = &[
    ("paydesk_http_request_duration_seconds", "From a request's head to its answer's."),
    ("paydesk_wechat_call_duration_seconds", "Calls to WeChat, with all their retries."),
    ("paydesk_commit_duration_seconds", "Commits, with the wait for a connection."),
];

/// `(name, help)` of what is so at the moment of the scrape.
const GAUGES: &[(&str, &str)] = &[
    ("paydesk_build_info", "1, with the version of the program."),
    ("paydesk_ready", "1 when this check of readiness passes."),
    ("paydesk_database_up", "1 when the database answered this scrape."),
    ("paydesk_database_connections", "Connections of this process, by state."),
    ("paydesk_database_connections_max", "The most connections this process may have."),
    ("paydesk_database_waiting", "Callers who wait for a connection."),
    ("paydesk_jobs_overdue", "Jobs that are due and in nobody's hand."),
    ("paydesk_jobs_lag_seconds", "How long the oldest of them has been due."),
    ("paydesk_jobs_parked", "Jobs that were set aside for a person."),
    ("paydesk_cases_open", "Cases that are open, by kind."),
];
