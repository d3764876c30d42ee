//! Coupons: what the merchant defines, and what buyers have in their hands.

use crate::patience::Failure;
use crate::prepared::prepared;
use crate::rows::{Instant, corrupt, number};
use crate::{PostgresStore, errors, whole};
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use domain::changeset::Audit;
use domain::coupon::{CouponId, CouponTerms, Cut, Grant, GrantState};
use domain::ports::{
    CouponAtHand, CouponBook, CouponInForce, CouponIssue, IssueAnswer, OrderStore as _, PortFuture,
    PutAnswer, StoreError,
};
use domain::{CommandId, Fen, OrderNumber, Timestamp, UserId};
use serde::Deserialize;
use serde_json::{Value, json};

diesel::define_sql_function! {
    /// See `migrations/`.
    fn paydesk_issue_coupons(issue: Jsonb) -> Text;
}

impl CouponBook for PostgresStore {
    fn coupon<'a>(
        &'a self,
        id: &'a CouponId,
    ) -> PortFuture<'a, Result<Option<CouponInForce>, StoreError>> {
        Box::pin(self.find_coupon(id))
    }

    fn put_coupon<'a>(
        &'a self,
        terms: &'a CouponTerms,
        expected: Option<u64>,
        audit: &'a Audit,
        now: Timestamp,
    ) -> PortFuture<'a, Result<PutAnswer<CouponInForce>, StoreError>> {
        Box::pin(self.write_coupon(terms, expected, audit, now))
    }

    fn issue<'a>(
        &'a self,
        issue: &'a CouponIssue,
    ) -> PortFuture<'a, Result<IssueAnswer, StoreError>> {
        Box::pin(self.issue_coupons(issue))
    }

    fn grants(
        &self,
        buyer: UserId,
        now: Timestamp,
        limit: u32,
    ) -> PortFuture<'_, Result<Vec<Grant>, StoreError>> {
        Box::pin(async move {
            let statement = prepared(OF_BUYER)
                .bind::<SqlUuid, _>(buyer.get())
                .bind::<Timestamptz, _>(now.to_offset())
                .bind::<BigInt, _>(i64::from(limit));
            let rows: Vec<Row> = self.rows(statement).await?;
            rows.into_iter().map(|row| row.read::<GrantRow>()?.into_grant()).collect()
        })
    }
}

impl PostgresStore {
    async fn find_coupon(&self, id: &CouponId) -> Result<Option<CouponInForce>, StoreError> {
        let statement = prepared(ONE).bind::<Text, _>(id.as_str());
        let row: Option<Row> = self.rows(statement).await.map(whole::maybe)?;
        row.map(|row| row.read::<CouponRow>()?.into_coupon()).transpose()
    }

    async fn write_coupon(
        &self,
        terms: &CouponTerms,
        expected: Option<u64>,
        audit: &Audit,
        now: Timestamp,
    ) -> Result<PutAnswer<CouponInForce>, StoreError> {
        let (kind, amount, percent, cap) = match terms.cut {
            Cut::Amount(amount) => ("amount", Some(amount.get()), None, None),
            Cut::Percent { percent, cap } => ("percent", None, Some(percent), cap.map(Fen::get)),
        };
        let coupon = json!({
            "id": terms.id.as_str(), "title": terms.title, "kind": kind, "amount_fen": amount,
            "percent": percent, "cap_fen": cap, "threshold_fen": terms.threshold.get(),
            "valid_from": terms.valid_from.to_rfc3339(), "valid_to": terms.valid_to.to_rfc3339(),
            "per_user_limit": terms.per_user_limit, "version": 1, "set_at": now.to_rfc3339(),
        });
        let sql = if expected.is_some() { CHANGE } else { CREATE };
        let expected_version = expected.map(|v| i64::try_from(v).unwrap_or(i64::MAX));
        let statement = sql_query(sql)
            .bind::<Jsonb, _>(coupon)
            .bind::<Text, _>(&audit.actor)
            .bind::<Text, _>(&audit.cause)
            .bind::<Nullable<Text>, _>(audit.request_id.as_deref())
            .bind::<Nullable<BigInt>, _>(expected_version);
        let written: Option<Row> = self.rows(statement).await.map(whole::maybe)?;
        let written = written.map(|row| row.read::<CouponRow>()?.into_coupon()).transpose()?;
        match (written, expected) {
            (Some(put), None) => Ok(PutAnswer::Created(put)),
            (Some(put), Some(_)) => Ok(PutAnswer::Changed(put)),
            (None, None) => Ok(PutAnswer::VersionMoved),
            (None, Some(_)) => Ok(match self.find_coupon(&terms.id).await? {
                Some(_) => PutAnswer::VersionMoved,
                None => PutAnswer::NotFound,
            }),
        }
    }

    async fn issue_coupons(&self, issue: &CouponIssue) -> Result<IssueAnswer, StoreError> {
        let record = &issue.replay;
        let sheet = json!({
            "command_id": CommandId::of_request(&record.scope).as_str(),
            "at": record.recorded_at.to_rfc3339(),
            "coupon_id": issue.coupon_id.as_str(),
            "buyer": issue.buyer.get(),
            "quantity": issue.quantity,
            "actor": issue.audit.actor,
            "cause": issue.audit.cause,
            "request_id": issue.audit.request_id,
            "idempotency": {
                "principal": record.scope.principal,
                "route": record.scope.route,
                "key": record.scope.key,
                "fingerprint": record.fingerprint,
                "recorded_at": record.recorded_at.to_rfc3339(),
            },
        });
        let done: Result<String, Failure> =
            self.rows(diesel::select(paydesk_issue_coupons(sheet))).await.and_then(whole::one);
        match done {
            Ok(word) if word == "committed" => Ok(IssueAnswer::Issued(self.got(issue).await?)),
            Ok(_) => match self.replay(&record.scope).await? {
                Some(record) => Ok(IssueAnswer::Replayed(record, self.got(issue).await?)),
                None => Ok(IssueAnswer::NoSuchCoupon),
            },
            Err(Failure::Said(error)) => match errors::refused(&error).as_deref() {
                Some("no_coupon") => Ok(IssueAnswer::NoSuchCoupon),
                Some("no_buyer") => Ok(IssueAnswer::NoSuchBuyer),
                Some("coupon_limit") => Ok(IssueAnswer::LimitReached),
                Some(_) | None => Err(errors::read(error)),
            },
            Err(failure) => Err(failure.into()),
        }
    }

    async fn got(&self, issue: &CouponIssue) -> Result<u32, StoreError> {
        let statement = prepared(GOT)
            .bind::<SqlUuid, _>(issue.buyer.get())
            .bind::<Text, _>(issue.coupon_id.as_str());
        let row: Row = self.rows(statement).await.and_then(whole::one)?;
        row.read()
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Jsonb)]
    found: Value,
}

impl Row {
    fn read<T: for<'de> Deserialize<'de>>(self) -> Result<T, StoreError> {
        serde_json::from_value(self.found).map_err(|why| corrupt(why.to_string()))
    }
}

/// A coupon as `to_jsonb(coupons)` gives it.
#[derive(Deserialize)]
struct CouponRow {
    id: String,
    title: String,
    kind: String,
    amount_fen: Option<i64>,
    percent: Option<u8>,
    cap_fen: Option<i64>,
    threshold_fen: i64,
    valid_from: Instant,
    valid_to: Instant,
    per_user_limit: u32,
    version: i64,
}

impl CouponRow {
    fn into_coupon(self) -> Result<CouponInForce, StoreError> {
        let cut = match (self.kind.as_str(), self.amount_fen, self.percent) {
            ("amount", Some(amount), None) => Cut::Amount(Fen::new(amount)),
            ("percent", None, Some(percent)) => {
                Cut::Percent { percent, cap: self.cap_fen.map(Fen::new) }
            }
            _ => return Err(corrupt("a coupon takes off something impossible")),
        };
        Ok(CouponInForce {
            terms: CouponTerms {
                id: CouponId::parse(&self.id).ok_or_else(|| corrupt("coupons.id is impossible"))?,
                title: self.title,
                cut,
                threshold: Fen::new(self.threshold_fen),
                valid_from: self.valid_from.0,
                valid_to: self.valid_to.0,
                per_user_limit: self.per_user_limit,
            },
            version: number(self.version, "version")?,
        })
    }
}

#[derive(Deserialize)]
struct GrantRow {
    coupon: CouponRow,
    no: u32,
    status: String,
    order_number: Option<String>,
    issued_at: Instant,
}

impl GrantRow {
    fn into_grant(self) -> Result<Grant, StoreError> {
        let state = match (self.status.as_str(), self.order_number) {
            ("issued", None) => GrantState::Issued,
            ("held", Some(order)) => GrantState::Held(order_number(&order)?),
            ("used", Some(order)) => GrantState::Used(order_number(&order)?),
            _ => return Err(corrupt("a buyer's coupon is in an impossible state")),
        };
        let terms = self.coupon.into_coupon()?.terms;
        Ok(Grant { terms, no: self.no, state, issued_at: self.issued_at.0 })
    }
}

/// A coupon as a checkout reads it.
#[derive(Deserialize)]
pub(crate) struct AtHandRow {
    coupon: CouponRow,
    free: Option<u32>,
    held: Vec<HeldRow>,
}

#[derive(Deserialize)]
struct HeldRow {
    no: u32,
    order_number: String,
}

impl AtHandRow {
    pub(crate) fn into_at_hand(self) -> Result<CouponAtHand, StoreError> {
        let held = self.held.iter().map(|row| Ok((row.no, order_number(&row.order_number)?)));
        Ok(CouponAtHand {
            held: held.collect::<Result<_, StoreError>>()?,
            coupon: self.coupon.into_coupon()?,
            free: self.free,
        })
    }
}

fn order_number(text: &str) -> Result<OrderNumber, StoreError> {
    OrderNumber::parse(text).ok_or_else(|| corrupt("orders.order_number has an impossible shape"))
}

const ONE: &str = "SELECT to_jsonb(k) AS found FROM coupons k WHERE k.id = $1";

const GOT: &str = "SELECT to_jsonb(count(*)) AS found FROM coupon_grants \
    WHERE buyer_id = $1 AND coupon_id = $2";

/// What can still be used first.
const OF_BUYER: &str = "\
    SELECT jsonb_build_object('coupon', to_jsonb(k), 'no', g.grant_no, 'status', g.status, \
        'order_number', o.order_number, 'issued_at', g.issued_at) AS found \
    FROM coupon_grants g JOIN coupons k ON k.id = g.coupon_id \
    LEFT JOIN orders o ON o.id = g.order_id \
    WHERE g.buyer_id = $1 \
    ORDER BY (g.status = 'used' OR (g.status = 'issued' AND k.valid_to <= $2)), \
             k.valid_to, k.id, g.grant_no LIMIT $3";

/// `$5` is not used when creating; both take the same parameters.
const CREATE: &str = "\
    WITH k AS (INSERT INTO coupons \
               SELECT r.* FROM jsonb_populate_record(NULL::coupons, $1) r WHERE $5::bigint IS NULL \
               ON CONFLICT (id) DO NOTHING RETURNING *), \
    noted AS (INSERT INTO audit (subject, actor, cause, request_id, events, at) \
              SELECT 'coupon:' || k.id, $2, $3, $4, jsonb_build_array(to_jsonb(k)), k.set_at FROM k) \
    SELECT to_jsonb(k) AS found FROM k";

const CHANGE: &str = "\
    WITH k AS (UPDATE coupons c SET title = r.title, kind = r.kind, amount_fen = r.amount_fen, \
                      percent = r.percent, cap_fen = r.cap_fen, threshold_fen = r.threshold_fen, \
                      valid_from = r.valid_from, valid_to = r.valid_to, \
                      per_user_limit = r.per_user_limit, version = c.version + 1, \
                      set_at = r.set_at \
               FROM jsonb_populate_record(NULL::coupons, $1) r \
               WHERE c.id = r.id AND c.version = $5 RETURNING c.*), \
    noted AS (INSERT INTO audit (subject, actor, cause, request_id, events, at) \
              SELECT 'coupon:' || k.id, $2, $3, $4, jsonb_build_array(to_jsonb(k)), k.set_at FROM k) \
    SELECT to_jsonb(k) AS found FROM k";
