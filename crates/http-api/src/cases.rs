//! `GET /api/admin/cases`: everything that needs eyes (工单).
//!
//! May not open one: cases are opened by the commits that need them. What people do with them is in
//! `cases/acting.rs`.

pub(crate) mod acting;

use crate::admin_orders::NUMBER_MAX;
use crate::answer;
use crate::call::{Answer, Call};
use crate::problem::ProblemBody;
use crate::query::{case_cursor, read_case_cursor};
use crate::wire::case::{WireCase, WireCaseKind, WireCaseStatus};
use crate::wire::list::Page;
use domain::case::{CaseKind, CaseStatus};
use domain::ports::CaseList;

/// Lists cases, newest first.
#[utoipa::path(get, path = "/api/admin/cases", tag = "back_office", operation_id = "list_cases",
    params(("status" = Option<WireCaseStatus>, Query),
        ("kind" = Option<WireCaseKind>, Query),
        ("subject" = Option<String>, Query, min_length = 1, max_length = 64,
            description = "exactly the number that it is about"),
        ("created_from" = Option<String>, Query, format = DateTime,
            description = "opened at or after"),
        ("created_to" = Option<String>, Query, format = DateTime, description = "opened before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, pattern = "^[0-9A-Za-z_-]{32}$",
            description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<WireCase>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(call: Call) -> Answer {
    let mut query = call.query()?;
    let list = CaseList {
        kind: query.parsed("kind", CaseKind::parse, "the kind of a case"),
        status: query.parsed("status", CaseStatus::parse, "the status of a case"),
        subject: query.text("subject", NUMBER_MAX),
        opened_from: query.time("created_from"),
        opened_to: query.time("created_to"),
        after: query.cursor(read_case_cursor),
        limit: query.limit(),
    };
    query.finish()?;
    let page = call.run(async move |paydesk| paydesk.cases.cases(&list).await).await??;
    let last = page.cases.last().filter(|_| page.more);
    let next_cursor = last.map(|case| case_cursor(case.opened_at, case.id));
    Ok(answer::ok(&Page { data: page.cases.iter().map(WireCase::of).collect(), next_cursor }))
}
