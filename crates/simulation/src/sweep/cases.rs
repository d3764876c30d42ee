//! Cases: a script and what strikes it. All of them in a fixed order, by depth.

use super::blows::{CLOCKS, Named, blows_at, can_meet, named};
use super::scripts::Script;
use super::stage::{Played, Staging, play};
use crate::matrix::Flow;
use crate::mistakes::Mistake;
use crate::plan::{Place, Site};
use std::collections::BTreeMap;

/// One case.
#[derive(Clone)]
pub struct Case {
    /// What is played.
    pub script: &'static Script,
    /// How clocks are off, as a place in [`CLOCKS`].
    pub clocks: Option<usize>,
    /// What strikes, by the number of its place, in the order of the places.
    pub strikes: Vec<(Place, Named)>,
}

impl Case {
    /// The script without any fault.
    #[must_use]
    pub fn calm(script: &'static Script) -> Case {
        Case { script, clocks: None, strikes: Vec::new() }
    }

    /// Plays it.
    #[must_use]
    pub fn play(&self, mistake: Option<Mistake>, verbose: bool) -> Played {
        let (clocks, drift) = self
            .clocks
            .and_then(|index| CLOCKS.get(index))
            .map_or(([0; 3], 0), |(_, clocks, drift)| (*clocks, *drift));
        let strikes = self.strikes.iter();
        let staging = Staging {
            strikes: strikes.map(|(place, named)| (place.number, named.blow)).collect(),
            clocks,
            drift,
            verbose,
            mistake,
        };
        play(self.script, &staging)
    }

    /// The command that plays it again.
    #[must_use]
    pub fn command(&self) -> String {
        let mut command = format!("cargo xtask sweep --script {}", self.script.name);
        if let Some((name, _, _)) = self.clocks.and_then(|index| CLOCKS.get(index)) {
            command.push_str(&format!(" --point 0 --fault {name}"));
        }
        for (place, named) in &self.strikes {
            command.push_str(&format!(" --point {} --fault {}", place.number, named.name));
        }
        command
    }

    /// What strikes, in words.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        if let Some((name, _, _)) = self.clocks.and_then(|index| CLOCKS.get(index)) {
            words.push(format!("{name} throughout"));
        }
        for (place, named) in &self.strikes {
            words.push(format!("{} at {}", named.name, place.words()));
        }
        if words.is_empty() { "no fault".to_owned() } else { words.join(", then ") }
    }

    /// The case that the points and faults of a command line name.
    ///
    /// # Errors
    /// The first that is none.
    pub fn parse(
        script: &'static Script,
        points: &[u32],
        faults: &[String],
    ) -> Result<Case, String> {
        let mut case = Case::calm(script);
        if points.len() != faults.len() {
            return Err("every --point needs its --fault".to_owned());
        }
        for (point, fault) in points.iter().zip(faults) {
            if *point == 0 {
                let index = CLOCKS.iter().position(|(name, _, _)| name == fault);
                case.clocks = Some(index.ok_or_else(|| format!("no clocks are called {fault}"))?);
                continue;
            }
            // A place is numbered as the run before it makes it.
            let places = case.play(None, false).places;
            let place = places.into_iter().find(|place| place.number == *point);
            let place = place.ok_or_else(|| format!("the run has no place {point}"))?;
            let blow = named(fault, &place)
                .ok_or_else(|| format!("{fault} cannot strike {}", place.words()))?;
            case.strikes.push((place, blow));
        }
        Ok(case)
    }

    /// Everything that strikes once more, after what struck already.
    pub fn deeper(&self, played: &Played) -> Vec<Case> {
        let after = self.strikes.last().map_or(0, |(place, _)| place.number);
        let places = worth_striking(self.script, &played.places, after).into_iter();
        let struck = places.flat_map(|place| blows_at(place).map(move |blow| (place, blow)));
        // What is taken not to meet a failover (`docs/simulation.md`, failovers) meets none.
        let outlasts = self.script.outlasts_a_failover();
        let struck = struck.filter(move |(_, blow)| !outlasts || blow.loses() == 0);
        // Who cannot lose more has lost all that there is.
        let struck = struck
            .filter(|(place, blow)| blow.loses() <= commits_up_to(&played.places, place).max(1));
        let with = |(place, blow): (&Place, Named)| {
            let mut case = self.clone();
            case.strikes.push((place.clone(), blow));
            case
        };
        struck.map(with).filter(|case| can_meet(&case.strikes)).collect()
    }
}

/// How many commits there were at most when `place` was met, its own included.
fn commits_up_to(places: &[Place], place: &Place) -> usize {
    let commits = places.iter().filter(|met| met.number <= place.number);
    commits.filter(|met| met.site == Site::Commit).count()
}

/// Every case of one fault for a script whose run without faults is `calm`.
#[must_use]
pub fn once(script: &'static Script, calm: &Played) -> Vec<Case> {
    let begin = Case::calm(script);
    let clocks = (0..CLOCKS.len()).map(|index| Case { clocks: Some(index), ..begin.clone() });
    clocks.chain(begin.deeper(calm)).collect()
}

/// Of places that are alike because a follower asks again and again, so many at the beginning and
/// so many at the end are struck. Between them nothing changes but the time.
const ALIKE: usize = 8;

/// The places of `script` after number `after` that are struck.
#[must_use]
pub fn worth_striking<'a>(script: &Script, places: &'a [Place], after: u32) -> Vec<&'a Place> {
    let key = |place: &Place| (place.site, place.flow, place.step, place.what);
    let mut all: BTreeMap<_, usize> = BTreeMap::new();
    let is_struck = |place: &Place| counts(place) && script.is_about(place);
    let met = || places.iter().filter(|place| place.number > after && is_struck(place));
    for place in met() {
        let count = all.entry(key(place)).or_default();
        *count = count.saturating_add(1);
    }
    let mut so_far: BTreeMap<_, usize> = BTreeMap::new();
    let worth = |place: &&Place| {
        let count = so_far.entry(key(place)).or_default();
        *count = count.saturating_add(1);
        let all = all.get(&key(place)).copied().unwrap_or(0);
        *count <= ALIKE || count.saturating_add(ALIKE) > all
    };
    met().filter(worth).collect()
}

/// Whether something is done at a place; a worker that finds nothing to do is missed by nobody.
#[must_use]
pub fn counts(place: &Place) -> bool {
    place.flow != Flow::None && !place.idle && place.what != "next_due"
}
