//! How soon the service can take money after its start, and how much memory it needs then.

use crate::bench::Bench;
use crate::procfs::resident_kib;
use crate::report::{Figure, Goal, Row};
use crate::rig::Rig;
use crate::stopwatch::pause;
use anyhow::Result;
use std::time::Duration;

const READY_WITHIN: Duration = Duration::from_millis(150);
const IDLE_KIB: u64 = 20 * 1_024;
const LOADED_KIB: u64 = 64 * 1_024;
/// Until whatever a start leaves behind is done.
const SETTLE: Duration = Duration::from_secs(2);

/// Starts the service some times on the migrated database.
pub(crate) async fn run(rig: Rig, starts: u32) -> Result<(Rig, Vec<Row>)> {
    eprintln!("== starts");
    let mut rig = rig;
    let mut times = Vec::new();
    for _ in 0..starts {
        rig = rig.restart_service().await?;
        times.push(rig.service.ready_after);
    }
    times.sort_unstable();
    pause(SETTLE).await;
    let idle = resident_kib(rig.service.pid)?;
    let middle = times.get(times.len() / 2).copied();
    let rows = vec![
        Row {
            path: "start to ready (median)".to_owned(),
            ours: middle.map(Figure::Time),
            goal: Some(Goal::AtMost(Figure::Time(READY_WITHIN))),
            ..Row::default()
        },
        Row {
            path: "memory, idle".to_owned(),
            ours: Some(Figure::Kib(idle)),
            goal: Some(Goal::AtMost(Figure::Kib(IDLE_KIB))),
            ..Row::default()
        },
    ];
    Ok((rig, rows))
}

/// The highest memory that any load came to.
pub(crate) fn tell_peak(bench: &mut Bench) {
    if bench.peak_kib > 0 {
        bench.add(Row {
            path: "memory, full load".to_owned(),
            ours: Some(Figure::Kib(bench.peak_kib)),
            goal: Some(Goal::AtMost(Figure::Kib(LOADED_KIB))),
            ..Row::default()
        });
    }
}
