//! What the kernel says about a process: memory, and CPU time spent. Linux only.

use anyhow::{Context as _, Result};
use std::fs;
use std::time::Duration;

/// The unit of times in `/proc/*/stat`, as Linux shows it to programs on every platform.
const TICK: Duration = Duration::from_millis(10);

/// Resident memory in KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process {pid} has ended"))?;
    resident_in(&text).context("no VmRSS in /proc")
}

fn resident_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// CPU time of a process and of those of its children that have ended.
pub(crate) fn cpu(pid: u32) -> Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("process {pid} has ended"))?;
    let stat = Stat::read(&text).context("cannot read /proc/…/stat")?;
    Ok(stat.cpu)
}

/// CPU time of a process and all its children, those that live included.
pub(crate) fn cpu_with_children(pid: u32) -> Result<Duration> {
    let mut sum = cpu(pid)?;
    for entry in fs::read_dir("/proc")?.flatten() {
        // A process may end while we look; its time is then its parent's.
        let Ok(text) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some(stat) = Stat::read(&text) else { continue };
        if stat.parent == pid {
            sum = sum.saturating_add(stat.cpu);
        }
    }
    Ok(sum)
}

struct Stat {
    parent: u32,
    cpu: Duration,
}

impl Stat {
    /// The name of the program is in parentheses, and may hold anything.
    fn read(text: &str) -> Option<Stat> {
        let (_, after_name) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = after_name.split(' ').collect();
        let ticks = |place: usize| fields.get(place)?.parse::<u32>().ok();
        // utime, stime, cutime, cstime.
        let spent = [11, 12, 13, 14]
            .into_iter()
            .try_fold(0_u32, |sum, place| sum.checked_add(ticks(place)?))?;
        Some(Stat { parent: fields.get(1)?.parse().ok()?, cpu: TICK.saturating_mul(spent) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_is_no_trap() {
        let text = "12 (a) b (c) S 7 1 1 0 -1 4194560 1 0 0 0 3 4 10 20 20 0 1 0";
        let stat = Stat::read(text).unwrap();
        assert_eq!((stat.parent, stat.cpu), (7, Duration::from_millis(370)));
    }

    #[test]
    fn resident_memory_is_found() {
        assert_eq!(resident_in("VmHWM:\t 9 kB\nVmRSS:\t   1234 kB\n"), Some(1234));
    }

    #[test]
    fn this_process_has_memory_and_time() {
        let me = std::process::id();
        assert!(resident_kib(me).unwrap() > 0);
        let before = cpu(me).unwrap();
        assert!(cpu_with_children(me).unwrap() >= before);
    }
}
