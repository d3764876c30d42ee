//! The exhaustive sweep's command line; see `docs/sweep.md`.

use clap::Parser;
use simulation::mistakes::Mistake;
use simulation::sweep::cases::{Case, counts, once, worth_striking};
use simulation::sweep::crew::{Gathered, cores, play_all};
use simulation::sweep::pairs::parts;
use simulation::sweep::scripts::{self, Script};
use simulation::sweep::{Played, coverage, report};
use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// As in `main.rs`: a world is thrown away whole.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// At most so many violations are told in full.
const TOLD_MAX: usize = 5;

#[derive(Parser)]
#[command(name = "sweep", about = "Every place of every script, struck by everything that can")]
struct Arguments {
    /// Only this script; may be given several times
    #[arg(long, value_name = "NAME")]
    script: Vec<String>,
    /// With --fault: plays this one case, by the number of the place; 0 for clocks
    #[arg(long, value_name = "N")]
    point: Vec<u32>,
    /// What strikes at the place before it on the command line
    #[arg(long, value_name = "NAME")]
    fault: Vec<String>,
    /// How many faults a run has: 1 or 2
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    depth: u8,
    /// With --depth 2: begins with this first fault, as the lines of the scripts count them
    #[arg(long, default_value_t = 0, value_name = "N")]
    from: usize,
    /// With --depth 2: ends before this first fault
    #[arg(long, value_name = "N")]
    to: Option<usize>,
    /// With --depth 2: plays one pair of so many, evenly
    #[arg(long, default_value_t = 1, value_name = "N")]
    thin: usize,
    /// Prints the scripts with their places and what can strike them, and plays nothing
    #[arg(long)]
    list: bool,
    /// Has production make this mistake, to see that it is found
    #[arg(long, value_name = "NAME")]
    mistake: Option<String>,
    /// Tells every violation, instead of one of each kind for each script
    #[arg(long)]
    every: bool,
    /// How many runs at once; as many as there are cores by default
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    // A world that panics says so as a violation; its message needs no second place.
    std::panic::set_hook(Box::new(|_| {}));
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            say(&format!("error: {why}"));
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, String> {
    let scripts = chosen(&arguments.script)?;
    let mistake = match &arguments.mistake {
        Some(name) => Some(Mistake::parse(name).ok_or_else(|| format!("no mistake {name}"))?),
        None => None,
    };
    if arguments.list {
        scripts.iter().for_each(|script| list(script));
        return Ok(true);
    }
    if !arguments.point.is_empty() || !arguments.fault.is_empty() {
        let [script] = scripts.as_slice() else {
            return Err("one case needs one --script".to_owned());
        };
        let case = Case::parse(script, &arguments.point, &arguments.fault)?;
        return Ok(one(&case, mistake));
    }
    let threads = arguments.threads.unwrap_or_else(cores);
    let begin = now();
    let gathered = match arguments.depth {
        1 => depth_one(&scripts, mistake, threads),
        _ => depth_two(&scripts, mistake, threads, arguments),
    };
    let is_whole = arguments.depth == 1 && arguments.script.is_empty();
    let kept = finish(&gathered, mistake, arguments.every, begin.elapsed());
    Ok(kept & (!is_whole || is_covered(&gathered)))
}

fn chosen(names: &[String]) -> Result<Vec<&'static Script>, String> {
    if names.is_empty() {
        return Ok(scripts::all().collect());
    }
    let find = |name: &String| {
        scripts::named(name).ok_or_else(|| {
            let known: Vec<&str> = scripts::all().map(|script| script.name).collect();
            format!("no script is called {name}; there are {}", known.join(", "))
        })
    };
    names.iter().map(find).collect()
}

/// Plays one case and tells everything.
fn one(case: &Case, mistake: Option<Mistake>) -> bool {
    let calm = Case::calm(case.script).play(mistake, false);
    let played = case.play(mistake, true);
    let mut gathered = Gathered::default();
    let (lines, places, words) =
        (played.lines.clone(), played.places.clone(), played.ending.words.clone());
    let hash = played.hash;
    gathered.take(0, case, &calm, played);
    let violation = gathered.violations.first().map(|(_, _, violation)| violation);
    say(&report::timeline(&lines, violation.map_or(i64::MAX, |violation| violation.at)));
    for place in places.iter().filter(|place| counts(place)) {
        say(&place.words());
    }
    say(&format!("{}; hash {hash:016x}; it ended as “{words}”", case.words()));
    match violation {
        Some(violation) => {
            say(&format!("{}: {} — {}", violation.id, violation.sentence, violation.seen));
            false
        }
        None => true,
    }
}

fn list(script: &'static Script) {
    let played = Case::calm(script).play(None, false);
    say(&format!("{}: {}", script.name, script.about));
    for place in played.places.iter().filter(|place| counts(place)) {
        let blows: Vec<&str> = simulation::sweep::blows_at(place).map(|named| named.name).collect();
        say(&format!("  {}: {}", place.words(), blows.join(" ")));
    }
}

/// The run without faults, which has to be fine by itself.
fn calm(script: &'static Script, mistake: Option<Mistake>, into: &mut Gathered) -> Option<Played> {
    let case = Case::calm(script);
    let played = case.play(mistake, false);
    let again = case.play(mistake, false);
    let fine = played.violation.is_none() && played.hash == again.hash;
    if played.hash != again.hash {
        say(&format!("{}: two runs without faults differ", script.name));
    }
    into.take(0, &case, &played, again);
    let expected = script.endings.first().copied().unwrap_or_default();
    if fine && played.ending.words != expected {
        say(&format!("{}: without faults it ends as “{}”", script.name, played.ending.words));
    }
    fine.then_some(played)
}

fn depth_one(scripts: &[&'static Script], mistake: Option<Mistake>, threads: usize) -> Gathered {
    let mut all = Gathered::default();
    say(&format!(
        "{:<32}{:>8}{:>8}{:>8}{:>8}{:>10}",
        "script", "places", "struck", "runs", "broken", "ms"
    ));
    for script in scripts {
        let begin = now();
        let Some(calm) = calm(script, mistake, &mut all) else { continue };
        let cases = once(script, &calm);
        let places = calm.places.iter().filter(|place| counts(place)).count();
        let struck = worth_striking(script, &calm.places, 0).len();
        let progress = Progress::new(script.name, cases.len());
        let gathered = play_all(&cases, &calm, mistake, threads, &|_| progress.one());
        progress.end();
        let (runs, broken) = (gathered.runs, gathered.violations.len());
        let took = begin.elapsed().as_millis();
        say(&format!("{:<32}{places:>8}{struck:>8}{runs:>8}{broken:>8}{took:>10}", script.name));
        all.add(gathered);
    }
    all
}

fn depth_two(
    scripts: &[&'static Script],
    mistake: Option<Mistake>,
    threads: usize,
    arguments: &Arguments,
) -> Gathered {
    let range = arguments.from..arguments.to.unwrap_or(usize::MAX);
    let parts = parts(scripts, &range, mistake);
    let counting = now();
    let counts: Vec<usize> = parts.iter().map(|part| part.count(threads)).collect();
    let firsts: usize = parts.iter().map(|part| part.firsts.len()).sum();
    let pairs = counts.iter().sum::<usize>().div_ceil(arguments.thin.max(1));
    let each = counting.elapsed().checked_div(u32::try_from(firsts).unwrap_or(1).max(1));
    let estimate = each.unwrap_or_default().saturating_mul(u32::try_from(pairs).unwrap_or(0));
    say(&format!("{firsts} first faults, {pairs} pairs, about {} s", estimate.as_secs()));
    let mut all = Gathered::default();
    for (part, count) in parts.iter().zip(counts) {
        let name = part.script.name;
        let progress = Progress::new(name, part.firsts.len());
        let gathered = part.play(threads, arguments.thin, &|_| progress.one());
        progress.end();
        let (begin, runs, broken) = (part.number, gathered.runs, gathered.violations.len());
        let end = begin.saturating_add(part.firsts.len());
        say(&format!(
            "{name:<32}{begin:>8}..{end:<8}{count:>10} pairs{runs:>10} runs{broken:>8} broken"
        ));
        // A long run may be cut off: what it found stands here already.
        for (_, case, violation) in &gathered.violations {
            say(&format!("  {}: {} — {}", violation.id, case.command(), violation.seen));
        }
        all.add(gathered);
    }
    all
}

fn finish(gathered: &Gathered, mistake: Option<Mistake>, every: bool, took: Duration) -> bool {
    say(&report::matrix(gathered));
    for (ending, count) in &gathered.endings {
        say(&format!("{count:>8} ended as “{ending}”"));
    }
    let mut kinds: Vec<(&str, &str)> = Vec::new();
    for (_, case, violation) in &gathered.violations {
        let kind = (case.script.name, violation.id);
        let is_new = !kinds.contains(&kind);
        if is_new {
            kinds.push(kind);
        }
        if !is_new && !every {
            continue;
        }
        if is_new && kinds.len() <= TOLD_MAX {
            say("");
            say(&report::violation(case, violation, mistake));
        } else {
            say(&format!("{}: {} — {}", violation.id, case.command(), violation.seen));
        }
    }
    say(&format!(
        "{} runs in {} ms, {} broken",
        gathered.runs,
        took.as_millis(),
        gathered.violations.len()
    ));
    gathered.violations.is_empty()
}

/// Whether every step of every flow was met, with every fault that it can have.
fn is_covered(gathered: &Gathered) -> bool {
    for line in coverage::excused(gathered) {
        say(&format!("not met: {line}"));
    }
    let missing = coverage::missing(gathered);
    for line in &missing {
        say(&format!("missing: {line}"));
    }
    let (all, met) = coverage::count(gathered);
    say(&format!("{met} of {all} cells of the fault matrix were met"));
    missing.is_empty()
}

/// How far it is, on a terminal, a few times a second.
struct Progress {
    name: &'static str,
    all: usize,
    done: AtomicUsize,
    begin: Instant,
}

impl Progress {
    fn new(name: &'static str, all: usize) -> Progress {
        Progress { name, all, done: AtomicUsize::new(0), begin: now() }
    }

    fn one(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if stderr().is_terminal() && done.is_multiple_of(64) {
            let spent = self.begin.elapsed().as_secs();
            let line = format!("\r{}: {done} of {}, {spent} s ", self.name, self.all);
            let _nobody_reads = stderr().write_all(line.as_bytes());
        }
    }

    fn end(&self) {
        if stderr().is_terminal() {
            let _nobody_reads = stderr().write_all(b"\r");
        }
    }
}

fn say(line: &str) {
    // Who reads no more, wants no more.
    let _closed = writeln!(stdout(), "{line}");
}

#[expect(clippy::disallowed_methods, reason = "a person wants to know how long it takes")]
fn now() -> Instant {
    Instant::now()
}
