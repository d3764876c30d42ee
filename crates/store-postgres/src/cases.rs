//! Cases, for people to look at and to decide about. Commits and parked jobs open them.

use crate::patience::Failure;
use crate::prepared::prepared;
use crate::{PostgresStore, errors, rows, whole};
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use domain::case::{Case, CaseKind, CaseStatus};
use domain::job::JobId;
use domain::ports::{
    CaseAnswer, CaseBook, CaseChange, CaseList, CaseListing, CommitAnswer, PortFuture, StoreError,
};
use domain::{CaseId, CommandId, OrderNumber, Timestamp};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

/// Planned for what is asked, like the page of orders (`load.rs`): conditions on what is `NULL`
/// are gone from the plan.
const PAGE: &str = "\
    SELECT c.id, c.kind, c.subject, c.status, c.detail, c.assignee, c.note, o.order_number, \
           c.opened_at \
    FROM cases c LEFT JOIN orders o ON o.id = c.order_id \
    WHERE ($1::text IS NULL OR c.kind = $1) AND ($2::text IS NULL OR c.status = $2) \
      AND ($3::text IS NULL OR c.subject = $3) \
      AND ($4::timestamptz IS NULL OR c.opened_at >= $4) \
      AND ($5::timestamptz IS NULL OR c.opened_at < $5) \
      AND ($6::timestamptz IS NULL OR (c.opened_at, c.id) < ($6, $7)) \
    ORDER BY c.opened_at DESC, c.id DESC LIMIT $8";

const ONE: &str = "\
    SELECT c.id, c.kind, c.subject, c.status, c.detail, c.assignee, c.note, o.order_number, \
           c.opened_at \
    FROM cases c LEFT JOIN orders o ON o.id = c.order_id WHERE c.id = $1";

diesel::define_sql_function! {
    /// See `migrations/`.
    fn paydesk_change_case(change: Jsonb) -> Text;
}

#[derive(QueryableByName)]
struct CaseRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Text)]
    detail: String,
    #[diesel(sql_type = Nullable<Text>)]
    assignee: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    note: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    order_number: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    opened_at: OffsetDateTime,
}

impl CaseBook for PostgresStore {
    fn cases<'a>(&'a self, query: &'a CaseList) -> PortFuture<'a, Result<CaseListing, StoreError>> {
        Box::pin(self.list_cases(query))
    }

    fn case(&self, id: CaseId) -> PortFuture<'_, Result<Option<Case>, StoreError>> {
        Box::pin(async move {
            let statement = prepared(ONE).bind::<SqlUuid, _>(id.get());
            let row: Option<CaseRow> = self.rows(statement).await.map(whole::maybe)?;
            row.map(CaseRow::into_case).transpose()
        })
    }

    fn change_case<'a>(
        &'a self,
        change: &'a CaseChange,
    ) -> PortFuture<'a, Result<CaseAnswer, StoreError>> {
        Box::pin(self.write_case(change))
    }
}

impl PostgresStore {
    async fn list_cases(&self, query: &CaseList) -> Result<CaseListing, StoreError> {
        let (after_at, after_id) = match query.after {
            Some((at, id)) => (Some(at.to_offset()), Some(id.get())),
            None => (None, None),
        };
        let statement = sql_query(PAGE)
            .bind::<Nullable<Text>, _>(query.kind.map(CaseKind::name))
            .bind::<Nullable<Text>, _>(query.status.map(CaseStatus::name))
            .bind::<Nullable<Text>, _>(query.subject.as_deref())
            .bind::<Nullable<Timestamptz>, _>(query.opened_from.map(Timestamp::to_offset))
            .bind::<Nullable<Timestamptz>, _>(query.opened_to.map(Timestamp::to_offset))
            .bind::<Nullable<Timestamptz>, _>(after_at)
            .bind::<Nullable<SqlUuid>, _>(after_id)
            .bind::<BigInt, _>(i64::from(query.limit).saturating_add(1));
        let rows: Vec<CaseRow> = self.rows(statement).await?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        let shown = rows.into_iter().take(limit);
        Ok(CaseListing { cases: shown.map(CaseRow::into_case).collect::<Result<_, _>>()?, more })
    }
}

impl PostgresStore {
    async fn write_case(&self, change: &CaseChange) -> Result<CaseAnswer, StoreError> {
        let record = &change.replay;
        let at = record.recorded_at.to_rfc3339();
        let job = change.moved.job.as_ref();
        let due =
            |job: &JobId| json!({"kind": job.kind.name(), "subject": job.subject, "due_at": at});
        let sheet = json!({
            "command_id": CommandId::of_request(&record.scope).as_str(),
            "at": at,
            "id": change.id.get(),
            "expected": change.expected.name(),
            "to": change.moved.to.name(),
            "assignee": change.moved.assignee,
            "note": change.moved.note,
            "jobs_ensure": job.map(due).into_iter().collect::<Vec<_>>(),
            "actor": change.audit.actor,
            "cause": change.audit.cause,
            "request_id": change.audit.request_id,
            "idempotency": {
                "principal": record.scope.principal,
                "route": record.scope.route,
                "key": record.scope.key,
                "fingerprint": record.fingerprint,
                "recorded_at": at,
            },
        });
        let done: Result<String, Failure> =
            self.rows(diesel::select(paydesk_change_case(sheet))).await.and_then(whole::one);
        match done {
            Ok(word) if word == "committed" => Ok(CaseAnswer::Changed),
            Ok(_) => Ok(CaseAnswer::Replayed),
            Err(Failure::Said(error)) if errors::commit(&error) == CommitAnswer::Conflict => {
                Ok(CaseAnswer::Moved)
            }
            Err(failure) => Err(failure.into()),
        }
    }
}

impl CaseRow {
    fn into_case(self) -> Result<Case, StoreError> {
        let unknown = |word: &str| rows::corrupt(format!("no state of a case is called {word:?}"));
        let number = self.order_number.map(|text| {
            OrderNumber::parse(&text)
                .ok_or_else(|| rows::corrupt("orders.order_number has an impossible shape"))
        });
        Ok(Case {
            id: CaseId::new(self.id),
            kind: CaseKind::parse(&self.kind).ok_or_else(|| unknown(&self.kind))?,
            subject: self.subject,
            status: CaseStatus::parse(&self.status).ok_or_else(|| unknown(&self.status))?,
            detail: self.detail,
            assignee: self.assignee,
            note: self.note,
            order: number.transpose()?,
            opened_at: Timestamp::from_offset(self.opened_at),
        })
    }
}
