//! `GET /healthz` (alive) and `GET /readyz` (can take money).
//!
//! May not say why something is not well: that is for the log.

use crate::answer;
use crate::call::{Answer, Call};
use crate::problem::{Problem, ProblemBody};
use crate::wire::health::{Check, Health, ReadyBody};
use std::sync::Arc;
use std::time::Duration;

/// A check that takes longer has failed.
const CHECK_WITHIN: Duration = Duration::from_secs(5);

/// Says that the process is alive.
#[utoipa::path(get, path = "/healthz", tag = "operations", operation_id = "healthz",
    responses((status = 200, body = Health)))]
pub(crate) async fn alive(_call: Call) -> Answer {
    Ok(answer::ok(&Health { status: "ok" }))
}

/// Says whether money can be taken.
#[utoipa::path(get, path = "/readyz", tag = "operations", operation_id = "readyz",
    responses((status = 200, body = ReadyBody),
        (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn ready(call: Call) -> Answer {
    let checker = Arc::clone(&call.state.ready);
    let task = call.state.start(async move { checker.check().await });
    let found = match tokio::time::timeout(CHECK_WITHIN, task).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            tracing::error!(error = %error, "a readiness check ended badly");
            return Err(Problem::not_ready(vec![Check { name: "checks", ok: false }]));
        }
        Err(_late) => return Err(Problem::not_ready(vec![Check { name: "checks", ok: false }])),
    };
    let checks: Vec<Check> =
        found.iter().map(|check| Check { name: check.name, ok: check.ok }).collect();
    if checks.iter().all(|check| check.ok) {
        Ok(answer::ok(&ReadyBody { status: "ok", checks }))
    } else {
        Err(Problem::not_ready(checks))
    }
}
