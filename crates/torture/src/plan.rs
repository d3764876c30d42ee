//! What a run is to do: how long, from which seed, with which program, where.

use crate::Place;
use anyhow::{Context as _, Result};
use std::path::PathBuf;
use std::time::Duration;

/// Everything comes to rest so soon when the trouble is over, ...
const REST_WITHIN: Duration = Duration::from_secs(300);
/// ... and in a long run, after which there is more to be done, by this part of it later.
const REST_SHARE: u32 = 6;
const BEFORE_A_JUMP: Duration = Duration::from_secs(6);
/// Nothing is cut or late there: what still moves has nothing to wait for.
const BEFORE_A_JUMP_IN_A_SALE: Duration = Duration::from_secs(2);

/// A run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// What `cargo xtask` calls it.
    pub(crate) command: &'static str,
    /// What it does, for the report.
    pub(crate) says: String,
    /// What else has to be said to see it again.
    pub(crate) again: String,
    pub(crate) seed: u64,
    /// The program under torture.
    pub(crate) paydesk: PathBuf,
    /// Where everything is kept.
    pub(crate) folder: PathBuf,
    /// All services.
    pub(crate) services: Vec<Service>,
    /// How long everything may take to come to rest when the trouble is over.
    pub(crate) rest_within: Duration,
    /// What comes to rest by itself is given so long, before time jumps.
    pub(crate) before_a_jump: Duration,
}

/// One service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// The most buyers of one SKU whom it writes in one transaction.
    pub(crate) merge_max: usize,
    /// Every commit of it takes so much longer, as to a database on another machine.
    pub(crate) commit_takes: Duration,
}

/// Writes each buyer alone.
const ALONE: Service = Service { merge_max: 1, commit_takes: Duration::ZERO };
/// Writes buyers of one SKU together, as they come.
const TOGETHER: Service = Service { merge_max: 64, ..ALONE };
/// Long enough for others to come meanwhile.
const FAR_AWAY: Duration = Duration::from_millis(40);

impl Plan {
    /// Three services, one of which writes buyers together.
    pub(crate) fn of_trouble(place: &Place, trouble_for: Duration) -> Result<Plan> {
        Ok(Plan {
            command: "torture",
            says: format!("{} s of trouble", trouble_for.as_secs()),
            rest_within: REST_WITHIN.saturating_add(trouble_for / REST_SHARE),
            before_a_jump: BEFORE_A_JUMP,
            ..Plan::at(place, &[ALONE, ALONE, TOGETHER])?
        })
    }

    /// Two services far from their database, one of which writes buyers together.
    pub(crate) fn of_a_sale(place: &Place, buyers: u64) -> Result<Plan> {
        Ok(Plan {
            command: "sale",
            says: format!("{buyers} buyers"),
            again: format!(" --buyers {buyers}"),
            before_a_jump: BEFORE_A_JUMP_IN_A_SALE,
            ..Plan::at(
                place,
                &[
                    Service { commit_takes: FAR_AWAY, ..ALONE },
                    Service { commit_takes: FAR_AWAY, ..TOGETHER },
                ],
            )?
        })
    }

    fn at(place: &Place, services: &[Service]) -> Result<Plan> {
        std::fs::create_dir_all(&place.folder)
            .with_context(|| format!("cannot make {}", place.folder.display()))?;
        let folder = place.folder.canonicalize()?;
        let paydesk = place
            .paydesk
            .canonicalize()
            .with_context(|| format!("there is no {}: build it first", place.paydesk.display()))?;
        Ok(Plan {
            command: "",
            says: String::new(),
            again: String::new(),
            seed: place.seed.unwrap_or_else(fresh_seed),
            paydesk,
            folder,
            services: services.to_vec(),
            rest_within: REST_WITHIN,
            before_a_jump: BEFORE_A_JUMP,
        })
    }

    /// The log of this name.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// What the services are called.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        (0..self.services.len()).map(|nth| format!("serve-{nth}"))
    }
}

/// Short enough to be typed again.
#[expect(clippy::disallowed_methods, reason = "a shell: a new run takes its seed from the clock")]
fn fresh_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let micros = now.map(|now| now.as_micros()).unwrap_or_default();
    u64::try_from(micros % 1_000_000_007).unwrap_or(1)
}
