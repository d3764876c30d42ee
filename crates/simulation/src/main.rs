//! Plays worlds from the command line: `cargo xtask sim`. Not shipped.

use clap::Parser;
use simulation::bulk::{Bulk, FAILURES_MAX, bulk};
use simulation::mistakes::Mistake;
use simulation::report;
use simulation::run::{Outcome, Play, play};
use simulation::setup::Variant;
use simulation::shrink::{SMALL, shrink};
use simulation::tape::Written;
use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// A world lives on one thread and is thrown away whole: what is quick to take and to give back is
/// worth a fifth of all seeds.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long a tape is made smaller at most.
const SHRINK: Duration = Duration::from_secs(60);

#[derive(Parser)]
#[command(name = "cargo xtask sim", about = "Plays simulated worlds")]
struct Choices {
    /// Many seeds, such as 0..5000
    #[arg(long, value_name = "A..B", value_parser = range)]
    seeds: Option<Range<u64>>,
    /// One seed, with its timeline
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// A tape, with its timeline
    #[arg(long, value_name = "FILE")]
    tape: Option<PathBuf>,
    /// Makes the tape of a failing seed small and writes it
    #[arg(long)]
    shrink: bool,
    /// Where tapes are written
    #[arg(long, value_name = "FOLDER", default_value = "target/sim-tapes")]
    tapes: PathBuf,
    /// The world: whole, no-notifications, kept-once, no-polling, one-node, four-nodes, short-leases,
    /// slow-workers; drawn by the seed where it is not said
    #[arg(long, value_name = "NAME", value_parser = variant)]
    world: Option<Variant>,
    /// One seed in a hundred fails on purpose
    #[arg(long)]
    canary: bool,
    /// Has production make this mistake: acknowledges-first, close-means-closed,
    /// silence-means-refused, rouse-moves-jobs-alone
    #[arg(long, value_name = "NAME", value_parser = mistake)]
    mistake: Option<Mistake>,
    /// Fails when a cell of the fault matrix was met fewer than so many times, or a mark not at all
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "100")]
    require_coverage: Option<u64>,
    /// Ends with the first failing seed
    #[arg(long)]
    first: bool,
    /// Threads; every core where it is not said
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Shows the whole timeline, not that of the violated order alone
    #[arg(long)]
    whole_timeline: bool,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let ends = text.split_once("..").and_then(|(a, b)| Some(a.parse().ok()?..b.parse().ok()?));
    ends.filter(|range: &Range<u64>| !range.is_empty()).ok_or_else(|| "write 0..5000".to_owned())
}

fn variant(text: &str) -> Result<Variant, String> {
    Variant::parse(text).ok_or_else(|| "no such world".to_owned())
}

fn mistake(text: &str) -> Result<Mistake, String> {
    Mistake::parse(text).ok_or_else(|| "no such mistake".to_owned())
}

fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    // Who reads no more, wants no more.
    let _closed = writeln!(out, "{}", words.trim_end());
}

fn main() -> ExitCode {
    let choices = Choices::parse();
    // A panic in a world is a violation; its message is shown with it.
    std::panic::set_hook(Box::new(|_| {}));
    let done = match (&choices.seeds, choices.seed, &choices.tape) {
        (Some(seeds), None, None) => Ok(many(seeds.clone(), &choices)),
        (None, Some(seed), None) => Ok(one(&of_seed(seed, &choices), &choices)),
        (None, None, Some(file)) => read(file, &choices).map(|play| one(&play, &choices)),
        _ => Err("say one of --seeds A..B, --seed N, --tape FILE".to_owned()),
    };
    done.unwrap_or_else(|why| {
        say(&format!("error: {why}"));
        ExitCode::FAILURE
    })
}

fn of_seed(seed: u64, choices: &Choices) -> Play {
    let Choices { world: variant, canary, mistake, .. } = *choices;
    Play { seed, variant, canary, mistake, ..Play::default() }
}

fn read(file: &Path, choices: &Choices) -> Result<Play, String> {
    let text = std::fs::read_to_string(file).map_err(|why| format!("{}: {why}", file.display()))?;
    let Written { seed, world, mistake, choices: given, .. } =
        Written::parse(&text).map_err(|why| format!("{}: {why}", file.display()))?;
    let variant = choices.world.or_else(|| Variant::parse(&world));
    let mistake = choices.mistake.or(mistake);
    Ok(Play { tape: Some(given), variant, mistake, ..of_seed(seed, choices) })
}

fn many(seeds: Range<u64>, choices: &Choices) -> ExitCode {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let totals = bulk(&Bulk {
        seeds,
        variant: choices.world,
        threads: choices.threads.unwrap_or(cores),
        canary: choices.canary,
        mistake: choices.mistake,
        enough: if choices.first { 1 } else { FAILURES_MAX },
    });
    say(&report::totals(&totals));
    for seed in &totals.unequal {
        say(&format!("UNEQUAL: seed {seed} was another world when it was played again"));
    }
    for (seed, violation) in totals.failures.iter().skip(1) {
        say(&report::violation(violation, &again(*seed, choices)));
    }
    if let Some((seed, _)) = totals.failures.first() {
        one(&of_seed(*seed, choices), choices);
    }
    let (cells, marks) = report::missing(&totals, choices.require_coverage.unwrap_or(0));
    let thin = choices.require_coverage.is_some() && !(cells.is_empty() && marks.is_empty());
    if thin {
        say(&format!("COVERAGE: {} cells and {} marks are missing (!)", cells.len(), marks.len()));
    }
    let failed = !totals.failures.is_empty() || !totals.unequal.is_empty() || thin;
    say(if failed { "FAILED" } else { "no promise was broken" });
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn again(seed: u64, choices: &Choices) -> String {
    let world = choices.world.map_or(String::new(), |world| format!(" --world {}", world.name()));
    let canary = if choices.canary { " --canary" } else { "" };
    let mistake =
        choices.mistake.map_or(String::new(), |mistake| format!(" --mistake {}", mistake.name()));
    format!("cargo xtask sim --seed {seed}{world}{canary}{mistake}")
}

/// One world, with its timeline; its tape made small where that is wanted.
fn one(wanted: &Play, choices: &Choices) -> ExitCode {
    let outcome = play(&Play { verbose: true, remember: true, ..wanted.clone() });
    if let Some(setup) = &outcome.setup {
        say(&report::world(setup));
    }
    let violation = outcome.violation.as_ref();
    let about = violation.and_then(|violation| violation.order.as_deref());
    let about = if choices.whole_timeline { None } else { about };
    say(&report::timeline(&outcome.lines, about));
    say(&format!("hash {:016x}, {} lifetimes", outcome.hash, outcome.lifetimes));
    let Some(violation) = violation else {
        say("no promise was broken");
        return ExitCode::SUCCESS;
    };
    let again = choices.tape.as_ref().map_or_else(
        || again(wanted.seed, choices),
        |file| format!("cargo xtask sim --tape {}", file.display()),
    );
    say(&report::violation(violation, &again));
    if choices.shrink {
        made_small(wanted, &outcome, choices);
    }
    ExitCode::FAILURE
}

fn made_small(wanted: &Play, outcome: &Outcome, choices: &Choices) {
    let (small, plays) = shrink(wanted, &outcome.drawn, SHRINK);
    let variant = wanted.variant.map_or("drawn", Variant::name);
    let broken = outcome.violation.as_ref().map_or("", |violation| violation.id);
    let written = Written {
        seed: wanted.seed,
        world: variant.to_owned(),
        mistake: wanted.mistake,
        breaks: broken.to_owned(),
        choices: small,
    };
    let remarks = [format!("{} choices", written.choices.len())];
    let file = choices.tapes.join(format!("{broken}-{}.tape", wanted.seed));
    let text = written.text(&remarks);
    let stored =
        std::fs::create_dir_all(&choices.tapes).and_then(|()| std::fs::write(&file, &text));
    say(&format!(
        "{} choices are left of {} ({plays} plays{}):\n{text}",
        written.choices.len(),
        outcome.drawn.len(),
        if written.choices.len() > SMALL { ", the time was up" } else { "" },
    ));
    match stored {
        Ok(()) => say(&format!("kept as {}", file.display())),
        Err(why) => say(&format!("not kept: {}: {why}", file.display())),
    }
}
