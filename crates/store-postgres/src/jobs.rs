//! Promised work: claimed in short statements of their own, finished under their lease.

mod rouse;

use crate::prepared::prepared;
use crate::{PostgresStore, whole};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz};
use domain::Timestamp;
use domain::changeset::Fence;
use domain::job::{JobId, JobKind};
use domain::ports::{Finish, JobQueue, LeasedJob, PortFuture, StoreError};
use time::OffsetDateTime;

/// What is due and nobody's: what a client waits for, then the oldest, each by its partial index. The
/// rest is not looked at when there is enough of the first, and the last limit tells the planner how
/// few there will be. Rows that another claimer has in hand are skipped, and kinds that only a newer
/// version knows are left to it.
const CLAIM: &str = "\
    WITH wanted AS MATERIALIZED ( \
        SELECT kind, subject FROM jobs \
        WHERE wanted_at < 'infinity' AND parked_at IS NULL AND due_at <= $1 AND kind = ANY($2) \
          AND (lease_until IS NULL OR lease_until <= clock_timestamp()) \
        ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED), \
    others AS MATERIALIZED ( \
        SELECT kind, subject FROM jobs \
        WHERE (wanted_at IS NULL OR wanted_at = 'infinity') AND parked_at IS NULL \
          AND due_at <= $1 AND kind = ANY($2) \
          AND (lease_until IS NULL OR lease_until <= clock_timestamp()) \
        ORDER BY due_at LIMIT $3 - (SELECT count(*) FROM wanted) FOR UPDATE SKIP LOCKED), \
    due AS MATERIALIZED ( \
        SELECT kind, subject FROM wanted UNION ALL SELECT kind, subject FROM others LIMIT $3), \
    taken AS ( \
        UPDATE jobs j SET attempts = j.attempts + 1, lease_token = nextval('lease_tokens'), \
               lease_until = clock_timestamp() + $4 * interval '1 millisecond', \
               hastened_at = NULL \
        FROM due WHERE j.kind = due.kind AND j.subject = due.subject \
        RETURNING j.kind, j.subject, j.lease_token, j.attempts, j.due_at, \
                  j.wanted_at IS NOT NULL AS wanted) \
    SELECT kind, subject, lease_token, attempts, wanted FROM taken \
    ORDER BY wanted DESC, due_at, kind, subject";

/// Who let the lease run out does not get it back, even when nobody else has it yet.
const RENEW: &str = "\
    UPDATE jobs SET lease_until = clock_timestamp() + $1 * interval '1 millisecond' \
    WHERE kind = $2 AND subject = $3 AND lease_token = $4 AND lease_until > clock_timestamp()";

/// What was ensured for an earlier time while it was leased keeps that time. `$2`: it was only put
/// off, so who waits for it still does, but it takes its turn with all others (`infinity`), so that
/// however many wait, they do not keep everybody else from being claimed; `$3`: it did not fail, so attempts are counted anew.
const AGAIN: &str = "\
    UPDATE jobs SET due_at = least($1, hastened_at), lease_token = NULL, lease_until = NULL, \
           hastened_at = NULL, \
           wanted_at = CASE WHEN $2 AND wanted_at IS NOT NULL \
                            THEN 'infinity'::timestamptz END, \
           attempts = CASE WHEN $3 THEN 0 ELSE attempts END \
    WHERE kind = $4 AND subject = $5 AND lease_token = $6 AND lease_until > clock_timestamp()";

/// Gone, unless somebody asked for it again while it was in hand.
const DONE: &str = "\
    WITH held AS ( \
        SELECT kind, subject, hastened_at FROM jobs \
        WHERE kind = $1 AND subject = $2 AND lease_token = $3 \
          AND lease_until > clock_timestamp() FOR UPDATE), \
    gone AS ( \
        DELETE FROM jobs j USING held h \
        WHERE j.kind = h.kind AND j.subject = h.subject AND h.hastened_at IS NULL \
        RETURNING 1), \
    kept AS ( \
        UPDATE jobs j SET due_at = h.hastened_at, lease_token = NULL, lease_until = NULL, \
               hastened_at = NULL, wanted_at = NULL, attempts = 0 FROM held h \
        WHERE j.kind = h.kind AND j.subject = h.subject AND h.hastened_at IS NOT NULL \
        RETURNING 1) \
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM kept) AS n";

/// The subject of a job is the number of an order, of a payment or of a refund: the case names the order.
const PARK: &str = "\
    WITH parked AS ( \
        UPDATE jobs SET parked_at = clock_timestamp(), parked_why = $1, lease_token = NULL, \
               lease_until = NULL, wanted_at = NULL \
        WHERE kind = $2 AND subject = $3 AND lease_token = $4 \
          AND lease_until > clock_timestamp() \
        RETURNING kind, subject) \
    SELECT count(*) FILTER (WHERE paydesk_open_case('stuck', k.kind || ':' || k.subject, $1, \
        coalesce((SELECT o.id FROM orders o WHERE o.order_number = k.subject), \
                 (SELECT p.order_id FROM payments p WHERE p.out_trade_no = k.subject LIMIT 1), \
                 (SELECT r.order_id FROM refunds r WHERE r.out_refund_no = k.subject LIMIT 1)), \
        clock_timestamp())) AS n FROM parked k";

/// Earlier, never later; a job in hand remembers it for when it is finished. A client that asks
/// again and again writes once.
const HASTEN: &str = "\
    UPDATE jobs SET \
        due_at = CASE WHEN lease_until IS NULL THEN least(due_at, $1) ELSE due_at END, \
        hastened_at = CASE WHEN lease_until IS NOT NULL \
                           THEN least(hastened_at, $1::timestamptz) END, \
        wanted_at = coalesce(wanted_at, clock_timestamp()) \
    WHERE kind = $2 AND subject = $3 AND parked_at IS NULL \
      AND (wanted_at IS NULL \
           OR CASE WHEN lease_until IS NULL THEN due_at > $1 \
                   ELSE coalesce(hastened_at > $1, true) END)";

const NEXT: &str = "\
    SELECT min(due_at) AS due_at FROM (SELECT due_at FROM jobs \
        WHERE parked_at IS NULL AND kind = ANY($1) \
          AND (lease_until IS NULL OR lease_until <= clock_timestamp()) \
        ORDER BY due_at LIMIT 1) next";

/// Live payments and refunds without a follower, waiting orders and offers at the door without a deadline,
/// delivered and paid ones without their last day. "Live" is said in the words of the partial indexes, so that history costs nothing.
const SWEEP: &str = "\
    INSERT INTO jobs (kind, subject, due_at) \
    SELECT missing.kind, missing.subject, $1 FROM ( \
        (SELECT 'follow_payment' AS kind, p.out_trade_no AS subject FROM payments p \
         WHERE (p.status IN ('created', 'payable', 'unknown', 'closing') \
                OR (p.status = 'rejected' AND NOT p.reject_proven)) \
           AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'follow_payment' \
                           AND j.subject = p.out_trade_no) \
         LIMIT $2) \
        UNION ALL \
        (SELECT 'follow_refund', r.out_refund_no FROM refunds r \
         WHERE r.status IN ('requested', 'sending', 'unknown', 'processing', 'abnormal') \
           AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'follow_refund' \
                           AND j.subject = r.out_refund_no) \
         LIMIT $2) \
        UNION ALL \
        (SELECT 'expire_order', o.order_number FROM orders o \
         WHERE o.status = 'pending_payment' AND o.pay_deadline IS NOT NULL \
           AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'expire_order' \
                           AND j.subject = o.order_number) \
         LIMIT $2) \
        UNION ALL \
        (SELECT 'expire_order', c.order_number FROM orders c \
         WHERE c.payment_method = 'cod' AND c.payment_status = 'unpaid' \
           AND c.status IN ('ready', 'shipped', 'delivered') \
           AND EXISTS (SELECT 1 FROM payments p WHERE p.order_id = c.id \
                       AND p.status IN ('created', 'payable', 'unknown')) \
           AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'expire_order' \
                           AND j.subject = c.order_number) \
         LIMIT $2) \
        UNION ALL \
        (SELECT 'complete_order', d.order_number FROM orders d \
         WHERE d.status = 'delivered' AND d.payment_status <> 'unpaid' \
           AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'complete_order' \
                           AND j.subject = d.order_number) \
         LIMIT $2)) missing \
    LIMIT $2 ON CONFLICT (kind, subject) DO NOTHING RETURNING kind, subject";

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = BigInt)]
    lease_token: i64,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Bool)]
    wanted: bool,
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    subject: String,
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    due_at: Option<OffsetDateTime>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

impl JobQueue for PostgresStore {
    fn claim(
        &self,
        now: Timestamp,
        limit: u32,
        lease_ms: u64,
    ) -> PortFuture<'_, Result<Vec<LeasedJob>, StoreError>> {
        Box::pin(self.claim_jobs(now, limit, lease_ms))
    }

    fn renew<'a>(
        &'a self,
        lease: &'a Fence,
        lease_ms: u64,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let statement = prepared(RENEW)
                .bind::<BigInt, _>(i64::try_from(lease_ms).unwrap_or(i64::MAX))
                .bind::<Text, _>(lease.job.kind.name())
                .bind::<Text, _>(&lease.job.subject)
                .bind::<BigInt, _>(lease.token);
            let renewed = self.execute(statement).await?;
            Ok(renewed > 0)
        })
    }

    fn finish<'a>(
        &'a self,
        lease: &'a Fence,
        finish: Finish,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.finish_job(lease, finish))
    }

    fn hasten<'a>(
        &'a self,
        job: &'a JobId,
        at: Timestamp,
    ) -> PortFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let statement = prepared(HASTEN)
                .bind::<Timestamptz, _>(at.to_offset())
                .bind::<Text, _>(job.kind.name())
                .bind::<Text, _>(&job.subject);
            self.execute(statement).await?;
            Ok(())
        })
    }

    fn rouse(&self, now: Timestamp) -> PortFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.rouse_jobs(now))
    }

    fn next_due(&self) -> PortFuture<'_, Result<Option<Timestamp>, StoreError>> {
        Box::pin(async move {
            let statement = prepared(NEXT).bind::<Array<Text>, _>(known_kinds());
            let next: Due = self.rows(statement).await.and_then(whole::one)?;
            Ok(next.due_at.map(Timestamp::from_offset))
        })
    }

    fn sweep(&self, now: Timestamp, limit: u32) -> PortFuture<'_, Result<Vec<JobId>, StoreError>> {
        Box::pin(async move {
            let statement = prepared(SWEEP)
                .bind::<Timestamptz, _>(now.to_offset())
                .bind::<BigInt, _>(i64::from(limit));
            let found: Vec<Named> = self.rows(statement).await?;
            found.into_iter().map(|row| job_id(&row.kind, row.subject)).collect()
        })
    }
}

impl PostgresStore {
    async fn claim_jobs(
        &self,
        now: Timestamp,
        limit: u32,
        lease_ms: u64,
    ) -> Result<Vec<LeasedJob>, StoreError> {
        let statement = prepared(CLAIM)
            .bind::<Timestamptz, _>(now.to_offset())
            .bind::<Array<Text>, _>(known_kinds())
            .bind::<BigInt, _>(i64::from(limit))
            .bind::<BigInt, _>(i64::try_from(lease_ms).unwrap_or(i64::MAX));
        let claimed: Vec<Claimed> = self.rows(statement).await?;
        let jobs = claimed.into_iter().map(|row| {
            let job = job_id(&row.kind, row.subject)?;
            Ok(LeasedJob {
                fence: Fence { job, token: row.lease_token },
                attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
                wanted: row.wanted,
            })
        });
        jobs.collect()
    }

    async fn finish_job(&self, lease: &Fence, finish: Finish) -> Result<bool, StoreError> {
        let (kind, subject) = (lease.job.kind.name(), &lease.job.subject);
        let changed = match finish {
            Finish::Done => {
                let statement = prepared(DONE)
                    .bind::<Text, _>(kind)
                    .bind::<Text, _>(subject)
                    .bind::<BigInt, _>(lease.token);
                let done: Result<Count, _> = self.rows(statement).await.and_then(whole::one);
                done.map(|count| usize::try_from(count.n).unwrap_or_default())
            }
            Finish::Again(at) | Finish::PutOff(at) | Finish::Retry(at) => {
                let statement = prepared(AGAIN)
                    .bind::<Timestamptz, _>(at.to_offset())
                    .bind::<Bool, _>(matches!(finish, Finish::PutOff(_)))
                    .bind::<Bool, _>(!matches!(finish, Finish::Retry(_)))
                    .bind::<Text, _>(kind)
                    .bind::<Text, _>(subject)
                    .bind::<BigInt, _>(lease.token);
                self.execute(statement).await
            }
            Finish::Park(why) => {
                let statement = prepared(PARK)
                    .bind::<Text, _>(why)
                    .bind::<Text, _>(kind)
                    .bind::<Text, _>(subject)
                    .bind::<BigInt, _>(lease.token);
                let parked: Result<Count, _> = self.rows(statement).await.and_then(whole::one);
                parked.map(|count| usize::try_from(count.n).unwrap_or_default())
            }
        };
        Ok(changed? > 0)
    }
}

fn known_kinds() -> Vec<&'static str> {
    JobKind::ALL.iter().map(|kind| kind.name()).collect()
}

fn job_id(kind: &str, subject: String) -> Result<JobId, StoreError> {
    let kind = JobKind::parse(kind)
        .ok_or_else(|| StoreError::Corrupt(format!("no job is called {kind:?}")))?;
    Ok(JobId { kind, subject })
}
