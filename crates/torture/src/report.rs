//! What was done, what was compared, and every difference: for people, and for the exit code.

use crate::logs::Read;
use crate::memory::{Look, growth_permille};
use crate::plan::Plan;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// More than this counts as a leak, in thousandths.
const GROWTH_MAX_PERMILLE: u64 = 50;

/// A run that came to its end.
pub(crate) struct Report {
    pub(crate) plan: Plan,
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) books: Vec<String>,
    pub(crate) logs: Read,
    /// How many secrets were looked for.
    pub(crate) secrets: usize,
    pub(crate) memory: Option<(Look, Look)>,
    pub(crate) rested_after: Duration,
    /// From the first process to the last.
    pub(crate) took: Duration,
    pub(crate) findings: Vec<String>,
}

impl Report {
    pub(crate) fn has_passed(&self) -> bool {
        self.findings.is_empty()
    }

    /// With a leak among the differences, if there is one; of a run that was long enough to say so.
    pub(crate) fn with_memory(mut self) -> Report {
        if let Some((warm, last)) = self.memory {
            let growth = growth_permille(warm.resident_kib, last.resident_kib);
            if growth >= GROWTH_MAX_PERMILLE {
                let what = format!(
                    "memory grows by less than 5 %: {} KiB in the middle, {} KiB at the end",
                    warm.resident_kib, last.resident_kib
                );
                self.findings.push(what);
            }
        }
        self
    }
}

impl Report {
    /// The same for machines.
    pub(crate) fn to_json(&self) -> Value {
        let memory = self.memory.map(|(warm, last)| {
            json!({"middle_kib": warm.resident_kib, "end_kib": last.resident_kib,
                "growth_permille": growth_permille(warm.resident_kib, last.resident_kib),
                "middle_open_files": warm.files, "end_open_files": last.files})
        });
        json!({
            "passed": self.has_passed(),
            "seed": self.plan.seed,
            "run": self.plan.says,
            "rested_after_s": self.rested_after.as_secs(),
            "took_s": self.took.as_secs(),
            "differences": self.findings,
            "counts": self.counts,
            "compared": self.books,
            "logs": {"lines": self.logs.lines, "bytes": self.logs.bytes, "secrets_looked_for": self.secrets,
                "said": self.logs.said},
            "memory": memory,
        })
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Plan { command, says, again, seed, folder, .. } = &self.plan;
        writeln!(f, "\nseed {seed}, {says}")?;
        let mut group = "";
        for (name, count) in &self.counts {
            let (head, what) = name.split_once(": ").unwrap_or(("", name));
            if head != group {
                writeln!(f, "\n{head}")?;
                group = head;
            }
            writeln!(f, "{count:>9}  {what}")?;
        }
        writeln!(f, "\nat rest after {} s; compared:", self.rested_after.as_secs())?;
        for line in &self.books {
            writeln!(f, "  {line}")?;
        }
        let Read { bytes, lines, said } = &self.logs;
        writeln!(
            f,
            "  {} secrets looked for in {lines} lines, {bytes} bytes of logs",
            self.secrets
        )?;
        if let Some((warm, last)) = self.memory {
            let growth = growth_permille(warm.resident_kib, last.resident_kib);
            writeln!(
                f,
                "  memory of the service that was never killed: {} KiB in the middle, {} KiB at the \
                 end, {}.{} % more; open files {} and {}",
                warm.resident_kib,
                last.resident_kib,
                growth / 10,
                growth % 10,
                warm.files,
                last.files
            )?;
        }
        writeln!(f, "\nsaid by the services at WARN and ERROR")?;
        for (message, count) in said {
            writeln!(f, "{count:>9}  {message}")?;
        }
        writeln!(f, "\nlogs, journal and ledger are in {}", folder.display())?;
        let took = self.took.as_secs();
        if self.has_passed() {
            return write!(f, "\n{command}: no difference, {took} s in all");
        }
        writeln!(f, "\n{command}: {} differences, {took} s in all", self.findings.len())?;
        for finding in &self.findings {
            writeln!(f, "  - {finding}")?;
        }
        write!(f, "\nagain with: cargo xtask {command} --seed {seed}{again}")
    }
}
