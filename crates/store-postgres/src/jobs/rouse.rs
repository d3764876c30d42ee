//! Everything about money is looked at again: after the database has lost commits.
//!
//! Locks many rows at once, which commits and claimers want in another order: so it waits for nobody while
//! it has more than one.

use crate::prepared::prepared;
use crate::{PostgresStore, whole};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use domain::Timestamp;
use domain::job::JobKind;
use domain::ports::StoreError;

/// About a payment or a refund that we know. Whose an orphan is has its own patience.
const KINDS: [JobKind; 2] = [JobKind::FollowPayment, JobKind::FollowRefund];
/// The most rows of one statement.
const BATCH: i64 = 500;

/// Due now, if it would be due later; in hand, it remembers that for when it is finished. A job that was
/// set aside waits for a person. Rows that somebody has locked are passed over.
const ROUSE: &str = "\
    WITH later AS MATERIALIZED ( \
        SELECT kind, subject FROM jobs \
        WHERE kind = ANY($1) AND parked_at IS NULL \
          AND CASE WHEN lease_until IS NULL THEN due_at > $2 \
                   ELSE coalesce(hastened_at > $2, true) END \
        LIMIT $3 FOR UPDATE SKIP LOCKED), \
    roused AS ( \
        UPDATE jobs j SET \
            due_at = CASE WHEN j.lease_until IS NULL THEN $2 ELSE j.due_at END, \
            hastened_at = CASE WHEN j.lease_until IS NOT NULL THEN $2 END \
        FROM later l WHERE j.kind = l.kind AND j.subject = l.subject RETURNING 1) \
    SELECT count(*) AS n FROM roused";

/// Those that were passed over.
const REST: &str = "\
    SELECT kind, subject FROM jobs \
    WHERE kind = ANY($1) AND parked_at IS NULL \
      AND CASE WHEN lease_until IS NULL THEN due_at > $2 \
               ELSE coalesce(hastened_at > $2, true) END \
    ORDER BY kind, subject";

/// The same, waited for, one at a time.
const ROUSE_ONE: &str = "\
    UPDATE jobs SET \
        due_at = CASE WHEN lease_until IS NULL THEN $1 ELSE due_at END, \
        hastened_at = CASE WHEN lease_until IS NOT NULL THEN $1 END \
    WHERE kind = $2 AND subject = $3 AND parked_at IS NULL \
      AND CASE WHEN lease_until IS NULL THEN due_at > $1 \
               ELSE coalesce(hastened_at > $1, true) END";

/// Refunds that wait for a person, by whom they may have been sent in commits that are lost.
const WAITING: &str = "\
    INSERT INTO jobs (kind, subject, due_at) \
    SELECT 'follow_refund', r.out_refund_no, $1 FROM refunds r \
    WHERE r.status IN ('awaiting_approval', 'rejected') \
      AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'follow_refund' \
                      AND j.subject = r.out_refund_no) \
    ORDER BY r.out_refund_no ON CONFLICT (kind, subject) DO NOTHING";

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Later {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    subject: String,
}

impl PostgresStore {
    pub(super) async fn rouse_jobs(&self, now: Timestamp) -> Result<u64, StoreError> {
        let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name()).collect();
        let mut roused = 0_u64;
        loop {
            let statement = prepared(ROUSE)
                .bind::<Array<Text>, _>(kinds.clone())
                .bind::<Timestamptz, _>(now.to_offset())
                .bind::<BigInt, _>(BATCH);
            let count: Count = self.rows(statement).await.and_then(whole::one)?;
            roused = roused.saturating_add(u64::try_from(count.n).unwrap_or_default());
            if count.n < BATCH {
                break;
            }
        }
        let statement =
            prepared(REST).bind::<Array<Text>, _>(kinds).bind::<Timestamptz, _>(now.to_offset());
        let rest: Vec<Later> = self.rows(statement).await?;
        for job in rest {
            let statement = prepared(ROUSE_ONE)
                .bind::<Timestamptz, _>(now.to_offset())
                .bind::<Text, _>(job.kind)
                .bind::<Text, _>(job.subject);
            let changed = self.execute(statement).await?;
            roused = roused.saturating_add(u64::try_from(changed).unwrap_or_default());
        }
        let statement = prepared(WAITING).bind::<Timestamptz, _>(now.to_offset());
        let waiting = self.execute(statement).await?;
        Ok(roused.saturating_add(u64::try_from(waiting).unwrap_or_default()))
    }
}
