//! `GET /api/admin/invariants`: everything that must always be true of what is stored, checked now.
//!
//! May not be asked often: on a large database one answer reads a lot.

use crate::answer;
use crate::call::{Answer, Call};
use crate::problem::ProblemBody;
use crate::wire::invariant::{WireInvariant, WireInvariants};

/// Checks every invariant now, as one snapshot.
#[utoipa::path(get, path = "/api/admin/invariants", tag = "back_office",
    operation_id = "check_invariants",
    responses((status = 200, body = WireInvariants),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn check(call: Call) -> Answer {
    call.query()?.finish()?;
    let reports = call
        .run(async move |paydesk| paydesk.invariants.check(paydesk.settings.pace).await)
        .await??;
    Ok(answer::ok(&WireInvariants { data: reports.iter().map(WireInvariant::of).collect() }))
}
