//! A mistake about jobs that was really made (`docs/found-by-simulation.md`).

use crate::world::World;
use domain::Timestamp;
use domain::job::{JobId, JobKind};
use domain::ports::{JobQueue as _, StoreError};

/// After a failover: the jobs about money that there are come due, and what waits for a person gets none.
/// Answers with how many.
pub(crate) async fn moves_jobs_alone(world: &World, now: Timestamp) -> Result<u64, StoreError> {
    let is_about_money =
        |job: &JobId| matches!(job.kind, JobKind::FollowPayment | JobKind::FollowRefund);
    let jobs: Vec<JobId> = world
        .store
        .view(|stored| stored.jobs().map(|job| job.id.clone()).filter(is_about_money).collect())?;
    for job in &jobs {
        world.store.hasten(job, now).await?;
    }
    Ok(u64::try_from(jobs.len()).unwrap_or(u64::MAX))
}
