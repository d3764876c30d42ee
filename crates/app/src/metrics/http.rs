//! Answers of the API, counted by the pattern of their route.

use super::Meters;
use http_api::{Answered, NoticeOutcome, Watch};
use std::sync::Arc;

/// Counts answers.
pub(crate) struct CountsAnswers {
    meters: Arc<Meters>,
}

impl CountsAnswers {
    pub(crate) fn new(meters: &Arc<Meters>) -> CountsAnswers {
        for outcome in ["acknowledged", "probe", "orphan"] {
            let labels = [("outcome", outcome), ("reason", "")];
            meters.add("paydesk_notifications_total", &labels, 0);
        }
        CountsAnswers { meters: Arc::clone(meters) }
    }
}

impl Watch for CountsAnswers {
    fn answered(&self, answered: &Answered<'_>) {
        let Answered { route, method, status, took } = *answered;
        let class = match status {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        let place = [("route", route), ("method", method)];
        let labels = [place[0], place[1], ("status", class)];
        self.meters.count("paydesk_http_requests_total", &labels);
        self.meters.took("paydesk_http_request_duration_seconds", &place, took);
    }

    fn noticed(&self, NoticeOutcome { outcome, reason }: NoticeOutcome) {
        let labels = [("outcome", outcome), ("reason", reason)];
        self.meters.count("paydesk_notifications_total", &labels);
    }
}
