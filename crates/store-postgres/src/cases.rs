//! Cases, for people to look at. Reads only: commits and parked jobs open them.

use crate::{PostgresStore, rows};
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use domain::case::{Case, CaseKind, CaseStatus};
use domain::ports::{CaseBook, CaseList, CaseListing, PortFuture, StoreError};
use domain::{CaseId, OrderNumber, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

/// Planned for what is asked, like the page of orders (`load.rs`): conditions on what is `NULL`
/// are gone from the plan.
const PAGE: &str = "\
    SELECT c.id, c.kind, c.subject, c.status, c.detail, o.order_number, c.opened_at \
    FROM cases c LEFT JOIN orders o ON o.id = c.order_id \
    WHERE ($1::text IS NULL OR c.kind = $1) AND ($2::text IS NULL OR c.status = $2) \
      AND ($3::text IS NULL OR c.subject = $3) \
      AND ($4::timestamptz IS NULL OR c.opened_at >= $4) \
      AND ($5::timestamptz IS NULL OR c.opened_at < $5) \
      AND ($6::timestamptz IS NULL OR (c.opened_at, c.id) < ($6, $7)) \
    ORDER BY c.opened_at DESC, c.id DESC LIMIT $8";

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
    order_number: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    opened_at: OffsetDateTime,
}

impl CaseBook for PostgresStore {
    fn cases<'a>(&'a self, query: &'a CaseList) -> PortFuture<'a, Result<CaseListing, StoreError>> {
        Box::pin(self.list_cases(query))
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
            order: number.transpose()?,
            opened_at: Timestamp::from_offset(self.opened_at),
        })
    }
}
