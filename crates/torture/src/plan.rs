//! What a run is to do: how long, from which seed, with which program, where.

use crate::Arguments;
use anyhow::{Context as _, Result};
use std::path::PathBuf;
use std::time::Duration;

/// Everything comes to rest so soon when the trouble is over, ...
const REST_WITHIN: Duration = Duration::from_secs(300);
/// ... and in a long run, after which there is more to be done, by this part of it later.
const REST_SHARE: u32 = 6;

/// A run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// How long there is trouble.
    pub(crate) trouble_for: Duration,
    pub(crate) seed: u64,
    /// The program under torture.
    pub(crate) paydesk: PathBuf,
    /// Where everything is kept.
    pub(crate) folder: PathBuf,
    /// One new buyer in so many milliseconds.
    pub(crate) buyer_every_ms: u64,
    /// How long everything may take to come to rest when the trouble is over.
    pub(crate) rest_within: Duration,
}

impl Plan {
    pub(crate) fn of(arguments: &Arguments) -> Result<Plan> {
        std::fs::create_dir_all(&arguments.folder)
            .with_context(|| format!("cannot make {}", arguments.folder.display()))?;
        let folder = arguments.folder.canonicalize()?;
        let paydesk = arguments.paydesk.canonicalize().with_context(|| {
            format!("there is no {}: build it first", arguments.paydesk.display())
        })?;
        let trouble_for = Duration::from_secs(arguments.seconds());
        Ok(Plan {
            trouble_for,
            seed: arguments.seed.unwrap_or_else(fresh_seed),
            paydesk,
            folder,
            buyer_every_ms: arguments.buyer_every_ms.max(1),
            rest_within: REST_WITHIN.saturating_add(trouble_for / REST_SHARE),
        })
    }

    /// The log of this name.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }
}

/// Short enough to be typed again.
#[expect(clippy::disallowed_methods, reason = "a shell: a new run takes its seed from the clock")]
fn fresh_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let micros = now.map(|now| now.as_micros()).unwrap_or_default();
    u64::try_from(micros % 1_000_000_007).unwrap_or(1)
}
